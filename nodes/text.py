"""Text that somebody wrote, as the inputs of the graphs take it."""

from __future__ import annotations

import unicodedata
from typing import Annotated, TypeAlias

from pydantic import AfterValidator

# Nobody sees anything of these: controls, format characters such as the zero-width ones, blanks, lone accents.
_UNSEEN = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp", "Mn", "Me"})
# Fillers and the empty braille cell count as letters or symbols, and are blank all the same.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800")


def _proper_text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("holds half a character (a lone surrogate); decode the file with its own encoding") from None
    if not any(map(is_seen, text)):
        raise ValueError("is empty; give it some text")
    return text


def is_seen(character: str) -> bool:
    """Return whether a reader sees anything of a character."""
    return character not in _BLANK and unicodedata.category(character) not in _UNSEEN


ProperText: TypeAlias = Annotated[str, AfterValidator(_proper_text)]
"""A text in which there is something to read: not blank, and no lone surrogates."""


def plain(text: str, most: int) -> str:
    """Return a text as any database stores it: no control characters, no half characters, cut to `most` characters."""
    kept = (" " if unicodedata.category(character) in ("Cc", "Cs") else character for character in text[:most])
    return "".join(kept).strip()
