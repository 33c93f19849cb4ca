"""Split a message into clauses: sentences, list items and lines, and in them what commas and conjunctions part."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from nodes.support_desk.identifiers import half_width

LIST_ITEM = "\x1e"  # where an item of a list begins
_LONGEST = 400  # signs of a clause that nobody punctuated

_SAME_SIGN = str.maketrans("’‘‛´`“”„«»″‐‑−", '\'\'\'\'\'""""""---')  # noqa: RUF001 - what people type
_FROM_ANOTHER_MAIL = re.compile(r"^[ \t]{0,20}>.*$|^on .{0,80}\bwrote:[ \t]*$", re.M)
_DATA = re.compile(r"\{[^{}]{0,2000}\}")
_ITEM = re.compile(r"</?[^<>\n]{0,200}>|^[ \t>]{0,20}(?:[-*•◦▪‣·+\u2013\u2014]|\(?\d{1,2}[.)]|\(?[a-h]\))[ \t]", re.M)
_QUOTED = re.compile(r"\"[^\"\n]{1,80}\"|(?<!\w)'(?=[^\s'])(?:[^'\n]|(?<=\w)'(?=\w)){0,80}'(?!\w)")

_ABBREVIATED = r"(?!(?<=\bno|\bnr)\.\s*\w*\d)(?!(?<=\binv|\bref|\bord)\.\s*\w*\d)"
_SENTENCE_END = re.compile(rf"{_ABBREVIATED}[.!?]+[\"')\]]*(?=\s|$)|[!?]+(?=[a-z])|\.(?=[a-z]{{4,}}\s)|\n|\x1e")
_PRONOUN = r"(?:it|they|he|she|i|we|the|this|that|these|those|my|our|both|one|there|its|half|some|all|you)\b"
_TIME = r"(?:then|last|the (?:last|first|beginning|start)|yesterday|\w+day|\d|a|two|three|four|five|six|seven|ten)\b"
_REASON = (
    r"because(?: of)?|due to|owing to|on account of|given that|seeing (?:as|that)|cause|cuz|coz|bc|"
    rf"as(?= {_PRONOUN})|since(?! {_TIME})"
)
_JOINING = rf"and|but|plus|also|then|so|or|which|although|though|while|whereas|however|as well as|since|{_REASON}"
_BEGINNING = (
    r"(?:can|could|would|will) (?:you|u|i|we|someone|somebody|it)\b|please|pls|plz|kindly|"
    r"i(?:'d| would| want| wanna| need| wish| also)\b|i(?:'m| am) (?:also|writing|looking|returning)\b|"
    r"we(?:'d| would| want| need| wish)\b|how (?:do|can|to|long|come)\b|wheres|"
    r"(?:where|when|why)(?:'s|s)? (?:is|are|was|did|does|do|will|can|has|have|am|my)\b"
)
_BREAK = re.compile(
    rf"[;\u2014()]|[,:](?=\s)|(?<=\s)(?:[-\u2013]{{1,3}}|&|\+|/)(?=\s)|\s(?=(?:{_JOINING}|{_BEGINNING})(?!\w))"
)
_LEAD = re.compile(r"(?:(?:and|but|plus|also|then|so|or|yet|well|oh|next|finally|lastly|however)(?!\w)[\s,]*)*")
_WHY = re.compile(rf"(?:{_REASON})(?!\w)\s*")


class Clause(NamedTuple):
    """Where a clause stands in the message, after its conjunctions; `reason` is where the words after because begin."""

    start: int
    end: int
    sentence: int
    question: bool
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

    def of(self, clause: Clause) -> str:
        """Return a clause's words."""
        return self.plain[clause.start : clause.end]


def read(text: str) -> Message:
    """Read a message, in time linear in its length."""
    plain = _plain(text)
    return Message(text, plain, dict(found.span() for found in _QUOTED.finditer(plain)), list(_clauses(plain)))


def _plain(text: str) -> str:
    # A capital whose small letter is two signs stays, so that every place keeps its number.
    small = "".join(sign.lower() if len(sign.lower()) == 1 else sign for sign in half_width(text))
    plain = small.translate(_SAME_SIGN)
    for _ in range(3):  # as deep as data is looked for
        plain = _DATA.sub(_blank, plain)
    own = _FROM_ANOTHER_MAIL.sub(_blank, plain)
    return _ITEM.sub(lambda found: LIST_ITEM + _blank(found)[1:], own if any(map(str.isalnum, own)) else plain)


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])


def _clauses(plain: str) -> Iterator[Clause]:
    start = 0
    for number, found in enumerate([*_SENTENCE_END.finditer(plain), None]):
        end = found.start() if found else len(plain)
        for first, last in _cut(plain, start, end):
            yield _clause(plain, first, last, number, found is not None and "?" in found[0])
        start = found.end() if found else end


def _cut(plain: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where each clause of a sentence stands, without blanks around it."""
    for found in [*_BREAK.finditer(plain, start, end), None]:
        stop = found.start() if found else end
        for first in range(start, stop, _LONGEST):
            part = plain[first : min(first + _LONGEST, stop)]
            if any(map(str.isalnum, part)):
                yield first + len(part) - len(part.lstrip()), first + len(part.rstrip())
        start = found.end() if found else end


def _clause(plain: str, start: int, end: int, sentence: int, question: bool) -> Clause:
    lead = _LEAD.match(plain, start, end)
    begin = lead.end() if lead and lead.end() < end else start
    why = _WHY.match(plain, begin, end)
    return Clause(begin, end, sentence, question, why.end() if why else None)
