"""A job of `fanloom batch` that is killed: many queries through the router, each of which must end once."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from fanloom.batch.job_folder import JobFolder


def command_of(folder: Path, items: int, *options: str) -> list[str]:
    """Write the queries into a folder, and return the command that runs them, or goes on with them, in its `job`."""
    given = folder / "in.jsonl"
    given.write_text("".join(json.dumps({"query": f"I was charged twice, {n}"}) + "\n" for n in range(items)))
    command = [sys.executable, "-m", "fanloom", "batch", "run", "support_router", str(given), "-q"]
    return [*command, "--out", str(folder / "job"), *options]


def check_ended_once(folder: Path, items: int) -> None:
    """Check that each item has ended, and none twice."""
    counted = Counter(result["id"] for result in JobFolder(folder / "job").results())
    assert counted == Counter(str(number) for number in range(1, items + 1))
