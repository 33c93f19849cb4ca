"""Mend slips of the typing hand in the words that matter: a letter too many, one too few, two that changed places."""

from __future__ import annotations

from functools import cache

from understudies.prose.sentences import listed

WORDS = listed("""
    account application applications automatically bluetooth browser cancel cancelled charged charges connect connection
    crashed crashes crashing deducted delivery device discount doesnt download error freezes frozen install installed
    internet invoice invoices keyboard laptop loading membership money overcharged password payment payments paypal
    problem printer receipt receipts refund refunded renewal restart router screen software subscription transaction
    update updated upload website working
""")
# Good words that are one slip away from those.
OTHERS = listed("browse charge charger deduced freeze route")
LONG_ENOUGH = 5


def corrected(word: str) -> str:
    """Return the word that was meant, if a single slip leads there; a slip in the first letter is not mended."""
    if len(word) < LONG_ENOUGH or word in WORDS or word in OTHERS:
        return word
    return _slips().get(word) or next((shape for shape in _shorter(word) if shape in WORDS), word)


@cache
def _slips() -> dict[str, str]:
    """Map each word with a letter missing, or two exchanged, to the word."""
    return {slip: word for word in sorted(WORDS) for slip in [*_shorter(word), *_exchanged(word)]}


def _shorter(word: str) -> list[str]:
    return [word[:at] + word[at + 1 :] for at in range(1, len(word))]


def _exchanged(word: str) -> list[str]:
    return [word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(1, len(word) - 1)]
