"""A graph's input is checked against its own schema before any model is called."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from fanloom.errors import InvalidInput


def check_input(schema: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a graph's input, checked against its schema (a TypedDict with Pydantic's constraints).

    Raises InvalidInput, naming the field; what was given is never repeated, since it can be a whole document.
    """
    given = {name: values[name] for name in schema.__annotations__ if values.get(name) is not None}
    try:
        checked: dict[str, Any] = _adapter(schema).validate_python(given)
        return checked
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InvalidInput(f"input field {_path(first['loc'])!r}: {_plain(first)}.") from None


@lru_cache(maxsize=64)
def _adapter(schema: Any) -> TypeAdapter[Any]:
    return TypeAdapter(schema)


def _plain(error: Any) -> str:
    if error["type"] == "missing":
        return "is missing; give it a value"
    if error["type"] == "too_short":
        return f"needs at least {error['ctx']['min_length']}, has {error['ctx']['actual_length']}"
    if error["type"] in ("too_long", "string_too_long"):
        # Pydantic counts the characters of a text as items where another validator comes first.
        unit = " characters" if isinstance(error["input"], str) else ""
        return f"may have {error['ctx']['max_length']:,}{unit}, has {len(error['input']):,}; shorten it"
    told = str(error["msg"]).removeprefix("Value error, ")
    return f"{told}, not {error['input']}" if isinstance(error["input"], int | float) else told


def _path(location: tuple[int | str, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
