"""What a JSON schema says about a value, and the schema in one line; what is not known here is left to the graph."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fanloom.cli.exits import clean
from fanloom.cli.options.input_options import Schema, resolve

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

# By the keyword that a value does not fit; `{0}` is what the keyword says, `{1}` the value.
_WORDS = {
    "minimum": "is less than {0}",
    "maximum": "is more than {0}",
    "exclusiveMinimum": "is not more than {0}",
    "exclusiveMaximum": "is not less than {0}",
    "minLength": "is shorter than {0}",
    "maxLength": "is longer than {0}",
    "minItems": "has fewer items than {0}",
    "maxItems": "has more items than {0}",
    "const": "must be {0}, not {1}",
    "anyOf": "is {1}, which is none of what is possible",
    "oneOf": "is {1}, which is not one of what is possible",
}


def problem(value: Any, schema: Schema | None, where: str = "the answer") -> str:
    """Return in words what is wrong with a value, or nothing if it fits its JSON schema."""
    # It takes as long to import as the rest of a command.
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match
    from referencing.exceptions import Unresolvable

    try:
        error = best_match(Draft202012Validator(schema or {}).iter_errors(value))
    except (Unresolvable, RecursionError, TypeError, ValueError):
        # A schema that nobody can follow: the graph itself says what it takes.
        return ""
    return f"{_place(error, where)} {_told(error)}" if error else ""


def _place(error: ValidationError, where: str) -> str:
    for step in error.absolute_path:
        where = f"item {step + 1} of {where}" if isinstance(step, int) else repr(step)
    return where


def _told(error: ValidationError) -> str:
    asked, value = error.validator_value, error.instance
    match str(error.validator):
        case "type":
            kinds = [asked] if isinstance(asked, str) else asked
            return f"must be {' or '.join(_named(kind) for kind in kinds)}, not {_shown(value)}"
        case "enum":
            return f"must be {' or '.join(map(_shown, asked))}, not {_shown(value)}"
        case "required":
            return f"lacks {next(name for name in asked if name not in value)!r}"
        case "additionalProperties" if asked is False:
            known = error.schema.get("properties", {})
            return f"has no {next((name for name in value if name not in known), '')!r}"
        case keyword if keyword in _WORDS:
            return _WORDS[keyword].format(_shown(asked), _shown(value))
        case keyword:
            return f"does not fit: {keyword} is {_shown(asked)}, and it is {_shown(value)}"


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
