"""What may stand at one place of an output: one of some values, or so many items."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, PydanticKnownError, core_schema

from fanloom.errors import UserError

Schema: TypeAlias = dict[str, Any]

_LONGEST_LIST = 500
_LONGEST_VALUE = 100


class _Shown(ABC):
    """A bound as an annotation."""

    @abstractmethod
    def shown(self, schema: Schema) -> Schema:
        """Return the schema of a place with the bound put in, its words in order."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Schema:
        resolved = handler.resolve_ref_schema(handler(schema))
        branches = [handler.resolve_ref_schema(one) for one in resolved.get("anyOf", ())]
        return self.shown({**resolved, "anyOf": branches} if branches else resolved)


@dataclass(frozen=True, init=False)
class Choices(_Shown):
    """One of some values, texts or whole numbers; null too where the field allows it, and only null if there are none.

    `key` says when a value is written in another way: two with the same key are the same, and the answer holds it as
    given here. Give it a function with a name, for each lambda is another one. With `enforced=False` models are shown
    the values, and what they say all the same is left to the node. Raises UserError for other values.
    """

    values: tuple[str | int, ...]
    key: Callable[[Any], Any] | None
    enforced: bool

    def __init__(
        self, values: Iterable[str | int], *, key: Callable[[Any], Any] | None = None, enforced: bool = True
    ) -> None:
        found = tuple(dict.fromkeys(values))
        if wrong := [value for value in found if isinstance(value, bool) or not isinstance(value, str | int)]:
            raise UserError(f"choices are texts or whole numbers, not {wrong[0]!r}")
        object.__setattr__(self, "values", found)
        object.__setattr__(self, "key", key)
        object.__setattr__(self, "enforced", enforced)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        inner = handler(source)
        return core_schema.no_info_after_validator_function(self._checker(), inner) if self.enforced else inner

    def shown(self, schema: Schema) -> Schema:
        """Return the schema of a place with the values put in."""
        if branches := schema.get("anyOf"):
            kept = [self.shown(one) for one in branches if self.values or one.get("type") == "null"]
            rest = {name: value for name, value in schema.items() if name != "anyOf"}
            return {**schema, "anyOf": kept} if len(kept) > 1 else _in_order({**rest, **kept[0]})
        return schema if schema.get("type") == "null" else _in_order({**schema, **self._words()})

    def _checker(self) -> Callable[[Any], Any]:
        key = self.key or _itself
        known = {key(value): value for value in self.values}

        def check(value: Any) -> Any:
            if value is None:
                return None
            try:
                # A member of an enum stays one.
                found = known[key(value.value if isinstance(value, Enum) else value)]
                return value if isinstance(value, Enum) else found
            except (KeyError, TypeError):
                said = {"given": short(repr(value), _LONGEST_VALUE), "allowed": listed(self.values)}
                raise PydanticCustomError("not_among", "{given} is not among {allowed}", said) from None

        return check

    def _words(self) -> Schema:
        numbers = [value for value in self.values if isinstance(value, int)]
        # A range says the same in two words, which every provider takes; some take enums of texts only.
        if len(numbers) == len(self.values) == max(numbers) - min(numbers) + 1:
            return {"minimum": min(numbers), "maximum": max(numbers)}
        return {"enum": list(self.values)}


@dataclass(frozen=True)
class Count(_Shown):
    """From `least` to `most` items, without an upper bound if `most` is None: `Count(3, 3)` is exactly three.

    With `enforced=False` models are shown the count, and a list of another length is left to the node.
    Raises UserError where no list can be so long.
    """

    least: int = 0
    most: int | None = None
    enforced: bool = True

    def __post_init__(self) -> None:
        if self.least < 0 or (self.most is not None and self.most < self.least):
            raise UserError(f"no list has at least {self.least} and at most {self.most} items")

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        inner = handler(source)
        return core_schema.no_info_after_validator_function(self._checked, inner) if self.enforced else inner

    def shown(self, schema: Schema) -> Schema:
        """Return the schema of a place with the count put in."""
        if "anyOf" in schema:
            return {**schema, "anyOf": [self.shown(one) for one in schema["anyOf"]]}
        if schema.get("type") != "array":
            return schema
        least = max(self.least, schema.get("minItems", 0))
        bounds = [most for most in (self.most, schema.get("maxItems")) if most is not None]
        counts = {**({"minItems": least} if least else {}), **({"maxItems": min(bounds)} if bounds else {})}
        return _in_order({**schema, **counts})

    def _checked(self, items: Any) -> Any:
        if items is None:
            return None
        said = {"field_type": "List", "actual_length": len(items)}
        if len(items) < self.least:
            raise PydanticKnownError("too_short", {**said, "min_length": self.least})
        if self.most is not None and len(items) > self.most:
            raise PydanticKnownError("too_long", {**said, "max_length": self.most})
        return items


Bound: TypeAlias = Choices | Count


def listed(values: Iterable[Any]) -> str:
    """Return values as a text of bounded length: what is left out is counted."""
    shown: list[str] = []
    values = list(values)
    for value in values:
        shown.append(short(repr(value), _LONGEST_VALUE))
        if sum(map(len, shown)) > _LONGEST_LIST:
            break
    more = len(values) - len(shown)
    return (", ".join(shown) or "nothing: leave it out") + (f" and {more} more" if more else "")


def short(text: str, most: int) -> str:
    """Return a text cut to so many characters."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _in_order(schema: Schema) -> Schema:
    """Return a schema whose words stand as Pydantic has them."""
    return dict(sorted(schema.items()))


def _itself(value: Any) -> Any:
    return value
