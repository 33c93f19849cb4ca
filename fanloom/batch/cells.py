"""Texts from a table of texts, as the values that a graph takes: a CSV file has no numbers and no lists."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]


def as_taken(given: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    """Return an input whose texts are read as JSON where the graph takes no text; an empty one is left out there."""
    known = schema.get("properties", {})
    others = {name for name in given if name in known and not _takes_text(known[name], schema)}
    filled = {name: value for name, value in given.items() if name not in others or value != ""}
    return {name: _value(value) if name in others else value for name, value in filled.items()}


def _takes_text(part: Schema, root: Schema) -> bool:
    if "$ref" in part:
        part = root.get("$defs", {}).get(part["$ref"].rpartition("/")[2], {})
    parts = part.get("anyOf") or part.get("oneOf") or [part]
    # What says nothing of a type takes anything.
    return any("string" in each.get("type", "string") if "$ref" not in each else False for each in parts)


def _value(text: Any) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError):
        # The graph says what is wrong with it.
        return text
