"""Whether a customer's words ask that a product goes back: who complains of it, or asks about it, does not.

That is told by how a clause begins, for there is no end to the ways in which others want it, or it is only supposed.
Whoever asks in other words is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from nodes.support_desk.identifiers import mentions_product
from nodes.support_desk.wording import CLAUSE, sentence_at, sentence_with, sentences_of
from nodes.support_desk.words import WORDS, any_line

_ASKS = re.compile(any_line("asks_back"), re.IGNORECASE)
_ASKER = re.compile(rf"{WORDS['before_asker']}(?:{any_line('asker')})", re.IGNORECASE)
_DOES_NOT = re.compile(any_line("not_asked"), re.IGNORECASE)
_NOT_YET = re.compile(any_line("not_yet"), re.IGNORECASE)
_ASKS_ABOUT = re.compile(rf"{WORDS['asks_about']}(?=.*(?:{any_line('asks_back')}))|{WORDS['some_day']}", re.IGNORECASE)
_CLAUSE = re.compile(rf"{CLAUSE.pattern}|\b(?:{WORDS['wish_joints']})(?!\w)", re.IGNORECASE)
_WANTS_TO_KNOW = re.compile(WORDS["asks_to_know"], re.IGNORECASE)
# What others say: lines of another mail, and whole sentences between quotation marks.
_QUOTED = re.compile(
    r"^>.*$|[\"\u201c\u201e\u00ab][^\"\u201d\u00bb]*[\"\u201d\u00bb]|(?<!\w)['\u2018][^'\u2019]*['\u2019](?!\w)",
    re.MULTILINE,
)


def asks_back(span: str) -> bool:
    """Tell whether a span holds words of sending back that are no question for knowledge, nor denied, nor past."""
    return any(_ASKS.search(sentence) for sentence in _asking(span))


def asks_clearly(span: str) -> bool:
    """Tell whether a span holds a clause in which the customer asks for it, and does not only suppose it."""
    sentences = [sentence for sentence in _asking(span) if not _NOT_YET.search(sentence)]
    clauses = [clause for sentence in sentences for clause in _CLAUSE.split(sentence)]
    return any(_ASKS.search(clause) and _ASKER.match(clause) and not _ASKS_ABOUT.search(clause) for clause in clauses)


def words_of_wish(quote: str | None, product: str, message: str, returned: Iterable[str] = ()) -> str | None:
    """Return the words in which a product is asked to go back: the quote, else a sentence of the message that does.

    A quote counts in its sentence. One that names the product comes before one that names none of those `returned`, and
    one that asks clearly before one that may. None if none asks, or if it is taken back.
    """
    asking = [place for place in sentences_of(message) if asks_back(sentence_at(message, *place))]
    kept = [sentence_at(message, *place) for place in asking if not _is_withdrawn(message[place[0] :], product)]
    around = sentence_with(message, quote) if quote else None
    if quote and around in kept and (asks_clearly(around) or not any(map(asks_clearly, kept))):
        return quote if asks_back(quote) and asks_clearly(quote) == asks_clearly(around) else around
    of_others = {text for text in kept for other in returned if mentions_product(text, other)}
    own = [text for text in kept if mentions_product(text, product)]
    of_none = [text for text in kept if text not in of_others]
    return next(iter(sorted([*own, *of_none], key=lambda text: not asks_clearly(text))), None)


def _asking(span: str) -> Iterator[str]:
    """Yield the sentences that are no questions for knowledge, without what is quoted, denied or past."""
    span = _QUOTED.sub(_unless_a_name, span)
    for place in sentences_of(span):
        if not _WANTS_TO_KNOW.match(sentence := span[slice(*place)]):
            # Whether it is a question shows at its end only.
            yield _DOES_NOT.sub(" ", sentence) + ("?" if span[place[1] : place[1] + 1] == "?" else "")


def _unless_a_name(quoted: re.Match[str]) -> str:
    return " " if _ASKS.search(quoted[0]) else quoted[0]


def _is_withdrawn(rest: str, product: str) -> bool:
    """Tell whether a message takes back, from where it asks on, that a product is to go back."""
    names = "|".join(map(re.escape, filter(None, (product, *product.split()[-1:]))))
    it = WORDS["it"].format(product=rf"(?:the|my|our|this) (?:{names})" if names else "it")
    return bool(re.search(any_line("withdrawn").replace("{it}", rf"(?:{it})\b"), rest, re.IGNORECASE))
