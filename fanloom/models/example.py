"""The smallest instance that a JSON schema allows, for steps that have no understudy."""

from __future__ import annotations

from typing import Any

_TEXT = "[offline] no language model was used"


def example(schema: dict[str, Any], defs: dict[str, Any] | None = None) -> Any:
    """Return a small valid instance of a JSON schema; the same schema always gives the same instance.

    Texts say that they come from no language model. References to `$defs`, unions, enums, bounds and lengths are
    obeyed; `pattern` and `format` are not.
    """
    defs = schema.get("$defs", defs or {})
    if "$ref" in schema:
        return example(defs[schema["$ref"].rsplit("/", 1)[-1]], defs)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for union in ("anyOf", "oneOf", "allOf"):
        if union in schema:
            return example(schema[union][0], defs)
    return _of_type(schema, defs)


def _of_type(schema: dict[str, Any], defs: dict[str, Any]) -> Any:
    match schema.get("type", "object"):
        case "object":
            fields = schema.get("properties", {})
            return {name: example(fields[name], defs) for name in schema.get("required", []) if name in fields}
        case "array":
            return [example(schema.get("items", {"type": "string"}), defs)] * max(schema.get("minItems", 1), 1)
        case "string":
            return _text(schema)
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return False
        case _:
            return None


def _text(schema: dict[str, Any]) -> str:
    return _TEXT.ljust(schema.get("minLength", 0), ".")[: schema.get("maxLength")]


def _number(schema: dict[str, Any]) -> Any:
    step = schema.get("multipleOf", 1)
    low = schema.get("minimum", schema["exclusiveMinimum"] + step if "exclusiveMinimum" in schema else None)
    high = schema.get("maximum", schema["exclusiveMaximum"] - step if "exclusiveMaximum" in schema else None)
    if low is not None:
        return low if schema.get("multipleOf") is None else -(-low // step) * step
    return min(0, high) if high is not None else 0
