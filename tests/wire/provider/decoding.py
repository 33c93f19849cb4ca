"""Decoding by a schema: of what a model wants to say, what its provider lets it say."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator

from .schema import smallest

Schema = dict[str, Any]


def decoded(wanted: Any, schema: Schema) -> Any:
    """Return what is nearest to the data that a model wants to give, of what follows the schema."""
    found = _nearest(wanted, schema)
    Draft202012Validator(schema).validate(found)
    return found


def _nearest(wanted: Any, schema: Schema) -> Any:
    if "anyOf" in schema:
        return _of_union(wanted, schema["anyOf"])
    if "enum" in schema:
        return wanted if wanted in schema["enum"] else schema["enum"][0]
    match schema.get("type"):
        case "object" if isinstance(wanted, dict):
            return _object(wanted, schema)
        case "array" if isinstance(wanted, list):
            return _array(wanted, schema)
        case "integer" | "number" if isinstance(wanted, int | float):
            return min(max(wanted, schema.get("minimum", wanted)), schema.get("maximum", wanted))
        case _:
            return wanted if Draft202012Validator(schema).is_valid(wanted) else smallest(schema)


def _of_union(wanted: Any, branches: list[Schema]) -> Any:
    """Take the branch that fits; else one that says null, for a name that cannot be said; else one of the same tag."""
    for branch in branches:
        if Draft202012Validator(branch).is_valid(wanted):
            return _nearest(wanted, branch)
    if {"type": "null"} in branches:
        return None
    return _nearest(wanted, next((branch for branch in branches if _is_tagged(wanted, branch)), branches[0]))


def _is_tagged(wanted: Any, branch: Schema) -> bool:
    fields = branch.get("properties", {}).items() if isinstance(wanted, dict) else ()
    return any(wanted.get(name) in field.get("enum", ()) for name, field in fields)


def _object(wanted: dict[str, Any], schema: Schema) -> dict[str, Any]:
    fields, required = schema.get("properties", {}), schema.get("required", ())
    return {
        name: _nearest(wanted.get(name), field) for name, field in fields.items() if name in wanted or name in required
    }


def _array(wanted: list[Any], schema: Schema) -> list[Any]:
    items: list[Any] = [_nearest(item, schema.get("items", {})) for item in wanted[: schema.get("maxItems")]]
    more = smallest({**schema, "minItems": max(0, schema.get("minItems", 0))})
    return [*items, *more[len(items) :]]
