"""What a lexical measure sees of a text: its sentences, and the stems of the words that carry its meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

_END = re.compile(r"(?<=[.!?…])\s+|(?<=[.!?…][^\w\s])\s+|(?<=[\u3002\uff01\uff1f])|\n+")
_WORD = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+")
# Scripts that put no blanks between words: Thai to Myanmar, Khmer, Japanese, Chinese.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]{3,}")
_FILLERS = """
    a about above after all also an and any are as at be because been before being below between both but by can could
    did do does doing down during each few for from further had has have having he her here hers him his how i if in
    into is it its itself just may me might more most must my no nor not of off on once only or other our ours out over
    own same shall she should so some such than that the their theirs them then there these they this those through to
    too under until up upon very was we were what when where which while who whom why will with would you your yours s t
"""
_EMPTY = frozenset(_FILLERS.split())


def sentences(text: str) -> list[str]:
    """Return the sentences and lines of a text that have words that mean something."""
    return [part.strip() for part in _END.split(text) if part and stems(part)]


@lru_cache(maxsize=65_536)
def stems(text: str) -> frozenset[str]:
    """Return the stems of the words of a text, without those that only hold sentences together; numbers as they are.

    Where a script has no blanks, each two signs that stand together count as a word.
    """
    words = [word for word in _WORD.findall(text.casefold()) if word not in _EMPTY]
    return frozenset(_stem(part) for word in words for part in _parts(word))


def passages(text: str, width: int) -> Iterator[frozenset[str]]:
    """Yield the stems of each `width` sentences that stand together."""
    found = [stems(sentence) for sentence in sentences(text)]
    for start in range(max(1, len(found) - width + 1)):
        yield frozenset[str]().union(*found[start : start + width])


def grounded(text: str, documents: Sequence[str], *, least: float = 0.2) -> bool:
    """Tell whether any sentence of a text has at least so much support in the documents, whatever its numbers are.

    A text without a word that means something is not.
    """
    return any(support(sentence, documents, numbers=False) >= least for sentence in sentences(text))


def support(sentence: str, documents: Sequence[str], *, width: int = 3, numbers: bool = True) -> float:
    """Return how much of a sentence stands together in one place of one document, from 0 to 1.

    That is the share of its stems that the best `width` sentences in a row have. A number that is not among them makes
    it 0, unless `numbers` do not count: what differs in a number says something else.
    """
    wanted = stems(sentence)
    needed = {stem for stem in wanted if numbers and stem[0].isdigit()}
    found = [place for document in documents for place in _passages(document, width) if needed <= place]
    return max((len(wanted & place) / len(wanted) for place in found), default=0.0)


@lru_cache(maxsize=256)
def _passages(document: str, width: int) -> tuple[frozenset[str], ...]:
    return tuple(passages(document, width))


def _parts(word: str) -> list[str]:
    return [word[at : at + 2] for at in range(len(word) - 1)] if _UNSPACED.search(word) else [word]


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    from snowballstemmer import stemmer

    # One each time, for a stemmer is not safe among threads; without PyStemmer a word takes a tenth of a millisecond.
    return str(stemmer("english").stemWord(word))
