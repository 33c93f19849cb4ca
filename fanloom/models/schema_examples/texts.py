"""Texts within the constraints of a JSON schema, marked as no language model's work where those allow it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from fanloom.models.schema_examples.no_example import NoExample
from fanloom.models.schema_examples.regex_texts import matching

MARK = "[offline]"
_MARKED = f"{MARK} no language model was used"
# In each the `#` is a digit by which it differs from others of its format.
_FORMATS = {
    "date": "2000-01-1#",
    "date-time": "2000-01-01T00:00:0#Z",
    "time": "00:00:0#",
    "duration": "PT#S",
    **dict.fromkeys(("email", "idn-email", "name-email"), "offline#@example.com"),
    "hostname": "offline#.example.com",
    "uri": "https://example.com/offline#",
    "uuid": "00000000-0000-4000-8000-00000000000#",
    **{f"uuid{version}": f"00000000-0000-{version}000-8000-00000000000#" for version in range(1, 9)},
    **dict.fromkeys(("ipv4", "ipvanyaddress"), "192.0.2.#"),
    **dict.fromkeys(("ipv4network", "ipvanynetwork"), "192.0.#.0/24"),
    **dict.fromkeys(("ipv4interface", "ipvanyinterface"), "192.0.2.#/24"),
    "ipv6": "2001:db8::#",
    "ipv6network": "2001:db8:#::/48",
    "ipv6interface": "2001:db8::#/48",
    **dict.fromkeys(("base64", "base64url"), "b2ZmbGluZTA#"),
    "regex": "offline#",
}


def text(schema: dict[str, Any], turn: int = 0) -> str:
    """Return a text that a schema allows, at other turns others. Raises NoExample."""
    if (form := schema.get("format")) in _FORMATS:
        return _FORMATS[form].replace("#", str(turn % 10))
    least, most, pattern = schema.get("minLength", 0), schema.get("maxLength"), schema.get("pattern")
    for one in _candidates(pattern, least, most, turn):
        if len(one) >= least and (most is None or len(one) <= most) and (not pattern or re.search(pattern, one)):
            return one
    raise NoExample(f"no text was found that matches {pattern!r} and has {least} to {most or 'any number of'} letters")


def _candidates(pattern: str | None, least: int, most: int | None, turn: int) -> Iterator[str]:
    number = f" {turn + 1}" if turn else ""
    marks = (_sized(_MARKED, number, least, most), _sized(MARK, number, least, most))
    if not pattern:
        yield marks[0] if most is None or most >= len(_MARKED + number) else marks[1]
        return
    written = list(matching(pattern, least, turn))
    if written:
        yield from marks
    for one in written:
        yield from (f"{one} {_MARKED}{number}", f"{one} {MARK}{number}", f"{one}{MARK}")
    yield from written


def _sized(words: str, number: str, least: int, most: int | None) -> str:
    room = max(len(words), least - len(number)) if most is None else min(max(len(words), least), most) - len(number)
    return (words.ljust(room, ".")[: max(room, 0)] + number)[:most]
