"""How much of a schema's enums and counts a provider is shown; what is too much is left out, and only checked."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple, TypeAlias

Schema: TypeAlias = dict[str, Any]


class SchemaBudget(NamedTuple):
    """What a provider takes: how much, in about tokens, and which characters no value of an enum may have."""

    tokens: int
    refused: re.Pattern[str] = re.compile(r"[\x00-\x1f\x7f]")


# All three take `enum`, `minItems`, `maxItems`, `minimum` and `maximum`: so say the guides to structured output of
# Gemini and OpenAI; Amazon Nova's restricts the top level of a tool's schema only. None takes any amount of them. What
# a schema costs is counted in about a token: a quarter of the characters of an enum's value, four at least, and a
# list's items as often as they may come, since a server that decodes by a grammar unrolls them.
#
# Gemini answers 400, "too many states for serving" or no reason at all, to some 2,600 characters of enum values
# (googleapis/python-genai issue 2133), to lists of some 960 items together (issue 2170), to fewer of large objects.
GEMINI = SchemaBudget(400)
# OpenAI's guide: 1,000 enum values a schema, and 15,000 characters in one enum of more than 250 values. It refuses
# values with line breaks or double quotes, as its users report.
OPENAI = SchemaBudget(3_700, re.compile(r'[\x00-\x1f\x7f"]'))
# Bedrock names no limit; a tool's schema is a part of every prompt, and paid for.
BEDROCK = SchemaBudget(2_500)

_COUNTS = ("minItems", "maxItems")
_CHARACTERS, _LEAST = 4, 4


def within(schema: Schema, budget: SchemaBudget) -> Schema:
    """Return a portable schema without the enums that a provider refuses, and what it is shown within its budget.

    Counts go first where it costs too much, then the longest enums.
    """
    for values in list(_enums(schema)):
        if any(budget.refused.search(str(value)) for value in values):
            schema = _without(schema, ("enum",), values)
    if cost(schema) > budget.tokens:
        schema = _without(schema, _COUNTS)
    while cost(schema) > budget.tokens and (enums := list(_enums(schema))):
        schema = _without(schema, ("enum",), max(enums, key=_of_values))
    return schema


def cost(schema: Schema) -> int:
    """Return what a schema costs a provider that decodes by it, in about a token."""
    parts = [*schema.get("properties", {}).values(), *schema.get("anyOf", ()), *schema.get("prefixItems", ())]
    often: int = schema.get("maxItems") or schema.get("minItems") or 1
    items = cost(schema["items"]) * often if isinstance(schema.get("items"), dict) else 0
    return 1 + _of_values(schema.get("enum", ())) + sum(map(cost, parts)) + items


def _of_values(values: Collection[Any]) -> int:
    return sum(max(_LEAST, len(str(value)) // _CHARACTERS) for value in values)


def _enums(schema: Any) -> Iterator[list[Any]]:
    """Yield the enums that can be left out: those of something that has a type beside."""
    if isinstance(schema, dict) and "enum" in schema and "type" in schema:
        yield schema["enum"]
    for part in _parts(schema):
        yield from _enums(part)


def _parts(schema: Any) -> Collection[Any]:
    return schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()


def _without(schema: Any, words: Collection[str], value: Any = None) -> Any:
    """Return a schema without some words, of which only those with a value are meant if one is given."""
    if isinstance(schema, list):
        return [_without(part, words, value) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: part for name, part in schema.items() if name not in words or (value is not None and part != value)}
    return {
        name: {field: _without(part, words, value) for field, part in one.items()}
        if name == "properties"
        else _without(one, words, value)
        for name, one in kept.items()
    }
