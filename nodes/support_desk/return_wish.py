"""Whether a customer's words ask that a product goes back: who complains of it, or asks about it, does not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from nodes.support_desk.identifiers import mentions_product
from nodes.support_desk.wording import sentence_at, sentence_with, sentences_of
from nodes.support_desk.words import WORDS, any_line

_ASKS = re.compile(any_line("asks_back"), re.IGNORECASE)
_ASKER = re.compile(WORDS["asker"], re.IGNORECASE)
_DOES_NOT = re.compile(any_line("not_asked"), re.IGNORECASE)
_WANTS_TO_KNOW = re.compile(WORDS["asks_to_know"], re.IGNORECASE)


def asks_back(span: str) -> bool:
    """Tell whether a span holds words of sending back that are no question for knowledge, nor denied, nor past."""
    return any(_ASKS.search(sentence) for sentence in _asking(span))


def asks_clearly(span: str) -> bool:
    """Tell whether a span says who asks before it holds such words."""
    asked = ((sentence, found.start()) for sentence in _asking(span) for found in _ASKS.finditer(sentence))
    return any(_ASKER.search(sentence[:start]) for sentence, start in asked)


def _asking(span: str) -> Iterator[str]:
    """Yield the sentences that are no questions for knowledge, without what is denied or past."""
    for place in sentences_of(span):
        if not _WANTS_TO_KNOW.match(sentence := span[slice(*place)]):
            yield _DOES_NOT.sub(" ", sentence)


def words_of_wish(quote: str | None, product: str, message: str, returned: Iterable[str] = ()) -> str | None:
    """Return the words in which a product is asked to go back: the quote, else a sentence of the message that does.

    A quote counts in its sentence. One that names the product comes before one that names none of those `returned`.
    None if none asks.
    """
    around = sentence_with(message, quote) if quote else None
    if quote and around and asks_back(around):
        return quote if asks_back(quote) else around
    asking = [text for place in sentences_of(message) if asks_back(text := sentence_at(message, *place))]
    of_others = {text for text in asking for other in returned if mentions_product(text, other)}
    own = (text for text in asking if mentions_product(text, product))
    return next(own, next((text for text in asking if text not in of_others), None))
