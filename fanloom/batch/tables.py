"""Rows of Parquet and Arrow tables: files, alone or in folders named `column=value`, and tables in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from fanloom.errors import MissingPackage, UserError

TABLES = (".parquet", ".arrow", ".feather")
_ROWS = 1000
# What a file of Arrow's that can be read from any place begins with; a stream does not.
_ARROW_FILE = b"ARROW1"


def tables_in(folder: Path) -> list[Path]:
    """Return the tables below a folder, in the order of their names."""
    return sorted(file for file in folder.rglob("*") if file.suffix.lower() in TABLES and file.is_file())


def rows_of(file: Path, base: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table, with what the folders between `base` and it say by `name=value`.

    Raises UserError for what is no such table, and MissingPackage without pyarrow.
    """
    _check_pyarrow()
    from pyarrow import ArrowInvalid, ArrowNotImplementedError

    try:
        for batch in _stream(file) if _is_stream(file) else _batches(file, base):
            yield from batch.to_pylist()
    except (ArrowInvalid, ArrowNotImplementedError) as error:
        raise UserError(f"{str(file)!r} is no table that can be read: {error}") from None


def rows_in_memory(table: Any) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table or data set of pyarrow, a part at a time."""
    for batch in table.to_batches():
        yield from batch.to_pylist()


def _is_stream(file: Path) -> bool:
    with file.open("rb") as opened:
        return file.suffix.lower() != ".parquet" and opened.read(len(_ARROW_FILE)) != _ARROW_FILE


def _stream(file: Path) -> Iterator[Any]:
    from pyarrow import ipc

    with ipc.open_stream(str(file)) as opened:
        yield from opened


def _batches(file: Path, base: Path) -> Iterable[Any]:
    from pyarrow.dataset import dataset

    kind = "parquet" if file.suffix.lower() == ".parquet" else "ipc"
    under = str(base) if base.is_dir() else str(file.parent)
    found = dataset([str(file)], format=kind, partitioning="hive", partition_base_dir=under)
    batches: Iterable[Any] = found.to_batches(batch_size=_ROWS, batch_readahead=1)
    return batches


def _check_pyarrow() -> None:
    try:
        import pyarrow.dataset  # noqa: F401 - whether it is there
    except ImportError:
        raise MissingPackage('Parquet and Arrow need pyarrow; run: pip install "fanloom[batch]"') from None
