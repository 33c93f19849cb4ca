"""The same fan-out in plain LangGraph and in pydantic-graph: what it takes, and how honest its failures are.

Items of two calls each, all begun at once, against one Gemini with latencies that have a tail, four times those of
`tails`, so that a client's CPU time is not what a run waits for; `ratio` is wall time over the critical path. Then 32
items of which one has an answer that is cut off at its longest, is blocked, or is an error each time: `told` says that
the caller learns of that one and has the others, `passed on` that the bad answer comes back as a good one, `lost` that
the run raises and has none. The peers stand in an environment of their own, which `make bench` makes from
requirements/bench.txt.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.peer_case import WAYS
from benchmarks.provider import Provider, running
from benchmarks.report import Row
from benchmarks.tail_latency import latency_s

ITEMS, ROUNDS, QUICK_ITEMS = 256, 3, 8
SCALE = 4
FAULTS = ["cut", "blocked", "down"]
WITH_FAULT = 32
_ROOT = Path(__file__).parents[1]
PEERS = _ROOT / ".venv" / "bench" / "bin" / "python"
"""The Python that has the peers; without it their rows are left out, and that is said."""


def rows(quick: bool = False) -> list[Row]:
    """Measure every framework that is installed; figures are medians over the rounds, which take turns."""
    items, rounds, scale = (QUICK_ITEMS, 1, 0.25) if quick else (ITEMS, ROUNDS, SCALE)
    with running(FANLOOM_MAX_CONCURRENCY="512") as provider, ExitStack() as stack:
        children = {way: stack.enter_context(_child(way, python)) for way, python in _installed()}
        provider.after(0)
        for child in children.values():
            _asked(child, _named(4))
        runs = [_round(provider, children, f"peers{number}", items, scale) for number in range(rounds)]
        provider.after(0.05, faults=True)
        return [_row(way, [each[way] for each in runs], items, _ends(child)) for way, child in children.items()]


def _round(
    provider: Provider, children: dict[str, subprocess.Popen[str]], seed: str, items: int, scale: float
) -> dict[str, dict[str, Any]]:
    """Let each framework run the same items with the same latencies, one after the other."""
    found = {}
    for way, child in children.items():
        provider.after(0, tail=seed, scale=scale)
        found[way] = {**_asked(child, _named(items)), "path": scale * _critical_path_s(seed, items)}
    return found


def _installed() -> Iterator[tuple[str, Path]]:
    for way in WAYS:
        python = PEERS if way == "pydantic_graph" else Path(sys.executable)
        if python.exists():
            yield way, python
        else:
            print(f"{way} is left out: `make bench` installs it\n", flush=True)


def _row(way: str, runs: list[dict[str, Any]], items: int, ends: dict[str, str]) -> Row:
    return {
        "framework": way,
        "items": items,
        "wall_s": round(median(run["wall"] for run in runs), 3),
        "ratio": round(median(run["wall"] / run["path"] for run in runs), 3),
        "cpu_ms_per_item": round(median(run["cpu"] for run in runs) / items * 1000, 2),
        "mb": round(max(run["mb"] for run in runs), 1),
        **ends,
    }


def _ends(child: subprocess.Popen[str]) -> dict[str, str]:
    """Return for each fault what the caller has of a run with one item that has it."""
    return {fault: _ended(_asked(child, [*_named(WITH_FAULT - 1), f"Q#{fault}"])) for fault in FAULTS}


def _ended(run: dict[str, Any]) -> str:
    """Return what the caller has of a run with one bad item."""
    if run["raised"]:
        return f"lost ({run['raised']})"
    good = sum(said is not None for item, said in run["results"].items() if "#" not in item)
    assert good == WITH_FAULT - 1, "an item that is good has no result"
    return "passed on" if any(said is not None for item, said in run["results"].items() if "#" in item) else "told"


def _named(items: int) -> list[str]:
    return [f"Q{number}" for number in range(items)]


def _critical_path_s(seed: str, items: int) -> float:
    return max(sum(latency_s(seed, f"Q{item}|{step}", 0) for step in ("first", "second")) for item in range(items))


@contextmanager
def _child(way: str, python: Path) -> Iterator[subprocess.Popen[str]]:
    pipe = subprocess.PIPE
    command = [str(python), "-m", "benchmarks.peer_case", way]
    # It ends when its standard input does, which leaving Popen's context closes.
    with subprocess.Popen(command, cwd=_ROOT, stdin=pipe, stdout=pipe, text=True, bufsize=1) as child:
        yield child


def _asked(child: subprocess.Popen[str], items: list[str]) -> dict[str, Any]:
    assert child.stdin
    assert child.stdout
    child.stdin.write(json.dumps(items) + "\n")
    heard: dict[str, Any] = json.loads(child.stdout.readline())
    return heard
