"""What is known, in words: for texts that are written without a model."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

_CAPITALS = frozenset(
    {"api", "cpu", "faq", "http", "https", "id", "ids", "json", "sdk", "sla", "sql", "ui", "uri", "url"}
    | {"chf", "eur", "gbp", "usd"}
)


def label(name: str) -> str:
    """Return the name of a variable as words: `target_audience` is `target audience`."""
    words = re.sub(r"_+|(?<=[a-z])(?=[A-Z])", " ", name).split() or [name]
    return " ".join(word.upper() if word.lower() in _CAPITALS else word for word in words)


def phrase(value: Any) -> str:
    """Return a value as part of a sentence."""
    if isinstance(value, Mapping):
        return ", ".join(f"{label(str(name))}: {phrase(item)}" for name, item in value.items()) or "nothing"
    if isinstance(value, Sequence) and not isinstance(value, str):
        items = [phrase(item) for item in value]
        return ("; ".join(items) if any(", " in item for item in items) else enumerated(items)) or "nothing"
    if value is None or isinstance(value, bool):
        return {None: "not known", True: "yes", False: "no"}[value]
    return " ".join(str(value).split()).rstrip(".") or "nothing"


def named(name: str, value: Any) -> str:
    """Return a fact with its name: `auth methods: JWT and OAuth2`."""
    return f"{label(name)} ({phrase(value)})" if isinstance(value, Mapping) else f"{label(name)}: {phrase(value)}"


def enumerated(items: Sequence[str], word: str = "and") -> str:
    """Return items as `a, b and c`."""
    *first, last = items or [""]
    return f"{', '.join(first)} {word} {last}" if first else last


def capital(text: str) -> str:
    """Return a text with a capital first letter, unless it begins with a name such as `v2` or `iOS`."""
    first = text.split(maxsplit=1)[:1]
    return text[:1].upper() + text[1:] if first and re.fullmatch(r"[^\WA-Z\d_][^A-Z\d]*", first[0]) else text


def about(context: Mapping[str, Any], words: Collection[str]) -> dict[str, Any]:
    """Return the facts whose names have one of these words in them."""
    return {name: value for name, value in context.items() if any(word in name.lower() for word in words)}


def bullets(context: Mapping[str, Any]) -> str:
    """Return all facts as a list."""
    return "\n".join(f"- **{capital(label(name))}**: {phrase(value)}" for name, value in context.items())


def first_sentence(text: str) -> str:
    """Return the first sentence of a text that is no heading."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return re.split(r"(?<=[.!?])\s", lines[0], maxsplit=1)[0] if lines else ""
