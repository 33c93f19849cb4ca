"""The words by which the checks read a customer's message, as regular expressions: they stand beside the prompts."""

from __future__ import annotations

import tomllib

from prompts import path

_FILE = path("support_desk/words.toml")
WORDS: dict[str, str] = tomllib.loads(_FILE.read_text(encoding="utf-8"))


def any_line(name: str) -> str:
    """Return a pattern that matches any of several, which stand one a line."""
    return "|".join(f"(?:{line})" for line in WORDS[name].strip().splitlines())
