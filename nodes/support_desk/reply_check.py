"""A reply can neither hide nor invent: it is checked against its points, and code puts it together."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fanloom import unescape
from nodes.support_desk.identifiers import addresses, normal
from nodes.support_desk.points import Point, template

_TOKEN = re.compile(r"[^\W_]+(?:[-_/.:#][^\W_]+)*")
# RMA-XYZ names something without a digit, P.S does not.
_SHORTEST_NAME = 5
# Without May and March, which are words too; with a day they hold a number, and that is seen.
_DAY = re.compile(
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|tomorrow|tonight|january|february|april|june|july|august"
    r"|september|october|november|december)\b",
    re.IGNORECASE,
)


def problems(reply: Mapping[str, Any], points: Sequence[Point]) -> list[str]:
    """Return what is wrong with a reply, as its parts: what it leaves out, and what stands in no point."""
    return [*_missing(reply, points), *_invented(reply, points)]


def letter(reply: Mapping[str, Any], points: Sequence[Point]) -> str:
    """Put the message together: greeting, the parts in the order of the points, closing."""
    texts = {part["id"]: unescape(part["text"]).strip() for part in reply["parts"]}
    parts = [_part(point, texts[point["id"]], alone=len(points) == 1) for point in points]
    return "\n\n".join([unescape(reply["greeting"]).strip(), *parts, unescape(reply["closing"]).strip()])


def letter_by_template(points: Sequence[Point]) -> str:
    """Return the message that needs no model."""
    return letter(template(points), points)


def _part(point: Point, text: str, *, alone: bool) -> str:
    return text if alone else f"**{point['title']}**\n\n{text}"


def _missing(reply: Mapping[str, Any], points: Sequence[Point]) -> Iterator[str]:
    for name in ("greeting", "closing"):
        if not reply[name].strip():
            yield f"The {name} is empty."
    ids = [part["id"] for part in reply["parts"]]
    known = [point["id"] for point in points]
    if sorted(ids) != sorted(known):
        yield f"The parts are {', '.join(ids) or 'none'}; there must be one for each of {', '.join(known)}."
    texts = {part["id"]: part["text"] for part in reply["parts"]}
    for point in points:
        for fact in point["say"]:
            if point["id"] in texts and not _stands_in(texts[point["id"]], fact):
                yield f"Part {point['id']} must hold, word for word: {fact}"


def _stands_in(text: str, fact: str) -> bool:
    """Tell whether a fact stands in a text by itself: `A-1234` does not stand in `A-12345`."""
    alone = rf"(?<![^\W_]){re.escape(_spaced(unescape(fact)))}(?![^\W_])"
    return re.search(alone, _spaced(unescape(text))) is not None


def _invented(reply: Mapping[str, Any], points: Sequence[Point]) -> Iterator[str]:
    given = {point["id"]: "\n".join((point["title"], point["happened"], *point["say"])) for point in points}
    everything = "\n".join(given.values())
    for name in ("greeting", "closing"):
        yield from (f"{word} stands in no point: leave it out." for word in _unknown(reply[name], everything))
    for part in reply["parts"]:
        own = given.get(part["id"], everything)
        yield from (
            f"{word} does not stand in point {part['id']}: leave it out." for word in _unknown(part["text"], own)
        )


def _unknown(text: str, given: str) -> list[str]:
    """Return the numbers, names, days and addresses of a text that another does not have."""
    known = {form for form, _ in _named(unescape(given))}
    # A date's year, or an order's number, may stand alone.
    known |= {normal(part) for token in _TOKEN.findall(unescape(given)) for part in re.split(r"[-_/.:#]", token)}
    return list(dict.fromkeys(word for form, word in _named(unescape(text)) if form not in known))


def _named(text: str) -> Iterator[tuple[str, str]]:
    """Find what names something, in the form in which two are the same, and as it is written."""
    for token in _TOKEN.findall(text):
        if _is_identifier(token):
            yield normal(token), token
    for word in (*addresses(text), *_DAY.findall(text)):
        yield word.casefold(), word


def _is_identifier(token: str) -> bool:
    numbered = any(unicodedata.category(sign).startswith("N") for sign in token)
    return numbered or (token.isupper() and not token.isalpha() and len(token) >= _SHORTEST_NAME)


def _spaced(text: str) -> str:
    return " ".join(text.split())
