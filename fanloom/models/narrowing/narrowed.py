"""An output model made narrower by what a run knows; what it makes are instances of the model itself."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple, Self, TypeVar
from weakref import WeakKeyDictionary

from pydantic import BaseModel, create_model, model_validator

from fanloom.errors import UserError
from fanloom.models.narrowing.marked_schema import alike, marked, schema_within
from fanloom.models.narrowing.output_bounds import Bound, Choices
from fanloom.models.narrowing.output_places import noted
from fanloom.models.output_model import OutputModel

M = TypeVar("M", bound=OutputModel)

# A fan-out asks for the same one every time; the bound keeps those that differ each time from growing. Some 25 KB each.
_REMEMBERED = 128


class _Origin(NamedTuple):
    """What a class was made of: the model that it narrows, and within which bounds at each place."""

    model: type[BaseModel]
    bounds: dict[str, tuple[Bound, ...]]


_origins: WeakKeyDictionary[type[BaseModel], _Origin] = WeakKeyDictionary()


def narrowed(output: type[M], bounds: Mapping[str, Bound]) -> type[M]:
    """Return an output model within bounds, by their places: `{"sources[]": Choices(titles), "parts": Count(1, 3)}`.

    A place is a field, `name[]` each item of a list, `parts[].id` a field of each item; of a union, in the members that
    have it. The schema that models are shown says the bounds, as far as their providers take them; the validation
    holds them, and what it makes are instances of `output` and of the models in it. The same bounds give the same
    class. Raises UserError for a place that is not there, and for no choice where null is none either.
    """
    if not (isinstance(output, type) and issubclass(output, OutputModel)):
        raise UserError(f"only an OutputModel can be narrowed, not {output!r}")
    return _narrowed(output, frozenset(bounds.items())) if bounds else output


def is_narrowed(output: type) -> bool:
    """Say whether a class was made by `narrowed`."""
    return output in _origins


def spelt_out(output: type[BaseModel]) -> type[BaseModel]:
    """Return a model in whose fields the bounds stand that `output` is narrowed by, those that are only shown too."""
    model, bounds = _origins.get(output) or _Origin(output, {})
    return noted(model, bounds, alike)[0]


@lru_cache(maxsize=_REMEMBERED)
def _narrowed(output: type[M], given: frozenset[tuple[str, Bound]]) -> type[M]:
    bounds = dict(given)
    before = _origins.get(output) or _Origin(output, {})
    _check(before.model, bounds)
    # Those that are only shown need no validation of their own, which takes a millisecond to make.
    made, _ = noted(output, {path: [bound] for path, bound in bounds.items() if bound.enforced}, _as_original)
    made = _as_original(output, {}) if made is output else made
    both = {path: (*before.bounds.get(path, ()), bound) for path, bound in bounds.items()}
    _origins[made] = _Origin(before.model, {**before.bounds, **both})
    return made  # type: ignore[return-value]


def _check(output: type[BaseModel], bounds: Mapping[str, Bound]) -> None:
    _, found = marked(output, frozenset(bounds))
    if missing := sorted(bounds.keys() - found.keys()):
        raise UserError(f"{output.__name__} has no place {missing[0]!r} to be narrowed; write 'field', 'list[].field'")
    for path, bound in bounds.items():
        if isinstance(bound, Choices) and not bound.values and not found[path]:
            raise UserError(f"there is no choice for {path!r}, and it cannot be null")


class _Narrowed(BaseModel):
    """What a narrowed class is beside its model."""

    @model_validator(mode="after")
    def _become_original(self) -> Self:
        object.__setattr__(self, "__class__", _origins[type(self)].model)
        return self

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return schema_within(*_origins[cls], *args, **kwargs)


def _as_original(model: type[BaseModel], fields: dict[str, Any]) -> type[BaseModel]:
    bases = (model,) if issubclass(model, _Narrowed) else (_Narrowed, model)
    made: type[BaseModel] = create_model(
        model.__name__, __base__=bases, __module__=model.__module__, __doc__=model.__doc__, **fields
    )
    _origins[made] = _origins.get(model) or _Origin(model, {})
    return made
