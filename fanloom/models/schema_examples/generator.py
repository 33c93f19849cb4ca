"""Answers that are made from a schema alone, for steps that have no understudy."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain, product, starmap
from typing import Any, Literal, NamedTuple, Self, TypeAlias, get_args
from weakref import WeakKeyDictionary

from pydantic import BaseModel, ValidationError

from fanloom.errors import BadModelOutput
from fanloom.models.output_model import as_json
from fanloom.models.schema_examples.definitions import References
from fanloom.models.schema_examples.exact_schema import exact_schema
from fanloom.models.schema_examples.no_example import NoExample
from fanloom.models.schema_examples.numbers import number
from fanloom.models.schema_examples.texts import text

Schema = dict[str, Any]
_Order: TypeAlias = Literal["same", "rising", "falling"]
_TURNS = 4
# By these a schema without a type is one of objects; whatever else has none accepts a text.
_OF_OBJECTS = {"properties", "required", "additionalProperties"}
# Weak, for a run can have classes of its own, and they hold what it knows.
_made: WeakKeyDictionary[type[BaseModel], str] = WeakKeyDictionary()


def example_of(output: type[BaseModel]) -> Any:
    """Return JSON-plain data that `output` accepts, always the same; its texts are marked `[offline]`.

    Raises BadModelOutput of the kind `no_understudy` where the schema does not lead to such data.
    """
    if output not in _made:
        _made[output] = _example_of(output)
    return json.loads(_made[output])


def _example_of(output: type[BaseModel]) -> str:
    schema = exact_schema(output)
    plainest = example_or_why(schema, output.__name__)
    reasons = []
    # Validators of the model's own may refuse one instance and take another.
    for made in chain([plainest], _others(schema)):
        try:
            as_json(made, output)
            return json.dumps(made)
        except Exception as error:  # noqa: BLE001 - a validator can stumble over a made-up text in any way
            reasons.append(_reason(error))
    raise _no_example(output.__name__, reasons[0])


def _reason(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return f"a validator raised {error!r}"
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'the whole'}: {first['msg']}"


def example_or_why(schema: Schema, name: str) -> Any:
    """Return an instance of a schema that is known by a name. Raises BadModelOutput of the kind `no_understudy`."""
    try:
        return example(schema)
    except NoExample as error:
        why = str(error)
    raise _no_example(name, why)


def _no_example(name: str, why: str) -> BadModelOutput:
    return BadModelOutput(
        f"the offline model found no example that {name} accepts ({why}); "
        f"give the step an understudy: LLMStep(..., understudy=lambda **variables: {name}(...))",
        kind="no_understudy",
    )


def example(schema: Schema) -> Any:
    """Return a small instance of a JSON schema, always the same; its texts are marked `[offline]` where they may be.

    A list has one item, unless it needs more or would go round in a circle; a field that may be left out is left out.
    Raises NoExample where no instance is found.
    """
    references = _references(schema)
    if references.depth(schema) == math.inf:
        raise NoExample("it has itself as a part, without an end")
    return _Maker(references, _Style()).made(schema)


def _others(schema: Schema) -> Iterator[Any]:
    """Yield less plain instances of a schema that has a plain one."""
    references = _references(schema)
    for style in starmap(_Style, product((False, True), get_args(_Order))):
        for turn in range(_TURNS):
            with suppress(NoExample):
                yield _Maker(references, style, turn).made(schema)


def _references(schema: Schema) -> References:
    return References({**schema.get("definitions", {}), **schema.get("$defs", {}), "#": schema})


class _Style(NamedTuple):
    """How an instance is made: whether it has what may be left out, and how the turns of an object's fields go on."""

    full: bool = False
    order: _Order = "same"

    def turns(self, count: int) -> Iterable[int]:
        return {"same": [0] * count, "rising": range(count), "falling": reversed(range(count))}[self.order]


