"""The items of a job, one at a time: from JSONL, CSV, a folder of texts, standard input, or a table of `tables`."""

from __future__ import annotations

import csv
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from fanloom.batch.tables import TABLES, rows_in_memory, rows_of, tables_in
from fanloom.errors import UserError

_TEXTS = (".md", ".txt")
# A document in a cell is longer than the csv module expects, which takes no more than a C long holds.
_LONGEST_CELL = 2**31 - 1


class Item(NamedTuple):
    """One input of a job; its id is the same whenever the input is read."""

    id: str
    given: dict[str, Any]


@dataclass(frozen=True)
class InputSource:
    """Where items come from: a file by its ending, a folder of texts or of tables, or `-` for JSONL on standard input.

    `columns` maps fields of the graph's input to columns; without it an item is a row as it is. `id_column` names the
    column with the items' ids, without which they are numbered.
    """

    place: str
    columns: Mapping[str, str] = field(default_factory=dict)
    id_column: str | None = None

    def items(self) -> Iterator[Item]:
        """Yield the items. Raises UserError, naming the line, for what cannot be read or has an id that came before."""
        seen: set[int] = set()
        for number, row in enumerate(self._rows(), 1):
            item = self._item(number, row)
            # Hashes only: a hundred thousand ids are a few megabytes.
            if (known := hash(item.id)) in seen:
                raise UserError(f"{self._named(number)}: the id {item.id!r} comes twice; give each item its own")
            seen.add(known)
            yield item

    def fingerprint(self) -> str:
        """Return the SHA-256 of the input, empty for standard input: a job goes on with what it began with.

        Raises UserError where there is no input.
        """
        if self.place == "-":
            return ""
        digest = hashlib.sha256()
        for file in self._files():
            digest.update(file.name.encode("utf-8", "surrogateescape"))
            with file.open("rb") as opened:
                while part := opened.read(1 << 20):
                    digest.update(part)
        return digest.hexdigest()

    @property
    def kept_place(self) -> str:
        """The place as a job keeps it, wherever it is gone on with."""
        return self.place if self.place == "-" else str(Path(self.place).resolve())

    @property
    def is_text(self) -> bool:
        """Whether its values are texts, whatever the graph takes."""
        return Path(self.place).suffix.lower() == ".csv"

    def _files(self) -> list[Path]:
        """Return the files of the input. Raises UserError where there is none."""
        path = Path(self.place)
        if path.is_dir():
            return _files_in(path)
        if not path.is_file():
            raise UserError(f"there is no file or folder {self.place!r}; give the path of the input")
        return [path]

    def _rows(self) -> Iterator[dict[str, Any]]:
        if self.place == "-":
            return _read("standard input", _jsonl(sys.stdin, "standard input"))
        base = Path(self.place)
        return (row for file in self._files() for row in _read(repr(str(file)), _texts_or_rows(file, base)))

    def _item(self, number: int, row: dict[str, Any]) -> Item:
        if self.id_column is not None and row.get(self.id_column) in (None, ""):
            raise UserError(f"{self._named(number)}: there is no {self.id_column!r}, which --id names")
        name = str(row[self.id_column]) if self.id_column else f"{number}"
        return Item(name, self._mapped(number, row) if self.columns else row)

    def _mapped(self, number: int, row: dict[str, Any]) -> dict[str, Any]:
        if missing := [column for column in self.columns.values() if column not in row]:
            raise UserError(f"{self._named(number)}: there is no column {missing[0]!r}; there are {', '.join(row)}")
        return {name: row[column] for name, column in self.columns.items()}

    def _named(self, number: int) -> str:
        return f"{self.place}, item {number}"


def _read(name: str, rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield rows. Raises UserError, naming the file, for one that cannot be read."""
    try:
        yield from rows
    except UnicodeDecodeError:
        raise UserError(f"{name} is not UTF-8 text; save it as UTF-8 first") from None
    except OSError as error:
        raise UserError(f"{name} cannot be read: {error.strerror or error}") from None


def _texts_or_rows(file: Path, base: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file, or as one row a file of texts in a folder."""
    if base.is_dir() and file.suffix.lower() in _TEXTS:
        text = file.read_text(encoding="utf-8-sig")
        yield {"id": file.stem, "path": file.relative_to(base).as_posix(), "title": file.stem, "content": text}
    elif file.suffix.lower() in TABLES:
        yield from rows_of(file, base)
    else:
        yield from (_csv if file.suffix.lower() == ".csv" else _jsonl_file)(file)


def _jsonl_file(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8-sig") as opened:
        yield from _jsonl(opened, str(path))


def _jsonl(lines: TextIO, name: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UserError(f"{name}, line {number}: not valid JSON: {error}") from None
        if not isinstance(row, dict):
            raise UserError(f"{name}, line {number}: an item is a JSON object, not {type(row).__name__}")
        yield row


def _csv(path: Path) -> Iterator[dict[str, Any]]:
    csv.field_size_limit(_LONGEST_CELL)
    with path.open(encoding="utf-8-sig", newline="") as opened:
        reader = csv.DictReader(opened)
        try:
            for row in reader:
                if None in row or None in row.values():
                    raise UserError(
                        f"{path}, line {reader.line_num}: it has not as many fields as the head of the file"
                    )
                yield dict(row)
        except csv.Error as error:
            raise UserError(f"{path}, line {reader.line_num}: not valid CSV: {error}") from None


def _files_in(folder: Path) -> list[Path]:
    """Return the texts below a folder, or the tables if it holds no text. Raises UserError where it holds neither."""
    texts = sorted(file for file in folder.rglob("*") if file.suffix.lower() in _TEXTS and file.is_file())
    found = texts or tables_in(folder)
    if not found:
        raise UserError(f"folder {str(folder)!r} holds no {', '.join((*_TEXTS, *TABLES[:-1]))} or {TABLES[-1]} file")
    return found


def items_of(given: Any) -> Iterator[Item]:
    """Yield the items that a program gives: inputs, which are numbered, pairs of id and input, or a table's rows."""
    # A table of pyarrow would yield its columns.
    for number, one in enumerate(rows_in_memory(given) if hasattr(given, "to_batches") else given, 1):
        if isinstance(one, Item):
            yield one
        elif isinstance(one, tuple):
            name, value = one
            yield Item(str(name), value)
        else:
            yield Item(str(number), one)
