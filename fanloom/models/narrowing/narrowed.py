"""An output model made narrower by what a run knows; what it makes are instances of the model itself."""

from __future__ import annotations

import re
import types
from collections.abc import Collection, Iterator, Mapping
from copy import copy
from functools import lru_cache
from typing import Annotated, Any, TypeAlias, TypeVar, Union, get_args, get_origin
from weakref import WeakKeyDictionary

from pydantic import BaseModel, create_model, model_validator

from fanloom.errors import UserError
from fanloom.models.narrowing.output_bounds import Bound, Choices
from fanloom.models.output_model import OutputModel

M = TypeVar("M", bound=OutputModel)
_Place: TypeAlias = tuple[str, ...]
_Places: TypeAlias = dict[_Place, Bound]

# A fan-out asks for the same one every time; the bound keeps those that differ each time from growing. Some 5 ms and
# 25 KB each.
_REMEMBERED = 128
_ITEMS = "[]"
_PATH = re.compile(r"\w+(\[\])*(\.\w+(\[\])*)*")
_originals: WeakKeyDictionary[type[BaseModel], type[BaseModel]] = WeakKeyDictionary()


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
    return output in _originals


@lru_cache(maxsize=_REMEMBERED)
def _narrowed(output: type[M], bounds: frozenset[tuple[str, Bound]]) -> type[M]:
    places = {_steps(path): bound for path, bound in bounds}
    found: set[_Place] = set()
    made: type[M] = _of_model(output, places, (), found)
    if missing := sorted(path for path, _ in bounds if _steps(path) not in found):
        raise UserError(f"{output.__name__} has no place {missing[0]!r} to be narrowed; write 'field', 'list[].field'")
    return made


def _steps(path: str) -> _Place:
    if not _PATH.fullmatch(path):
        raise UserError(f"{path!r} is no place in an output; write 'field', 'list[]' or 'list[].field'")
    return tuple(path.replace(_ITEMS, f".{_ITEMS}").split("."))


def _of_model(model: type[BaseModel], places: _Places, above: _Place, found: set[_Place]) -> Any:
    fields = {name: _deeper(places, name) for name, *_ in filter(None, places) if name in model.model_fields}
    if not fields:
        return model
    changed = {name: _of_field(model, name, inner, (*above, name), found) for name, inner in fields.items()}
    original = _originals.get(model, model)

    def as_original(self: BaseModel) -> BaseModel:
        object.__setattr__(self, "__class__", original)
        return self

    made = create_model(
        model.__name__,
        __base__=model,
        __module__=model.__module__,
        __doc__=model.__doc__,
        __validators__={"as_original": model_validator(mode="after")(as_original)},  # type: ignore[dict-item]
        **changed,
    )
    _originals[made] = original
    return made


def _of_field(model: type[BaseModel], name: str, places: _Places, above: _Place, found: set[_Place]) -> Any:
    field = copy(model.model_fields[name])
    kind = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
    field.metadata = []
    return _of_type(kind, places, above, found), field


def _of_type(kind: Any, places: _Places, above: _Place, found: set[_Place]) -> Any:
    deeper = {place: bound for place, bound in places.items() if place}
    inner = _inside(kind, deeper, above, found) if deeper else kind
    if not (bound := places.get(())):
        return inner
    if isinstance(bound, Choices) and not bound.values and type(None) not in _members(kind):
        raise UserError(f"there is no choice for {_written(above)!r}, and it cannot be null")
    found.add(above)
    return Annotated[inner, bound]


def _inside(kind: Any, places: _Places, above: _Place, found: set[_Place]) -> Any:
    origin, args = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return Annotated[(_inside(args[0], places, above, found), *args[1:])]
    if origin in (Union, types.UnionType):
        return Union[tuple(_inside(member, places, above, found) for member in args)]  # noqa: UP007
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return _of_model(kind, places, above, found)
    items = _deeper(places, _ITEMS)
    if not items or not isinstance(origin, type) or not issubclass(origin, Collection) or issubclass(origin, Mapping):
        return kind
    return origin[
        tuple(arg if arg is Ellipsis else _of_type(arg, items, (*above, _ITEMS), found) for arg in args)  # type: ignore[index]
    ]


def _deeper(places: _Places, step: str) -> _Places:
    return {place[1:]: bound for place, bound in places.items() if place[:1] == (step,)}


def _members(kind: Any) -> Iterator[Any]:
    if get_origin(kind) in (Union, types.UnionType, Annotated):
        for member in get_args(kind):
            yield from _members(member)
    else:
        yield kind


def _written(place: _Place) -> str:
    return ".".join(place).replace(f".{_ITEMS}", _ITEMS)
