"""The results of a job as one sorted file: JSONL, CSV or Parquet."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from fanloom.batch.job_folder import EndedItem
from fanloom.errors import MissingPackage, UserError

_WRITERS = (".jsonl", ".csv", ".parquet")


def write_results(results: Iterable[EndedItem], file: Path) -> int:
    """Write the last result of each item, sorted by id, numbers by their size, and return how many there are.

    In CSV and Parquet the fields of an output are columns, and what is no text or number is JSON. Raises UserError for
    another kind of file and for one that cannot be written.
    """
    if file.suffix.lower() not in _WRITERS:
        raise UserError(f"results are written as {', '.join(_WRITERS)}, not {file.name!r}")
    rows = sorted({result["id"]: result for result in results}.values(), key=_order)
    try:
        if file.suffix.lower() == ".jsonl":
            file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        else:
            _write_table([_flat(row) for row in rows], file)
    except OSError as error:
        raise UserError(f"{str(file)!r} cannot be written: {error.strerror or error}") from None
    return len(rows)


def _order(row: EndedItem) -> tuple[int, int, str]:
    return (0, int(row["id"]), "") if row["id"].isdecimal() else (1, 0, row["id"])


def _flat(row: EndedItem) -> dict[str, Any]:
    output = row["output"] if isinstance(row["output"], dict) else {"output": row["output"]}
    told = {"id": row["id"], "status": row["status"], "error": (row["error"] or {}).get("message"), **output}
    return {
        name: value if isinstance(value, str | int | float | None) else json.dumps(value)
        for name, value in told.items()
    }


def _write_table(rows: Sequence[dict[str, Any]], file: Path) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row)) or ["id", "status", "error"]
    if file.suffix.lower() == ".csv":
        with file.open("w", encoding="utf-8", newline="") as opened:
            writer = csv.DictWriter(opened, names)
            writer.writeheader()
            writer.writerows(rows)
        return
    try:
        import pyarrow
        from pyarrow.parquet import write_table
    except ImportError:
        raise MissingPackage('Parquet needs pyarrow; run: pip install "fanloom[batch]"') from None
    columns = {name: [row.get(name) for row in rows] for name in names}
    write_table(pyarrow.table({name: _column(values) for name, values in columns.items()}), file)


def _column(values: list[Any]) -> list[Any]:
    """Return values of one type, as a column holds them: texts, where they are of several."""
    kinds = {type(value) for value in values if value is not None}
    return values if len(kinds) <= 1 else [None if value is None else str(value) for value in values]
