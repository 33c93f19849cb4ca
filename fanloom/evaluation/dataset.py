"""A data set: a JSONL file with an item on each line, and a JSON file of the same name that says how to judge them.

`evals/router.jsonl` holds the items, as their author likes to write them; `evals/router.json` may hold

    {"graph": "...", "input": ["field", ...], "context": {...}, "environment": {"NAME": "value with {folder}"},
     "evaluators": [{"name": "exact", ...}, ...], "group_by": "field", "concurrency": 4}

Each of them may be left out. An item's own `context` goes over that of the data set.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fanloom.errors import UserError

MAX_ITEMS = 100_000

Item = Mapping[str, Any]
"""One line of a data set."""


class Description(BaseModel):
    """What the JSON file beside a data set says; `input` names the fields of an item that are the graph's input.

    `concurrency` is 1 for items that share something, such as a database, where each finds what those before it left.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    description: str = ""
    graph: str | None = None
    input: list[str] | None = None
    context: dict[str, Any] = {}
    environment: dict[str, str] = {}
    evaluators: list[dict[str, Any]] = []
    group_by: str | None = None
    concurrency: int = Field(4, ge=1, le=100)


class Dataset(BaseModel):
    """The items of a file by the numbers of their lines, all or some (`whole`), and what is said about them."""

    model_config = ConfigDict(frozen=True)

    name: str
    about: Description
    items: dict[int, dict[str, Any]]
    whole: bool = True

    def input_of(self, number: int, known: Iterable[str]) -> dict[str, Any]:
        """Return the input of an item for a graph that takes the `known` fields. Raises UserError if it has none."""
        item = self.items[number]
        wanted = list(known if self.about.input is None else self.about.input)
        given = {name: item[name] for name in wanted if name in item}
        if not given:
            raise UserError(f"line {number} of data set {self.name!r} has no input for the graph: {', '.join(wanted)}.")
        return given

    def context_of(self, number: int) -> dict[str, Any]:
        """Return what the data set and the item say about the context of the item's run."""
        own = self.items[number].get("context")
        takes_context = "context" in (self.about.input or ())
        return {**self.about.context, **(own if isinstance(own, dict) and not takes_context else {})}

    def only(self, wanted: Mapping[str, str], limit: int | None) -> Dataset:
        """Return the data set with the items whose fields have the wanted values, at most `limit` of them.

        Raises UserError if none is left.
        """
        kept = [number for number, item in self.items.items() if _fits(item, wanted)][:limit]
        if not kept:
            raise UserError(f"no item of data set {self.name!r} has {_told(wanted)}.")
        whole = self.whole and len(kept) == len(self.items)
        return self.model_copy(update={"items": {number: self.items[number] for number in kept}, "whole": whole})


def _fits(item: Item, wanted: Mapping[str, str]) -> bool:
    return all(name in item and str(item[name]) == value for name, value in wanted.items())


def _told(wanted: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in wanted.items())


def read_dataset(path: Path) -> Dataset:
    """Read a data set. Raises UserError, naming the file and the line."""
    items = _rows(path) if path.suffix.lower() == ".csv" else _lines(path)
    if not 0 < len(items) <= MAX_ITEMS:
        raise UserError(f"{path} has {len(items):,} items: write 1 to {MAX_ITEMS:,}, a JSON object on each line.")
    beside = path.with_suffix(".json")
    about = _description(beside) if beside.is_file() and beside != path else Description()
    return Dataset(name=path.stem, about=about, items=items)


def _lines(path: Path) -> dict[int, dict[str, Any]]:
    lines = _text(path).split("\n")
    return {number: _item(path, number, line) for number, line in enumerate(lines, 1) if line.strip()}


def _rows(path: Path) -> dict[int, dict[str, Any]]:
    """Read a CSV file: its first row names the fields, and a field that is empty is left out."""
    reader = csv.DictReader(StringIO(_text(path), newline=""), strict=True)
    items: dict[int, dict[str, Any]] = {}
    try:
        for row in reader:
            if None in row:
                raise UserError(f"{path}, line {reader.line_num}: it has more fields than the first row names.")
            items[reader.line_num] = {name: _field(value) for name, value in row.items() if value}
    except csv.Error as error:
        raise UserError(f"{path}, line {reader.line_num}: {error}. Correct it there.") from None
    return items


def _field(value: str) -> Any:
    """Read a field of a table: JSON where it is a list or an object, else the text."""
    if not value.startswith(("[", "{")):
        return value
    try:
        return json.loads(value, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return value


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UserError(f"there is no data set {str(path)!r}: give the path of a JSONL or CSV file.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}. Save it as UTF-8 text.") from None


def _item(path: Path, number: int, line: str) -> dict[str, Any]:
    item = _json(f"{path}, line {number}", line)
    if not isinstance(item, dict):
        raise UserError(f"{path}, line {number}: an item is a JSON object, as in {{...}}.")
    return item


def _json(place: str, text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{place} is not valid JSON: {error}. Correct it there.") from None


def _refuse(constant: str) -> None:
    # Python reads NaN and Infinity, which are no JSON; and what is NaN is never right.
    raise ValueError(f"{constant} is no value")


def _description(path: Path) -> Description:
    try:
        return Description.model_validate(_json(str(path), _text(path)))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        known: Sequence[str] = list(Description.model_fields)
        raise UserError(f"{path}: {place!r}: {first['msg']}. Its fields are {', '.join(known)}.") from None
