"""The customer's own words: whether a text stands in the message, and the sentence that something stands in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from fanloom import stems
from nodes.support_desk.identifiers import place_of
from nodes.support_desk.words import WORDS
from nodes.text import plain

MOST_WORDS = 100
LONGEST = 500  # signs of one sentence that are kept
_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?](?!\s|$)[^.!?\n]*)*[.!?]*")
_WORD = re.compile(r"\w+")
_SHORT = "".join(rf"(?<!\b{word})" for word in WORDS["abbreviations"].split("|"))
_END = re.compile(rf"{_SHORT}[.!?]+(?:\s|$)|\n", re.IGNORECASE)
CLAUSE = re.compile(rf"[,;:\u2013\u2014]|\s-\s|\b(?:{WORDS['clause_joints']})\b", re.IGNORECASE)


def words_of(text: str) -> str:
    """Return the words of a text in their plain form, a blank before and after each."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    shown = "".join(sign for sign in folded if unicodedata.category(sign) not in ("Cf", "Mn"))
    return f" {' '.join(_WORD.findall(shown))} "


def stands_in(text: str | None, message: str) -> bool:
    """Tell whether a text stands in the message word for word; case, punctuation and blanks do not count."""
    words = words_of(text or "")
    return bool(words.strip()) and words in words_of(message)


def sentences_of(message: str) -> Iterator[tuple[int, int]]:
    """Yield where each sentence of a message stands, without the signs that end it."""
    for found in _SENTENCE.finditer(message):
        if any(map(str.isalnum, found[0])):
            yield found.start(), found.start() + len(found[0].rstrip(".!?"))


def sentence_at(message: str, start: int, end: int) -> str:
    """Return the sentence around a place of the message; of a very long one what is nearest."""
    before = _END.split(message[max(0, start - LONGEST // 2) : start])[-1]
    after = _END.split(message[end : end + LONGEST // 2], maxsplit=1)
    stop = re.match(r"[.!?]*", message[end + len(after[0]) :])
    sentence = f"{before}{message[start:end]}{after[0]}{stop[0] if stop else ''}"
    return " ".join(plain(sentence, len(sentence)).split())[:LONGEST]


def sentence_of(message: str, identifier: str) -> str | None:
    """Return the sentence in which an identifier stands by itself."""
    place = place_of(message, identifier)
    return sentence_at(message, *place) if place else None


def clause_at(message: str, start: int, end: int) -> str:
    """Return the clause around a place of the message."""
    before = _END.split(message[max(0, start - LONGEST) : start])[-1]
    after = _END.split(message[end : end + LONGEST], maxsplit=1)[0]
    return CLAUSE.split(before)[-1] + message[start:end] + CLAUSE.split(after)[0]


def sentence_with(message: str, words: str) -> str | None:
    """Return the sentence of the message that holds these words; None if they do not stand in it word for word."""
    apart = r"[\W_]+".join(map(re.escape, words_of(words).split()[:MOST_WORDS]))
    found = re.search(rf"(?<!\w){apart}(?!\w)", message, re.IGNORECASE) if apart and stands_in(words, message) else None
    return sentence_at(message, found.start(), found.end()) if found else None


def sentence_like(message: str, told: str, taken: Sequence[str] = ()) -> str | None:
    """Return the sentence of the message that shares most with what is told of it; None if none shares a word.

    Of several that share as much, one that is not `taken` comes first.
    """
    wanted = {stem for stem in stems(told) if not stem[0].isdigit()}
    shared = {place: len(wanted & stems(message[slice(*place)])) for place in sentences_of(message)}
    most = max(shared.values(), default=0)
    nearest = [sentence_at(message, *place) for place, count in shared.items() if count == most > 0]
    return next((sentence for sentence in nearest if sentence not in taken), next(iter(nearest), None))
