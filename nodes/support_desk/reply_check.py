"""A reply says what happened in code's words: it is checked against its points, and code puts it together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from fanloom import Courtesies, bare, seen, unescape
from nodes.support_desk.points import Point, template
from prompts import path

COURTESIES = Courtesies.from_file(path("support_desk/courtesies.toml"))
MOST_OWN = 400  # signs of own words in the greeting, in each part, and in the closing
_MOST_TOLD = 20  # words, of one text


class Own(NamedTuple):
    """What a model wrote around a point's statement."""

    before: str
    after: str


def problems(reply: Mapping[str, Any], points: Sequence[Point], *, own_words: bool = True) -> list[str]:
    """Return what is wrong with a reply, as its parts: what it leaves out, and own words that are no courtesy.

    Without `own_words` only what it leaves out is looked for.
    """
    return [*_missing(reply, points), *(_added(reply, points) if own_words else [])]


def courteous(reply: Mapping[str, Any], points: Sequence[Point]) -> dict[str, Any] | None:
    """Return a reply without the sentences that are no courtesies, as it may be sent.

    None if these have a figure, an address or a word of effect, or if it lacks what must stand in it.
    """
    if [*_missing(reply, points)]:
        return None
    every, plain = [name for point in points for name in point["say"]], template(points)
    texts = {part["id"]: part["text"] for part in reply["parts"]}
    try:
        ends = {name: _kept(reply[name], every) or plain[name] for name in ("greeting", "closing")}
        parts = [{"id": point["id"], "text": _kept_around(texts[point["id"]], point)} for point in points]
    except _Refused:
        return None
    return {**ends, "parts": parts}


def letter(reply: Mapping[str, Any], points: Sequence[Point]) -> str:
    """Put the message together: greeting, the parts in the order of the points, closing.

    What happened stands there as code wrote it, whatever the model has made of it.
    """
    texts = {part["id"]: part["text"] for part in reply["parts"]}
    parts = [_part(point, own(texts[point["id"]], point), alone=len(points) == 1) for point in points]
    return "\n\n".join([_bare(reply["greeting"]), *parts, _bare(reply["closing"])])


def letter_by_template(points: Sequence[Point]) -> str:
    """Return the message that needs no model."""
    return letter(template(points), points)


def own(text: str, point: Point) -> Own | None:
    """Return the words before and after a point's statement, or None if it does not stand in the text word for word."""
    statement = re.escape(" ".join(_plain(point["happened"]).split())).replace(r"\ ", r"\s+")
    found = re.search(rf"(?<!\w){statement}(?!\w)" if statement else r"\A\Z", _plain(text))
    return Own(found.string[: found.start()].strip(), found.string[found.end() :].strip()) if found else None


def own_texts(reply: Mapping[str, Any], points: Sequence[Point]) -> Iterator[tuple[str, str]]:
    """Yield the model's own words of each part, and what they may say: its statement, or all of them."""
    everything = "\n".join(point["happened"] for point in points)
    texts = {part["id"]: part["text"] for part in reply["parts"]}
    given = [(" ".join(own(texts[point["id"]], point) or ()), point["happened"]) for point in points]
    yield from [(reply["greeting"], everything), *given, (reply["closing"], everything)]


class _Refused(Exception):
    """A text says what must not be said."""


def _kept_around(text: str, point: Point) -> str:
    before, after = (_kept(words, point["say"]) for words in own(text, point) or ("", ""))
    before, after = before if COURTESIES.leads_in(before) else "", after if _follows(after) else ""
    return " ".join(filter(None, (before, point["happened"], after)))


def _kept(text: str, names: Sequence[str]) -> str:
    kept, refused = COURTESIES.courteous(_plain(text), names)
    if refused or len(text) > MOST_OWN:
        raise _Refused
    return kept


def _part(point: Point, words: Own | None, *, alone: bool) -> str:
    before, after = map(_bare, words or ("", ""))
    text = " ".join(filter(None, (before, point["happened"], after)))
    return text if alone else f"**{point['title']}**\n\n{text}"


def _missing(reply: Mapping[str, Any], points: Sequence[Point]) -> Iterator[str]:
    for name in ("greeting", "closing"):
        if not _bare(reply[name]):
            yield f"The {name} is empty."
    ids = [part["id"] for part in reply["parts"]]
    known = [point["id"] for point in points]
    if sorted(ids) != sorted(known):
        yield f"The parts are {', '.join(ids) or 'none'}; there must be one for each of {', '.join(known)}."
    texts = {part["id"]: part["text"] for part in reply["parts"]}
    for point in points:
        if point["id"] in texts and own(texts[point["id"]], point) is None:
            yield f"Part {point['id']} must hold, word for word: {point['happened']}"


def _added(reply: Mapping[str, Any], points: Sequence[Point]) -> Iterator[str]:
    every = [name for point in points for name in point["say"]]
    for name in ("greeting", "closing"):
        yield from _not_yours(f"The {name}", _plain(reply[name]), every)
    by_id = {point["id"]: point for point in points}
    for part in reply["parts"]:
        point = by_id.get(part["id"])
        words = own(part["text"], point) if point else None
        if point and words:
            yield from _around(point, words)


def _around(point: Point, words: Own) -> Iterator[str]:
    where = f"Part {point['id']}"
    # One after the other: a phrase that begins before the statement does not end behind it.
    for text in words:
        yield from _not_yours(where, text, point["say"])
    if not COURTESIES.leads_in(words.before) or not _follows(words.after):
        yield f"{where}: what must stand word for word is a sentence of its own; end yours before it."


def _follows(after: str) -> bool:
    text = bare(after)
    return not text or not (text[0].islower() or text[0] in ".,;:!?'-\u2013\u2014")


def _not_yours(where: str, text: str, names: Sequence[str]) -> Iterator[str]:
    if len(text) > MOST_OWN:
        yield f"{where} has more than {MOST_OWN} signs of your own: write less."
    if words := COURTESIES.foreign(text[: 2 * MOST_OWN], names):
        told = ", ".join(words[:_MOST_TOLD])
        yield f"{where}: only a greeting, thanks and sympathy are yours to write; leave out: {told}"


def _bare(text: str) -> str:
    return bare(unescape(text))


def _plain(text: str) -> str:
    return seen(unescape(text))
