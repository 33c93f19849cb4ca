"""The `$defs` of a JSON schema: which lead back to themselves, and how deep the smallest instance goes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from fanloom.models.schema_examples.no_example import NoExample

Schema = dict[str, Any]


class References:
    """The definitions of one schema, by name; the whole schema may be one, by the name `#`."""

    def __init__(self, defs: dict[str, Schema]) -> None:
        self._defs = defs
        named = {name: set(_names(schema)) & defs.keys() for name, schema in defs.items()}
        for _ in defs:
            named = {name: names.union(*(named[other] for other in names)) for name, names in named.items()}
        self._reached = named
        self._depth: dict[str, float] = dict.fromkeys(defs, math.inf)
        for _ in defs:
            self._depth = {name: 1 + self.depth(schema) for name, schema in defs.items()}

    def resolve(self, schema: Schema) -> tuple[str, Schema]:
        """Return the name of a reference and what it refers to, with the keywords that stand beside it.

        Raises NoExample for a reference to what is not there.
        """
        if (name := _name(schema["$ref"])) not in self._defs:
            raise NoExample(f"it refers to {schema['$ref']!r}, which is not in it")
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return name, {**self._defs[name], **beside}

    def is_circular(self, name: str) -> bool:
        """Tell whether a definition leads back to itself."""
        return name in self._reached[name]

    def meets_circle(self, schema: Any) -> bool:
        """Tell whether a schema leads to a definition that leads back to itself."""
        names = set(_names(schema)) & self._defs.keys()
        return any(self.is_circular(name) for name in names.union(*(self._reached[name] for name in names)))

    def depth(self, schema: Any) -> float:
        """Return how many references the smallest instance of a schema goes down; infinity if it has no end."""
        if not isinstance(schema, dict):
            return 0
        if "$ref" in schema:
            return self._depth.get(_name(schema["$ref"]), 0)
        if branches := schema.get("anyOf") or schema.get("oneOf"):
            return min(self.depth(branch) for branch in branches)
        return max((self.depth(part) for part in _needed(schema)), default=0)


def _needed(schema: Schema) -> Iterator[Any]:
    """Yield the parts that every instance of a schema has."""
    yield from schema.get("allOf", ())
    yield from schema.get("prefixItems", ())
    fields = schema.get("properties", {})
    yield from (fields.get(name) for name in schema.get("required", ()))
    yield schema.get("items") if schema.get("minItems") else None
    if schema.get("minProperties"):
        yield schema.get("additionalProperties")
        yield from schema.get("patternProperties", {}).values()
    yield schema.get("contentSchema")


def _names(schema: Any) -> Iterator[str]:
    """Yield the names of the definitions that a schema refers to."""
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield _name(schema["$ref"])
        schema = list(schema.values())
    if isinstance(schema, list):
        for part in schema:
            yield from _names(part)


def _name(reference: str) -> str:
    # In a JSON pointer "~1" stands for "/" and "~0" for "~".
    return reference.rsplit("/", 1)[-1].replace("~1", "/").replace("~0", "~")
