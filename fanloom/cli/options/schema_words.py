"""What a JSON schema says about a value, and the schema in one line; what is not known here is left to the graph."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from fanloom.cli.exits import clean
from fanloom.cli.options.input_options import Schema, resolve

_DEEPEST = 20
_IS: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
}
_BOUNDS: list[tuple[str, str, Callable[[Any, Any], bool]]] = [
    ("minimum", "is less than", lambda value, bound: value < bound),
    ("maximum", "is more than", lambda value, bound: value > bound),
    ("exclusiveMinimum", "is not more than", lambda value, bound: value <= bound),
    ("exclusiveMaximum", "is not less than", lambda value, bound: value >= bound),
]
_LENGTHS: list[tuple[str, str, Callable[[int, int], bool]]] = [
    ("minLength", "is shorter than", lambda length, bound: length < bound),
    ("maxLength", "is longer than", lambda length, bound: length > bound),
    ("minItems", "has fewer items than", lambda length, bound: length < bound),
    ("maxItems", "has more items than", lambda length, bound: length > bound),
]


def problem(value: Any, schema: Schema | None, where: str = "the answer") -> str:
    """Return in words what is wrong with a value, or nothing if it fits its JSON schema."""
    return _problem(value, schema or {}, schema or {}, where, _DEEPEST)


def _problem(value: Any, part: Schema, root: Schema, where: str, depth: int) -> str:
    if depth == 0 or (value is None and _takes_null(part)):
        return ""
    part = resolve(part, root)
    members = part.get("anyOf") or part.get("oneOf") or []
    if members and all(_problem(value, member, root, where, depth - 1) for member in members):
        return f"{where} is {_shown(value)}, which is none of what is possible"
    choices = part.get("enum", [part["const"]] if "const" in part else None)
    if choices is not None and not any(type(value) is type(choice) and value == choice for choice in choices):
        return f"{where} must be {' or '.join(map(_shown, choices))}, not {_shown(value)}"
    kind = part.get("type")
    if kind in _IS and not _IS[kind](value):
        return f"{where} must be {_named(kind)}, not {_shown(value)}"
    return _out_of_bounds(value, part, where) or _inside(value, part, root, where, depth)


def _out_of_bounds(value: Any, part: Schema, where: str) -> str:
    measured: list[tuple[Any, list[tuple[str, str, Callable[[Any, Any], bool]]]]] = []
    if _IS["number"](value):
        measured = [(value, _BOUNDS)]
    elif isinstance(value, str | list):
        own = _LENGTHS[:2] if isinstance(value, str) else _LENGTHS[2:]
        measured = [(len(value), own)]
    return next(
        (
            f"{where} {words} {part[name]}"
            for size, bounds in measured
            for name, words, is_outside in bounds
            if name in part and is_outside(size, part[name])
        ),
        "",
    )


def _inside(value: Any, part: Schema, root: Schema, where: str, depth: int) -> str:
    """Return what is wrong with a part of an object or a list."""
    if isinstance(value, list):
        items = part.get("items") or {}
        found = (_problem(item, items, root, f"item {n} of {where}", depth - 1) for n, item in enumerate(value, 1))
        return next(filter(None, found), "")
    if not isinstance(value, dict):
        return ""
    known = part.get("properties", {})
    if missing := [name for name in part.get("required", ()) if name not in value]:
        return f"{where} lacks {missing[0]!r}"
    if part.get("additionalProperties") is False and (unknown := [name for name in value if name not in known]):
        return f"{where} has no {unknown[0]!r}"
    found = (_problem(value[name], known[name], root, f"{name!r}", depth - 1) for name in known if name in value)
    return next(filter(None, found), "")


def _takes_null(part: Schema) -> bool:
    kinds = [member.get("type") for member in (part, *part.get("anyOf", ()), *part.get("oneOf", ()))]
    return any(kind == "null" or (isinstance(kind, list) and "null" in kind) for kind in kinds)


def describe(schema: Schema | None) -> str:
    """Return a JSON schema in one line, as in `{"decision": "approve" | "decline", "reason": text (optional)}`."""
    return clean(_described(schema or {}, schema or {}, 4))


def _described(part: Schema, root: Schema, depth: int) -> str:
    part = resolve(part, root)
    if choices := part.get("enum") or ([part["const"]] if "const" in part else []):
        return " | ".join(map(_shown, choices))
    if (members := part.get("anyOf") or part.get("oneOf")) and depth:
        return " | ".join(_described(member, root, depth - 1) for member in members)
    if part.get("type") == "array" and depth:
        return f"[{_described(part.get('items') or {}, root, depth - 1)}, ...]"
    if part.get("type") == "object" and part.get("properties") and depth:
        required = part.get("required", ())
        fields = (
            f"{json.dumps(name)}: {_described(inner, root, depth - 1)}{'' if name in required else ' (optional)'}"
            for name, inner in part["properties"].items()
        )
        return f"{{{', '.join(fields)}}}"
    return _named(str(part.get("type")))


def _named(kind: str) -> str:
    names = {"string": "text", "boolean": "true or false", "integer": "a whole number", "number": "a number"}
    return {**names, "array": "a list", "object": "an object", "null": "null"}.get(kind, "any JSON")


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:60]}..."
