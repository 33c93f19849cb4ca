"""20,000 items of `support_router` offline: CPU time over that of a bare asyncio loop, and what memory grows by.

Both run at the same time, each in a process of its own, so that what else the machine does slows both. The bare loop
has as many items in flight and keeps nothing; the job writes a line for each, and reads them all again at its end.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

from benchmarks.batch_case import WAYS, measured
from benchmarks.provider import surroundings
from benchmarks.report import Row

ITEMS, QUICK_ITEMS = 20_000, 40
# At most so much CPU time over the bare loop's, and so many MB more after all items than after the first thousand.
CPU, GROWTH_MB = 1.15, 40

_COMMAND = [sys.executable, "-m", "benchmarks.batch_case"]
_ROOT = Path(__file__).parents[1]


def rows(quick: bool = False) -> list[Row]:
    """Measure both ways; `ratio` is an item's CPU time over that in the bare loop."""
    with surroundings():
        found = [asyncio.run(measured(way, QUICK_ITEMS)) for way in WAYS] if quick else _at_once()
    base = found[0]["cpu_ms_per_item"]
    allowed = {"ratio_allowed": CPU, "growth_allowed_mb": GROWTH_MB}
    return [{**row, "ratio": round(row["cpu_ms_per_item"] / base, 3), **allowed} for row in found]


def _at_once() -> list[Row]:
    orders = [[*_COMMAND, way, str(ITEMS)] for way in WAYS]
    children = [subprocess.Popen(order, cwd=_ROOT, stdout=subprocess.PIPE, text=True) for order in orders]
    try:
        return [_found(child) for child in children]
    finally:
        for child in children:
            child.kill()
            child.wait()


def _found(child: subprocess.Popen[str]) -> Row:
    said, _ = child.communicate()
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, child.args)
    row: Row = json.loads(said)
    return row
