"""Read a customer's message as clauses: what is said first of all, and what is said beside it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from nodes.routing.spelling import corrected
from understudies.prose.sentences import listed

# People say what they want where they begin or where they end; what stands between is a log or another pasted thing.
READ = 10_000  # characters at either end
LONGEST_WORD = 30

AMOUNT = re.compile(
    r"[$€£¥]\s?\d[\d.,]{0,15}|\d[\d.,]{0,15}\s?(?:[$€£¥]|(?:usd|eur|gbp|dollars?|euros?|pounds?|bucks|quid)\b)"
)
TOKEN = re.compile(r"[^\W_]+|(?<![.!?;…])[.!?;…]++(?=\s|$)|\n\s*\n|,|—")
COMMA = ","
STOP = "."

# A message can speak to whoever sorts it; that says nothing about what it is about.
LABEL = r"(?:technical support|billing inquiry|general question)"
COMMAND = re.compile(
    r"\b(?:ignore|disregard|forget|override|skip)(?: \w+){0,5} (?:instructions?|prompts?|rules|guidelines)\b"
    rf"|\b(?:answer|say|reply|respond|output|print|return|classif\w+|label\w*|categor\w+|mark|route|tag|treat|intent|class"
    rf"|choose|pick|select)(?: \w+){{0,6}} {LABEL}\b"
    r"|\b(?:classif\w+|label|categor\w+|mark|route|tag|treat|file)(?: \w+){0,4} (?:as|under|to)"
    r" (?:billing|technical|general)(?: \w+)?"
    rf"|\b(?:this|it)(?: \w+){{0,3}} {LABEL}\b|\byou are now(?: \w+){{0,6}}|\bsystem prompt\b"
)
SETTLED = re.compile(
    r"\b(?<!not )(?<!isnt )(?<!is it )(?<!nothing )(?<!never )(?<!until it )(?:"
    r"(?:fixed|solved|resolved|sorted)(?: itself| it)?(?: out)?(?: now| again| already| thanks| thank you)"
    r"|(?:works|working|worked out)(?: \w+)? (?:again|now)|now works|all (?:good|fine|sorted|fixed|clear)"
    r"|(?:has|have|is|was|been|got) (?:now |already |since )?(?:been )?(?:fixed|solved|resolved|sorted))\b"
)
BESIDE = listed("because when whenever while after since if once before until although though")
ASKING = listed("will is are do does did can could was should would am")
TURNS = listed("but however yet nevertheless")
ASKS_ON = listed("i we please can could now you")


class Reading(NamedTuple):
    """A message in plain lower-case words; `|` stands between its clauses."""

    main: str
    beside: str


def read(query: str) -> Reading:
    """Read a message: its main clauses, and those that tell when, why or under what condition."""
    main: list[str] = []
    beside: list[str] = []
    for sentence in _open_sentences(_sentences(query)):
        for is_main, clause in _clauses(sentence):
            (main if is_main else beside).append(clause)
    return Reading(f" {' | '.join(main)} ", f" {' | '.join(beside)} ")


def ends(query: str) -> str:
    """Return the message, without its middle if it is very long."""
    return query if len(query) <= 2 * READ else f"{query[:READ]} . {query[-READ:]}"


def _sentences(query: str) -> Iterator[str]:
    """Give the sentences as lower-case words and commas, spelling mended, apostrophes and invisible signs left out."""
    seen = "".join(sign for sign in ends(query) if unicodedata.category(sign) != "Cf" or sign == "\n")
    text = re.sub(r"['`\u2019\u00b4]", "", unicodedata.normalize("NFKC", seen).lower())
    words: list[str] = []
    for token in TOKEN.findall(AMOUNT.sub(" amount ", text)):
        if token[0].isalnum():
            words.append(corrected(token[:LONGEST_WORD]))
        elif token in (COMMA, "—"):
            words.append(COMMA)
        elif words:
            yield " ".join(words)
            words = []
    if words:
        yield " ".join(words)


def _open_sentences(sentences: Iterable[str]) -> list[str]:
    """Leave out what is settled by now, and what is said to whoever sorts the message."""
    still_open: list[str] = []
    for sentence in sentences:
        *_, settled = [None, *SETTLED.finditer(sentence)]
        if settled:
            still_open.clear()
            sentence = sentence[settled.end() :]
        still_open.append(COMMAND.sub(f" {COMMA} ", sentence))
    return still_open


def _clauses(sentence: str) -> Iterator[tuple[bool, str]]:
    """Split a sentence; a clause that begins it with `when` or the like ends at the comma, a later one with it."""
    words = [*sentence.split(), STOP]
    is_main, opened, clause = True, False, list[str]()
    for word, after in pairwise(words):
        turned = _turn(word, after, is_main, opened, first=not clause)
        if turned is not None or word == COMMA:
            yield is_main, " ".join(clause)
            clause = []
        if turned is not None:
            is_main, opened = turned, not turned and word == words[0]
        if word != COMMA:
            clause.append(word)
    yield is_main, " ".join(clause)


def _turn(word: str, after: str, is_main: bool, opened: bool, *, first: bool) -> bool | None:
    """Tell whether a word leads to a main clause or beside it; None if it leads nowhere."""
    if word in BESIDE and not (first and after in ASKING):
        return False
    ends_here = word == COMMA and not is_main and (opened or after == "and")
    return True if ends_here or word in TURNS or (word == "so" and after in ASKS_ON) else None
