"""Split a message into clauses: sentences, list items and lines, and in them what commas and conjunctions part."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from nodes.support.identifiers import half_width
from nodes.support.settled import without_quoted_mail
from nodes.support.spelling import as_meant

LONGEST_CLAUSE = 400  # signs
_WIDE_LINE = 60

_SAME_SIGN = str.maketrans("’‘‛´`“”„«»″‐‑−", '\'\'\'\'\'""""""---')  # noqa: RUF001 - what people type
_TAG = re.compile(r"</?[^<>\n]{0,200}>")
_DATA = re.compile(r"\{[^{}]{0,2000}\}")
_ITEM = re.compile(
    r"^[ \t>]{0,20}(?:[-*•◦▪‣·+\u2013\u2014]|\(?\d{1,2}[.)]|\(?[a-h]\)|\[[ x]?\])[ \t]|(?<=\s)\(?\d{1,2}\)\s", re.M
)
_QUOTED = re.compile(r"\"[^\"\n]{1,80}\"|(?<!\w)'(?=[^\s'])(?:[^'\n]|(?<=\w)'(?=\w)){0,80}'(?!\w)")
_START = "\x1e"  # where a list item begins

_SENTENCE_END = r"[.!?]+[\"')\]]*(?=\s|$)|[!?]+(?=[a-z])|\.(?=[a-z]{4,}\s)|\n|\x1e"
_JOINING = (
    r"and|but|plus|also|then|so|or|because|becaus|since|due to|owing to|which|although|though|while|whereas|therefore|"
    r"however|cause|cuz|coz|bc|given that|seeing (?:as|that)|"
    r"as well as|as(?=\s(?:it|they|he|she|i|we|the|this|that|these|those|my|our|both|one|there|its|"
    r"half|some|all|you)\b)"
)
_BEGINNING = (
    r"(?:can|could|would|will) (?:you|u|i|we|someone|somebody|it)\b|please|pls|plz|kindly|"
    r"i(?:'d| would| want| wanna| need| wish| also)\b|i(?:'m| am) (?:also|writing|looking|returning)\b|"
    r"we(?:'d| would| want| need| wish)\b|(?:where|when|why)(?:'s|s)? (?:is|are|was|did|does|do|will|"
    r"can|has|have|am|my)\b|"
    r"wheres|how (?:do|can|to|long|come)\b"
)
_BREAK = re.compile(
    rf"(?P<hard>{_SENTENCE_END})|[;\u2014()]|[,:](?=\s)|(?<=\s)(?:[-\u2013]{{1,3}}|&|\+|/)(?=\s)|"
    rf"\s(?=(?:{_JOINING}|{_BEGINNING})(?!\w))"
)
_LEAD = re.compile(
    r"(?:(?:and|but|plus|also|then|so|or|yet|well|oh|next|finally|lastly|however|therefore)(?!\w)[\s,]*)*"
)
_SUBORDINATE = re.compile(
    r"(?P<reason>because of|because|becaus|due to|owing to|on account of|given that|seeing (?:as|that)|"
    r"cause|cuz|coz|bc|"
    r"as(?= (?:it|they|he|she|i|we|the|this|that|these|those|my|our|both|one|there|its|half|some|all|you)\b)|"
    r"since(?! (?:the (?:last|first|latest|beginning|start|update|very)|day one|"
    r"then|last|yesterday|monday|tuesday|wednesday|thursday|friday|saturday|sunday|"
    r"january|february|march|"
    r"april|june|july|august|september|october|november|december|\d|a |two|three|four|five|six|seven|ten)))(?!\w)\s*|"
    r"(?:although|though|even though|while|whereas|which|who|if|unless|after|before|once)(?!\w)"
)
_SHORT = re.compile(r"(?:^|[^\w])(no|nr|num|inv|ref|ord|approx|mr|mrs|ms|dr|st|tel|vs|incl|e\.g|i\.e)$")
_NUMBER_NEXT = re.compile(r"\s*#?(?:[a-z]{0,6}[-_ ]?\d|inv\b)")


class Clause(NamedTuple):
    """Where a clause stands in the message, after its conjunctions; `reason` is where the words after because begin."""

    start: int
    end: int
    sentence: int
    question: bool
    subordinate: bool
    reason: int | None


class Message(NamedTuple):
    """A message with its clauses.

    `plain` is the text sign for sign, in lower case, with one kind of quotes and without tags and data; `quotes` tells
    where what begins with a quotation mark ends.
    """

    text: str
    plain: str
    quotes: dict[int, int]
    clauses: list[Clause]


def read(text: str) -> Message:
    """Read a message, in time linear in its length."""
    plain = _plain(text)
    quotes = dict(found.span() for found in _QUOTED.finditer(plain))
    sentences = list(_sentences(plain, quotes.items()))
    clauses = [
        _clause(plain, start, end, number, question)
        for number, (spans, question) in enumerate(sentences)
        for start, end in spans
    ]
    return Message(text, plain, quotes, clauses)


def _plain(text: str) -> str:
    lower = half_width(text).lower()
    if len(lower) != len(text):
        lower = "".join(sign.lower() if len(sign.lower()) == 1 else sign for sign in half_width(text))
    plain = _TAG.sub(_opening, without_quoted_mail(as_meant(lower.translate(_SAME_SIGN))))
    for _ in range(3):
        plain = _DATA.sub(_blank_data, plain)
    return _ITEM.sub(_opening, plain)


def _opening(found: re.Match[str]) -> str:
    return _START + " " * (len(found[0]) - 1)


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])


def _blank_data(found: re.Match[str]) -> str:
    return _blank(found) if '"' in found[0] or ":" in found[0] else found[0]


def _sentences(plain: str, quotes: Iterable[tuple[int, int]]) -> Iterator[tuple[list[tuple[int, int]], bool]]:
    """Yield the spans of each sentence's clauses, and whether it is a question."""
    spans: list[tuple[int, int]] = []
    start = 0
    for found in [*_breaks(plain, quotes), None]:
        end = found.start() if found else len(plain)
        spans += _cut(plain, start, end)
        if found is None or found["hard"] is not None:
            if spans:
                yield spans, found is not None and "?" in found[0]
            spans = []
        start = found.end() if found else end


