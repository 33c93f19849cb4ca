"""A part's Markdown, so that it fits under its own heading and leaves the parts after it alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fanloom import unescape

_HEADING = re.compile(r" {0,3}(#{1,6})(?=[ \t]|$)")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})(.*)")
_BELOW = 3
_DEEPEST = 6
# A prompt escapes no closing bracket: a `&lt;` with a `&gt;` after it is HTML that the author has escaped.
_AUTHORS_OWN = re.compile(r"(&lt;[^<>\n]{0,500}?&gt;)")


def as_written(text: str) -> str:
    """Undo a prompt's escaping in what a model copied from it, and leave what the model has escaped itself."""
    pieces = _AUTHORS_OWN.split(text)
    return "".join(piece if number % 2 else unescape(piece) for number, piece in enumerate(pieces))


def below(text: str, heading: str) -> str:
    """Return a text for below a heading of the second level.

    It does not begin with that heading again, its own headings keep their order, and no code block stays open.
    """
    lines = _without(heading, text.replace("\r\n", "\n").strip().split("\n"))
    *around, left_open = _fences(lines)
    is_heading = [not fence and bool(_HEADING.match(line)) for line, fence in zip(lines, around, strict=True)]
    levels = [_level(line) for line, yes in zip(lines, is_heading, strict=True) if yes]
    marks = "#" * (_BELOW - min([*levels, _BELOW]))
    deeper = [_deeper(line, marks) if yes else line for line, yes in zip(lines, is_heading, strict=True)]
    return "\n".join([*deeper, left_open] if left_open else deeper)


def _without(heading: str, lines: Sequence[str]) -> Sequence[str]:
    first, *rest = lines
    repeated = _HEADING.match(first) and first.strip("# \t").casefold() == heading.casefold()
    return "\n".join(rest).strip().split("\n") if repeated and any(map(str.strip, rest)) else lines


def _fences(lines: Sequence[str]) -> Iterator[str]:
    """Yield the fence of the code block that each line stands in, or nothing; at last the one that is left open."""
    fence = ""
    for line in lines:
        yield fence
        found = _FENCE.match(line)
        if found and not fence and not (found[1][0] == "`" and "`" in found[2]):
            fence = found[1]
        elif found and fence and found[1].startswith(fence) and not found[2].strip():
            fence = ""
    yield fence


def _level(line: str) -> int:
    found = _HEADING.match(line)
    return len(found[1]) if found else _DEEPEST


def _deeper(line: str, marks: str) -> str:
    own = line.lstrip()
    return marks[: _DEEPEST - _level(own)] + own
