"""The items of a job, one at a time: from JSONL, CSV, Parquet, a folder of texts, or standard input."""

from __future__ import annotations

import csv
import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from fanloom.errors import MissingPackage, UserError

_TEXTS = (".md", ".txt")
_ROWS = 1000


class Item(NamedTuple):
    """One input of a job; its id is the same whenever the input is read."""

    id: str
    given: dict[str, Any]


@dataclass(frozen=True)
class InputSource:
    """Where items come from: a file by its ending, a folder, or `-` for JSONL on standard input.

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
        """Return the SHA-256 of the input, empty for standard input: a job goes on with what it began with."""
        if self.place == "-":
            return ""
        path = Path(self.place)
        files = _texts_in(path) if path.is_dir() else [path]
        digest = hashlib.sha256()
        for file in files:
            digest.update(file.name.encode())
            with file.open("rb") as opened:
                while part := opened.read(1 << 20):
                    digest.update(part)
        return digest.hexdigest()

    def _rows(self) -> Iterator[dict[str, Any]]:
        path = Path(self.place)
        if self.place == "-":
            return _jsonl(sys.stdin, "standard input")
        if path.is_dir():
            return ({"id": file.stem, "title": file.stem, "content": _text(file)} for file in _texts_in(path))
        if not path.is_file():
            raise UserError(f"there is no file or folder {self.place!r}")
        readers: dict[str, Callable[[Path], Iterator[dict[str, Any]]]] = {".csv": _csv, ".parquet": _parquet}
        return readers.get(path.suffix.lower(), _jsonl_file)(path)

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
    with path.open(encoding="utf-8-sig", newline="") as opened:
        for number, row in enumerate(csv.DictReader(opened), 2):
            if None in row or None in row.values():
                raise UserError(f"{path}, line {number}: it has not as many fields as the head of the file")
            yield dict(row)


def _parquet(path: Path) -> Iterator[dict[str, Any]]:
    try:
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise MissingPackage('Parquet needs pyarrow; run: pip install "fanloom[batch]"') from None
    with ParquetFile(path) as opened:
        for rows in opened.iter_batches(batch_size=_ROWS):
            yield from rows.to_pylist()


def _texts_in(folder: Path) -> list[Path]:
    found = sorted(file for file in folder.rglob("*") if file.suffix.lower() in _TEXTS and file.is_file())
    if not found:
        raise UserError(f"folder {str(folder)!r} holds no {' or '.join(_TEXTS)} file")
    return found


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{str(file)!r} is not UTF-8 text; save it as UTF-8 first") from None
