"""OpenAI's strict subset of JSON schema, in which every field is required and an optional one may be null."""

from __future__ import annotations

from typing import Any

# What OpenAI's guide to structured outputs lists; what bounds texts there is left out, since validation holds as ever.
_KEPT = (
    *("type", "enum", "description", "minItems", "maxItems", "multipleOf"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
)
_FORMATS = {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
_REFUSED = {"allOf", "not", "prefixItems", "patternProperties", "if", "$ref"}
_MOST_PROPERTIES, _MOST_ENUM_VALUES, _DEEPEST = 5000, 1000, 10
_NULL = {"type": "null"}


def strict(schema: dict[str, Any]) -> dict[str, Any] | None:
    """Return a portable schema in the strict subset, or None if it says what the subset cannot.

    It cannot say: objects with any keys, tuples, a model within itself, more than 5,000 fields, 1,000 enum values or 10
    levels.
    """
    if "properties" not in schema:
        return None
    counted = {"properties": 0, "enum": 0}
    try:
        made = _strict(schema, 0, counted)
    except ValueError:
        return None
    fits = counted["properties"] <= _MOST_PROPERTIES and counted["enum"] <= _MOST_ENUM_VALUES
    return made if fits else None


def _strict(node: dict[str, Any], depth: int, counted: dict[str, int]) -> dict[str, Any]:
    """Raises ValueError for what the subset cannot say."""
    if _REFUSED & node.keys() or not {"type", "anyOf", "enum"} & node.keys() or depth > _DEEPEST:
        raise ValueError
    made = {key: node[key] for key in _KEPT if key in node}
    counted["enum"] += len(node.get("enum", ()))
    if node.get("format") in _FORMATS:
        made["format"] = node["format"]
    if "anyOf" in node:
        made["anyOf"] = [_strict(branch, depth, counted) for branch in node["anyOf"]]
    if node.get("type") == "array":
        made["items"] = _strict(node.get("items", {}), depth + 1, counted)
    if node.get("type") == "object":
        made |= _object(node, depth, counted)
    return made


def _object(node: dict[str, Any], depth: int, counted: dict[str, int]) -> dict[str, Any]:
    if "properties" not in node:
        raise ValueError
    required = node.get("required", ())
    made = {name: _strict(value, depth + 1, counted) for name, value in node["properties"].items()}
    counted["properties"] += len(made)
    fields = {name: value if name in required else _nullable(value) for name, value in made.items()}
    return {"properties": fields, "required": list(fields), "additionalProperties": False}


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    branches = schema.get("anyOf")
    if branches is None:
        return {"anyOf": [schema, _NULL]}
    return schema if _NULL in branches else {**schema, "anyOf": [*branches, _NULL]}
