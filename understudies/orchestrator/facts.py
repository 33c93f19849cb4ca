"""What is known, in words: for texts that are written without a model."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

Facts: TypeAlias = Mapping[str, Any]

NOTHING_KNOWN = "Nothing else is known about it yet: what stands in the context of the task is said here."
_CAPITALS = frozenset("api cpu faq http https id ids json sdk sla sql ui uri url chf eur gbp usd".split())  # noqa: SIM905


def label(name: str) -> str:
    """Return the name of a variable as words: `target_audience` is `target audience`."""
    words = re.sub(r"_+|(?<=[a-z])(?=[A-Z])", " ", name).split() or [name]
    return " ".join(word.upper() if word.lower() in _CAPITALS else word for word in words)


def phrase(value: Any) -> str:
    """Return a value as part of a sentence."""
    if isinstance(value, dict):
        return ", ".join(f"{label(str(name))}: {phrase(item)}" for name, item in value.items()) or "nothing"
    if isinstance(value, list):
        items = [phrase(item) for item in value]
        return ("; ".join(items) if any(", " in item for item in items) else enumerated(items)) or "nothing"
    if value is None or isinstance(value, bool):
        return {None: "not known", True: "yes", False: "no"}[value]
    return " ".join(str(value).split()).rstrip(".") or "nothing"


def enumerated(items: Sequence[str], word: str = "and") -> str:
    """Return items as `a, b and c`."""
    *first, last = items or [""]
    return f"{', '.join(first)} {word} {last}" if first else last


def capital(text: str) -> str:
    """Return a text with a capital first letter, unless it begins with a name such as `v2` or `iOS`."""
    return text[:1].upper() + text[1:] if re.match(r"[^\WA-Z\d_][^A-Z\d\s]*(?:\s|$)", text) else text


def about(facts: Facts, words: Collection[str]) -> dict[str, Any]:
    """Return the facts whose names have one of these words in them."""
    return {name: value for name, value in facts.items() if any(word in name.lower() for word in words)}


def written(subject: str, kind: str, facts: Facts) -> str:
    """Write what is known, under any kind of heading."""
    rows = "\n".join(f"- **{capital(label(name))}**: {phrase(value)}" for name, value in facts.items())
    return f"{capital(kind)} of {subject}.\n\n{rows or NOTHING_KNOWN}"
