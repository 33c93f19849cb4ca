"""Fit the data of an answer to the output that was asked for: as a whole, or without the list items that do not fit."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from pydantic import BaseModel, ValidationError

from fanloom.models.output_model import OutputModel, as_json

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

M = TypeVar("M", bound=BaseModel)
_Place: TypeAlias = tuple[str | int, ...]

_MOST_TOLD = 5


def fit(data: Any, output: type[M]) -> M:
    """Return data as `output`; nested values that are given as JSON text are read. Raises ValidationError."""
    _, found = _settled(data, output)
    if isinstance(found, ValidationError):
        raise found
    return found


def fit_in_part(data: Any, output: type[M]) -> tuple[int, M] | None:
    """Return data without the list items that do not fit, and how many items its lists have; else None.

    It is None too where a list would lose all of its items, and where something does not fit that is in no list. Of
    an OutputModel `dropped` says what was left out, and why.
    """
    data, error = _settled(data, output)
    if not isinstance(error, ValidationError):
        return None
    wrong = _by_item(data, error)
    kept = _without(data, wrong) if wrong else None
    if kept is None:
        return None
    try:
        answer = as_json(kept, output)
    except ValidationError:
        return None
    if isinstance(answer, OutputModel):
        answer.dropped = [_told(errors) for errors in wrong.values()]
    return _items(kept), answer


def explain(error: ValidationError) -> str:
    """Return where data does not fit, and why."""
    return _told(error.errors(include_url=False))


def _told(errors: Iterable[ErrorDetails]) -> str:
    problems = [f"{'.'.join(map(str, each['loc'])) or 'answer'}: {each['msg']}" for each in errors]
    return "the answer does not fit: " + "; ".join(problems[:_MOST_TOLD])


def _settled(data: Any, output: type[M]) -> tuple[Any, M | ValidationError]:
    """Read texts that hold JSON until the data fits, or until there is none left that could help."""
    try:
        return data, as_json(data, output)
    except ValidationError as error:
        read = data
        for each in error.errors(include_url=False):
            read = _read_at(read, each["loc"])
        if read != data:
            return _settled(read, output)
        return _without_nulls(data, error, output)


def _without_nulls(data: Any, error: ValidationError, output: type[M]) -> tuple[Any, M | ValidationError]:
    """Leave out nulls that do not fit where no value is needed: in OpenAI's strict mode models have no other way."""
    nulls = {each["loc"] for each in error.errors(include_url=False) if each["input"] is None}
    while nulls:
        fewer = _left_out(data, nulls)
        try:
            return fewer, as_json(fewer, output)
        except ValidationError as then:
            needed = {each["loc"] for each in then.errors(include_url=False) if each["type"] == "missing"} & nulls
            if not needed:
                return fewer, then
            nulls -= needed
    return data, error


def _left_out(data: Any, places: Iterable[_Place]) -> Any:
    """Return a copy of data without the fields at some places."""
    copied = copy.deepcopy(data)
    for place in places:
        holder = copied
        for step in place[:-1]:
            # The name of a union's branch leads nowhere.
            holder = holder[step] if _leads_on(holder, step) else holder
        if isinstance(holder, dict):
            holder.pop(place[-1], None)
    return copied


def _read_at(value: Any, place: _Place) -> Any:
    """Return a copy of data in which the text at a place is read as JSON; all others are what they should be."""
    if isinstance(value, str):
        return _read(value)
    if not place:
        return value
    step, rest = place[0], place[1:]
    if not _leads_on(value, step):
        # The name of a union's branch.
        return _read_at(value, rest)
    changed = value.copy()
    changed[step] = _read_at(value[step], rest)
    return changed


def _read(text: str) -> Any:
    if text.strip()[:1] not in ("[", "{"):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _by_item(data: Any, error: ValidationError) -> dict[_Place, list[ErrorDetails]]:
    """Return what is wrong by the list item in which it is; nothing if something else is wrong."""
    found: dict[_Place, list[ErrorDetails]] = {}
    for each in error.errors(include_url=False):
        item = _item(data, each["loc"])
        if item is None:
            return {}
        found.setdefault(item, []).append(each)
    return found


def _item(value: Any, place: _Place, above: _Place = ()) -> _Place | None:
    """Return the place of the outermost list item on the way to a place."""
    if not place:
        return None
    step, rest = place[0], place[1:]
    if not _leads_on(value, step):
        return _item(value, rest, above)
    return (*above, step) if isinstance(value, list) else _item(value[step], rest, (*above, step))


def _leads_on(value: Any, step: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(step, int) and step < len(value)
    return isinstance(value, dict) and step in value


def _without(value: Any, wrong: Mapping[_Place, Any], above: _Place = ()) -> Any:
    """Return a copy of data without some list items, or None if they are all that a list has."""
    if isinstance(value, list):
        kept = [item for number, item in enumerate(value) if (*above, number) not in wrong]
        return kept if kept or not value else None
    if not isinstance(value, dict):
        return value
    changed = {name: _without(item, wrong, (*above, name)) for name, item in value.items()}
    lost = any(item is None and value[name] is not None for name, item in changed.items())
    return None if lost else changed


def _items(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(_items, value.values()))
    return len(value) if isinstance(value, list) else 0
