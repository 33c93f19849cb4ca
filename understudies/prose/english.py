"""The small words of English, by which a sentence can be taken apart without a language model: english.toml."""

import tomllib
from pathlib import Path

_WORDS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


DETERMINERS = listed("the a an this that these those its their his her our your my each every no any some all both")
PREPOSITIONS = listed(_WORDS["prepositions"])
PRONOUNS = listed(_WORDS["pronouns"])
OWNERS = listed("its their his her our my your this these those such")
LINKERS = listed(_WORDS["linkers"])
ADVERBS = listed(_WORDS["adverbs"])
LY_NOUNS = listed("family supply assembly reply fly july daily weekly monthly yearly apply multiply rely only")
HAVE = listed("has have had")
NEGATED = {f"{verb}n't": verb for verb in listed("is are was were does do did should could would must")}
NEGATED |= {"can't": "can", "cannot": "can", "won't": "will"}
AUXILIARIES = HAVE | NEGATED.keys() | frozenset(NEGATED.values()) | {"may", "might", "shall"}
_COUNTED = _WORDS["numbers"].split()
NUMBERS = dict(zip(_COUNTED, [*range(2, 21), *range(30, 100, 10), 100, 1_000, 10**6, 10**9], strict=True))
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
FUNCTION_WORDS = DETERMINERS | PREPOSITIONS | PRONOUNS | OWNERS | LINKERS | ADVERBS | AUXILIARIES
FUNCTION_WORDS |= listed("and be been being not due etc e.g i.e per alone")

# The verbs that documents are written with, in the forms by which a sentence shows its subject.
VERBS = listed(_WORDS["verbs"])
_IRREGULAR = _WORDS["irregular"].split()


def third_of(verb: str) -> str:
    if verb.endswith("y") and verb[-2] not in "aeou":
        return verb[:-1] + "ies"
    return verb + ("es" if verb.endswith(("s", "x", "z", "ch", "sh", "o")) else "s")


THIRDS = {third_of(verb): verb for verb in sorted(VERBS)}
# A verb with a past of its own loses nothing by the regular one, which nobody writes.
PASTS = {third.removesuffix("s").removesuffix("e") + "ed": verb for third, verb in THIRDS.items()}
PASTS |= dict(zip(_IRREGULAR[::2], _IRREGULAR[1::2], strict=True))


def is_plural(word: str) -> bool:
    low = word.lower()
    known = low in ("people", "children", "men", "women", "data", "bacteria", "police", "staff")
    return known or (len(low) > 3 and low.endswith("s") and not low.endswith(("ss", "us", "is", "'s")))


def is_adverb(word: str) -> bool:
    return word in ADVERBS or (word.endswith("ly") and word.lower() not in LY_NOUNS)


def is_foreign(text: str) -> bool:
    """Tell text of another language: in other letters, or of some length and without a small word of English."""
    words = {word.strip(".,;:!?()") for word in text.lower().split()}
    return sum(map(str.isascii, text)) < 0.85 * len(text) or (len(words) > 3 and FUNCTION_WORDS.isdisjoint(words))
