"""The results of a job as one sorted file: JSONL, CSV or Parquet."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from fanloom.batch.ended_items import EndedItem, json_line
from fanloom.errors import MissingPackage, UserError

_LONGEST_INT = 2**63
_WRITERS = (".jsonl", ".csv", ".parquet")


def write_results(results: Iterable[EndedItem], file: Path) -> int:
    """Write the last result of each item, sorted by id, numbers by their size, and return how many there are.

    In CSV and Parquet the fields of an output are columns, and what is no text or number is JSON. Raises UserError for
    another kind of file and for one that cannot be written.
    """
    if file.suffix.lower() not in _WRITERS:
        raise UserError(f"results are written as {', '.join(_WRITERS)}, not {file.name!r}")
    rows = sorted(_last(results).values(), key=_order)
    try:
        if file.suffix.lower() == ".jsonl":
            file.write_bytes(b"".join(json_line(row) for row in rows))
        else:
            _write_table([_flat(row) for row in rows], file)
    except OSError as error:
        raise UserError(f"{str(file)!r} cannot be written: {error.strerror or error}") from None
    return len(rows)


def _last(results: Iterable[EndedItem]) -> dict[str, EndedItem]:
    """Return the result of each item that counts, as `ended_in` says."""
    last: dict[str, EndedItem] = {}
    for result in results:
        if result["id"] not in last or last[result["id"]]["status"] != "done":
            last[result["id"]] = result
    return last


def _order(row: EndedItem) -> tuple[int, int, str]:
    return (0, int(row["id"]), "") if row["id"].isdecimal() else (1, 0, row["id"])


def _flat(row: EndedItem) -> dict[str, Any]:
    output = row["output"] if isinstance(row["output"], dict) else {"output": row["output"]}
    told = {"id": row["id"], "status": row["status"], "error": (row["error"] or {}).get("message")}
    # A field of the output that is called so too must not take the place of the item's own.
    told |= {f"output.{name}" if name in told else name: value for name, value in output.items()}
    return {name: _cell(value) for name, value in told.items()}


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        # A table cannot hold half a character.
        return value.encode("utf-8", "backslashreplace").decode()
    return value if isinstance(value, int | float | None) else json.dumps(value)


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
    is_long = any(isinstance(value, int) and abs(value) >= _LONGEST_INT for value in values)
    return values if len(kinds) <= 1 and not is_long else [None if value is None else str(value) for value in values]
