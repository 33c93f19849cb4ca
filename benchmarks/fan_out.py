"""What a fan-out costs an item: time, memory and what is stored, from 10 to 5,000 items under the offline model.

Each case runs in a process of its own, so that its peak memory is its own; a quick one does not.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.fan_out_case import measured
from benchmarks.provider import surroundings
from benchmarks.report import Row

SIZES = [10, 100, 1_000, 5_000]
QUICK_SIZES = [10, 100]
BASE = 100
"""The size whose time an item is what the others are compared with."""

_COMMAND = [sys.executable, "-m", "benchmarks.fan_out_case"]
_ROOT = Path(__file__).parents[1]


def rows(quick: bool = False) -> list[Row]:
    """Measure every size with and without the SQLite saver; `ratio` is an item's time over that at 100 items."""
    sizes = QUICK_SIZES if quick else SIZES
    with surroundings():
        return [
            row
            for saver in ("none", "sqlite")
            for row in _compared([measured(n, saver, 1) if quick else _in_a_child(n, saver) for n in sizes])
        ]


def _in_a_child(items: int, saver: str) -> Row:
    rounds = max(1, min(15, 3_000 // items))
    command = [*_COMMAND, str(items), saver, str(rounds)]
    done = subprocess.run(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True, check=True)
    row: Row = json.loads(done.stdout)
    return row


def _compared(found: list[Row]) -> list[Row]:
    base = next(row for row in found if row["items"] == BASE)
    return [
        {
            **row,
            "ratio": round(row["us_per_item"] / base["us_per_item"], 3),
            "cpu_ratio": round(row["cpu_us_per_item"] / base["cpu_us_per_item"], 3),
        }
        for row in found
    ]