class _Maker:
    """Makes the instances of one schema; those of different turns differ, as in a set."""

    def __init__(self, references: References, style: _Style, turn: int = 0, in_circle: bool = False) -> None:
        self.references, self.style, self.turn, self.in_circle = references, style, turn, in_circle

    def made(self, schema: Schema | bool) -> Any:
        if not isinstance(schema, dict):
            return text({}, self.turn)
        if "$ref" in schema:
            name, target = self.references.resolve(schema)
            return self._next(in_circle=self.references.is_circular(name)).made(target)
        if values := schema.get("enum", [schema["const"]] if "const" in schema else []):
            return values[self.turn % len(values)]
        if branches := schema.get("anyOf") or schema.get("oneOf"):
            return self._of_union(branches, schema.get("discriminator", {}))
        if "allOf" in schema:
            return self.made(self._merged(schema))
        return self._of_type(schema)

    def _next(self, turn: int = 0, in_circle: bool = False) -> Self:
        return type(self)(self.references, self.style, self.turn + turn, self.in_circle or in_circle)

    def _of_union(self, branches: list[Schema], discriminator: Schema) -> Any:
        refs = self.references
        *nearest, last = sorted(branches, key=lambda one: refs.depth(one) if refs.meets_circle(one) else 0)
        for branch in nearest:
            with suppress(NoExample):
                return self._tagged(branch, discriminator)
        return self._tagged(last, discriminator)

    def _tagged(self, branch: Schema, discriminator: Schema) -> Any:
        made = self.made(branch)
        tags = [tag for tag, target in discriminator.get("mapping", {}).items() if target == branch.get("$ref")]
        # A tag with a default may be left out of the member, and never of the union.
        return {discriminator["propertyName"]: tags[0], **made} if tags else made

    def _merged(self, schema: Schema) -> Schema:
        whole: Schema = {}
        for part in [*schema["allOf"], {key: value for key, value in schema.items() if key != "allOf"}]:
            part = self.references.resolve(part)[1] if "$ref" in part else part
            fields = {**whole.get("properties", {}), **part.get("properties", {})}
            required = [*whole.get("required", []), *part.get("required", [])]
            whole = {**whole, **part, "properties": fields, "required": required}
        return whole

    def _of_type(self, schema: Schema) -> Any:
        match schema.get("type", "object" if _OF_OBJECTS & schema.keys() else "string"):
            case [kind, *_]:
                return self._of_type({**schema, "type": kind})
            case "object":
                return self._object(schema)
            case "array":
                return self._array(schema)
            case "string" if "contentSchema" in schema:
                return json.dumps(self.made(schema["contentSchema"]))
            case "string":
                return text(schema, self.turn)
            case "integer" | "number":
                return number(schema, self.turn)
            case "boolean":
                return bool(self.turn % 2)
            case "null":
                return None
            case unknown:
                raise NoExample(f"there is no type {unknown!r}")

    def _object(self, schema: Schema) -> dict[str, Any]:
        fields = schema.get("properties", {})
        names = dict.fromkeys([*schema.get("required", []), *self._optional(fields)])
        made = {
            name: self._next(turn).made(fields.get(name, {}))
            for name, turn in zip(names, self.style.turns(len(names)), strict=True)
        }
        keys, values = schema.get("propertyNames", {}), schema.get("additionalProperties", {})
        for turn in range(len(made), schema.get("minProperties", 0)):
            other = self._next(turn)
            made[str(other.made({"type": "string", **keys}))] = other.made(values)
        return made

    def _optional(self, fields: dict[str, Schema]) -> list[str]:
        return [name for name in fields if self.style.full and not self.references.meets_circle(fields[name])]

    def _array(self, schema: Schema) -> list[Any]:
        first = [self.made(item) for item in schema.get("prefixItems", [])]
        return [*first, *self._items(schema, self._length(schema) - len(first))]

    def _items(self, schema: Schema, count: int) -> Iterator[Any]:
        differ = schema.get("uniqueItems", False)
        for turn in range(count):
            yield self._next(turn if differ else 0).made(schema.get("items", {}))

    def _length(self, schema: Schema) -> int:
        least: int = schema.get("minItems", 0)
        items = schema.get("items")
        goes_round = self.in_circle and self.references.meets_circle(items)
        return (
            least
            if goes_round or self.references.depth(items) == math.inf
            else max(least, min(1 + self.style.full, schema.get("maxItems", math.inf)))
        )
