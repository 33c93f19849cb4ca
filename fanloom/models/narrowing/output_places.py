"""The places of an output model: fields, items of lists and fields of items, and what is noted at them."""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from copy import copy
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel

from fanloom.errors import UserError

_Place: TypeAlias = tuple[str, ...]
_Notes: TypeAlias = dict[_Place, Sequence[Any]]
Make: TypeAlias = Callable[[type[BaseModel], dict[str, Any]], type[BaseModel]]
"""A function that makes a model like another one, with other annotations of some fields."""

_ITEMS = "[]"
_PATH = re.compile(r"\w+(\[\])*(\.\w+(\[\])*)*")


def noted(
    model: type[BaseModel], notes: Mapping[str, Sequence[Any]], make: Make
) -> tuple[type[BaseModel], dict[str, bool]]:
    """Return a model annotated at some places, and of each place that it has whether it may be null wherever it stands.

    What has no annotated place in it is the same as before. Raises UserError for what is no place at all.
    """
    walk = _Walk(make)
    made = walk.of_model(model, {_steps(path): note for path, note in notes.items()}, ())
    return made, {path: walk.found[_steps(path)] for path in notes if _steps(path) in walk.found}


def _steps(path: str) -> _Place:
    if not _PATH.fullmatch(path):
        raise UserError(f"{path!r} is no place in an output; write 'field', 'list[]' or 'list[].field'")
    return tuple(path.replace(_ITEMS, f".{_ITEMS}").split("."))


class _Walk:
    """Down from a model to its places; `found` says of each whether it may be null."""

    def __init__(self, make: Make) -> None:
        self.make = make
        self.found: dict[_Place, bool] = {}

    def of_model(self, model: type[BaseModel], notes: _Notes, above: _Place) -> type[BaseModel]:
        fields = {name: _deeper(notes, name) for name, *_ in filter(None, notes) if name in model.model_fields}
        if not fields:
            return model
        return self.make(
            model, {name: self._of_field(model, name, inner, (*above, name)) for name, inner in fields.items()}
        )

    def _of_field(self, model: type[BaseModel], name: str, notes: _Notes, above: _Place) -> Any:
        field = copy(model.model_fields[name])
        kind = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
        field.metadata = []
        return self._of_type(kind, notes, above), field

    def _of_type(self, kind: Any, notes: _Notes, above: _Place) -> Any:
        deeper = {place: note for place, note in notes.items() if place}
        inner = self._inside(kind, deeper, above) if deeper else kind
        if () not in notes:
            return inner
        self.found[above] = self.found.get(above, True) and type(None) in _members(kind)
        return Annotated[(inner, *notes[()])]

    def _inside(self, kind: Any, notes: _Notes, above: _Place) -> Any:
        origin, args = get_origin(kind), get_args(kind)
        if origin is Annotated:
            return Annotated[(self._inside(args[0], notes, above), *args[1:])]
        if origin in (Union, types.UnionType):
            return Union[tuple(self._inside(member, notes, above) for member in args)]  # noqa: UP007
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return self.of_model(kind, notes, above)
        items = _deeper(notes, _ITEMS)
        if not items or not isinstance(origin, type) or not issubclass(origin, Collection):
            return kind
        if issubclass(origin, Mapping):
            return kind
        return origin[tuple(arg if arg is Ellipsis else self._of_type(arg, items, (*above, _ITEMS)) for arg in args)]  # type: ignore[index]


def _deeper(notes: _Notes, step: str) -> _Notes:
    return {place[1:]: note for place, note in notes.items() if place[:1] == (step,)}


def _members(kind: Any) -> Iterator[Any]:
    if get_origin(kind) in (Union, types.UnionType, Annotated):
        for member in get_args(kind):
            yield from _members(member)
    else:
        yield kind
