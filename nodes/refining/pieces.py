"""A draft taken apart: lines, and in them the sentences, headings and list items that can stand or fall alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, TypeAlias

from understudies.prose.sentences import split_sentences

Block: TypeAlias = Literal["start", "end", "list", "anywhere"]

BULLET = re.compile(r"\s{0,8}(?:[-*+•]|\d{1,3}[.)])\s+\S")
HEADING = re.compile(r"\s{0,3}#{1,6}\s+\S|\s{0,3}\*\*[^*\n]{1,100}\*\*:?\s*$")
LONGEST_TITLE = 90


def lines_of(draft: str) -> list[list[str]]:
    """Return the pieces of each line: a heading or an item is one, prose has its sentences, a blank line none."""
    lines = draft.strip().splitlines()
    return [[line] if is_heading(line) or BULLET.match(line) else split_sentences(line.strip()) for line in lines]


def pieces_of(draft: str) -> list[str]:
    """Return the sentences, headings and list items of a draft, in order."""
    return [piece for line in lines_of(draft) for piece in line]


def sentences_of(draft: str) -> list[str]:
    """Return the pieces of a draft that are sentences or items."""
    return [piece for piece in pieces_of(draft) if not is_heading(piece)]


def is_heading(line: str) -> bool:
    """Say whether a line is a Markdown heading, or stands alone in bold."""
    return bool(HEADING.match(line))


def headings_of(draft: str) -> list[str]:
    """Return the headings; a short first line without a full stop, with a blank line below it, counts as one."""
    lines = draft.strip().splitlines()
    titled = (
        len(lines) > 2 and not lines[1].strip() and len(lines[0]) <= LONGEST_TITLE and lines[0][-1:] not in ".!?:;,"
    )
    first = lines[:1] if titled and not is_heading(lines[0]) and not BULLET.match(lines[0]) else []
    return [*first, *filter(is_heading, lines)]


def bullets_of(draft: str) -> list[str]:
    """Return the items of the lists, bulleted or numbered."""
    return [line for line in draft.splitlines() if BULLET.match(line)]


def paragraphs_of(draft: str) -> list[str]:
    """Return the blocks that blank lines part, without those that are a heading only."""
    blocks = re.split(r"\n[ \t]*\n", draft.strip())
    return [block for block in blocks if block.strip() and not is_heading(block.strip())]


def with_piece(draft: str, piece: str, place: Block) -> str:
    """Add a piece to a draft: in a block of its own at one end, at the end of its list, or of its last prose."""
    if place == "start":
        return f"{piece}\n\n{draft.strip()}"
    blocks = draft.strip().split("\n\n")
    fits: Callable[[str], object] = BULLET.match if place == "list" else _is_prose
    at = next((number for number in reversed(range(len(blocks))) if fits(blocks[number])), None)
    if place == "end" or at is None:
        return f"{draft.strip()}\n\n{piece}"
    blocks[at] += ("\n" if place == "list" else " ") + piece
    return "\n\n".join(blocks)


def without_piece(draft: str, number: int) -> str:
    """Return a draft without one of its pieces."""
    lines = lines_of(draft)
    for line in lines:
        if number < len(line):
            del line[number]
            break
        number -= len(line)
    text = "\n".join(" ".join(line) for line in lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _is_prose(block: str) -> bool:
    return not BULLET.match(block) and not is_heading(block)
