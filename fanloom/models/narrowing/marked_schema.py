"""The JSON schema of an output model with its places marked, from which that of any bounds is copied.

Pydantic takes a millisecond for a schema; a copy with an enum put in takes some hundredths.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from pydantic import BaseModel, GetJsonSchemaHandler, create_model
from pydantic_core import CoreSchema

from fanloom.models.narrowing.output_bounds import Bound
from fanloom.models.narrowing.output_places import noted

Schema: TypeAlias = dict[str, Any]

# One for each step that narrows, whatever its bounds.
_REMEMBERED = 64
_MARK = "\0place"


@lru_cache(maxsize=_REMEMBERED)
def marked(output: type[BaseModel], places: frozenset[str]) -> tuple[type[BaseModel], dict[str, bool]]:
    """Return a model whose schema has some places marked, and of each place that there is whether it may be null.

    Raises UserError for what is no place at all.
    """
    return noted(output, {place: [_Mark(place)] for place in places}, alike)


def schema_within(output: type[BaseModel], bounds: Mapping[str, Sequence[Bound]], *args: Any, **kwargs: Any) -> Schema:
    """Return the JSON schema of a model with what its bounds, by their places, show; the rest is as for the model."""
    model, _ = marked(output, frozenset(bounds))
    shown: Schema = _filled(_schema(model, args, tuple(kwargs.items())), bounds)
    return shown


@lru_cache(maxsize=_REMEMBERED)
def _schema(model: type[BaseModel], args: tuple[Any, ...], kwargs: tuple[tuple[str, Any], ...]) -> Schema:
    return model.model_json_schema(*args, **dict(kwargs))


def _filled(schema: Any, bounds: Mapping[str, Sequence[Bound]]) -> Any:
    if isinstance(schema, list):
        return [_filled(part, bounds) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _filled(part, bounds) for name, part in schema.items() if name != _MARK}
    for bound in bounds[schema[_MARK]] if _MARK in schema else ():
        made = bound.shown(made)
    return made


@dataclass(frozen=True)
class _Mark:
    place: str

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Schema:
        return {**handler.resolve_ref_schema(handler(schema)), _MARK: self.place}


def alike(model: type[BaseModel], fields: dict[str, Any]) -> type[BaseModel]:
    """Return a model like another one, with other annotations of some fields."""
    made: type[BaseModel] = create_model(
        model.__name__, __base__=model, __module__=model.__module__, __doc__=model.__doc__, **fields
    )
    return made
