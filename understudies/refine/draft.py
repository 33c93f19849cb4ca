"""A draft taken apart, and put together again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from understudies.prose.sentences import split_sentences

ITEM = r"[ \t]{0,8}(?:[-*+•]|\d{1,3}[.)])[ \t]+\S"
HEADING = r"[ ]{0,3}#{1,6}[ \t]+\S"


class Piece(NamedTuple):
    """A heading, a list item or a sentence of a draft, and the blanks before it."""

    before: str
    text: str

    @property
    def kind(self) -> str:
        """Which of them it is."""
        return "heading" if re.match(HEADING, self.text) else "item" if re.match(ITEM, self.text) else "sentence"


def pieces_of(draft: str) -> list[Piece]:
    """Take a draft apart."""
    pieces = []
    for block in re.split(r"\n[ \t]*\n", draft.strip()):
        before = "\n\n"
        for line in filter(str.strip, block.splitlines()):
            for text in split_sentences(line.strip()) if Piece("", line).kind == "sentence" else [line]:
                pieces.append(Piece(before, text))
                before = " "
            before = "\n"
    return pieces


def joined(pieces: Iterable[Piece]) -> str:
    """Make a draft of its pieces."""
    return "".join(piece.before + piece.text for piece in pieces).strip()


def with_piece(draft: str, text: str, place: str) -> str:
    """Add a piece once: at the start, in a block of its own at the end, or after the last piece."""
    pieces = [piece for piece in pieces_of(draft) if piece.text != text]
    if place == "start":
        return joined([Piece("", text), *pieces])
    kind = Piece("", text).kind
    apart = place == "end" or not pieces or pieces[-1].kind != kind
    return joined([*pieces, Piece("\n\n" if apart else "\n" if kind == "item" else " ", text)])