def _breaks(plain: str, quotes: Iterable[tuple[int, int]]) -> Iterator[re.Match[str]]:
    waiting = iter(quotes)
    quote = next(waiting, None)
    for found in _BREAK.finditer(plain):
        while quote and quote[1] <= found.start():
            quote = next(waiting, None)
        if quote and quote[0] < found.start():
            continue
        if not (found[0].startswith(".") and _is_short(plain, found)) and not (
            found[0] == "\n" and _wraps(plain, found)
        ):
            yield found


def _is_short(plain: str, found: re.Match[str]) -> bool:
    word = _SHORT.search(plain[max(0, found.start() - 8) : found.start()])
    if word is None or len(found[0]) > 1:
        return False
    return word[1] not in {"no", "inv", "ref", "ord"} or bool(_NUMBER_NEXT.match(plain, found.end()))


def _wraps(plain: str, found: re.Match[str]) -> bool:
    """Tell whether a line goes on in the next one: it is long and ends in no stop."""
    line = plain[max(0, found.start() - _WIDE_LINE) : found.start()]
    after = plain[found.end() : found.end() + 1]
    return (
        len(line) == _WIDE_LINE
        and "\n" not in line
        and line[-1] not in ".!?:;"
        and after not in ("", "\n", "\r", _START)
    )


def _cut(plain: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield a span without blanks around it, in pieces if nobody punctuated it."""
    marks = [start]
    while end - marks[-1] > LONGEST_CLAUSE:
        at = plain.rfind(" ", marks[-1] + LONGEST_CLAUSE // 2, marks[-1] + LONGEST_CLAUSE)
        marks.append(at if at > 0 else marks[-1] + LONGEST_CLAUSE)
    for first, last in pairwise([*marks, end]):
        part = plain[first:last]
        if any(map(str.isalnum, part)):
            yield first + len(part) - len(part.lstrip()), last - len(part) + len(part.rstrip())


def _clause(plain: str, start: int, end: int, sentence: int, question: bool) -> Clause:
    lead = _LEAD.match(plain, start, end)
    begin = lead.end() if lead and lead.end() < end else start
    sub = _SUBORDINATE.match(plain, begin, end)
    reason = sub.end() if sub and sub["reason"] else None
    return Clause(begin, end, sentence, question, sub is not None, reason)
