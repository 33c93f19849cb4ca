"""What every benchmark reports: rows of the same columns, printed as a table and written as JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

Row: TypeAlias = dict[str, Any]

RESULTS = Path(__file__).parent / "results"


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a plain table: the columns are the keys of the first row, numbers stand to the right."""
    columns = list(rows[0])
    cells = [columns, *([_shown(row[column]) for column in columns] for row in rows)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(columns))]
    right = [isinstance(rows[0][column], int | float) for column in columns]
    return "\n".join(_line(line, widths, right) for line in cells)


def markdown(rows: Sequence[Row], columns: dict[str, str]) -> str:
    """Return the rows as a table in Markdown, of some columns under headings."""
    lines = [[*columns.values()], ["---"] * len(columns)]
    lines += [[_shown(row[column]) for column in columns] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write(name: str, rows: Sequence[Row], folder: Path = RESULTS) -> Path:
    """Write `<name>.json`: the Python version, the number of cores and the rows; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    report = {"benchmark": name, "python": platform.python_version(), "cores": os.cpu_count(), "rows": list(rows)}
    file = folder / f"{name}.json"
    file.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return file


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.1f}" if abs(value) >= 100 else f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    placed = zip(cells, widths, right, strict=True)
    return "  ".join(cell.rjust(width) if on_right else cell.ljust(width) for cell, width, on_right in placed).rstrip()
