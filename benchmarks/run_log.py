"""What the run log costs: a fan-out of 200 ms calls at the wire, with the log on and off in turn.

CPU time is that of the whole process, its writer's thread too, and the median of the differences between neighbours:
the machine's noise is in both. `least_cpu_ms` is the difference of the cheapest rounds, `cpu_off_ms` what a call takes
without a log in the cheapest.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.provider import GEMINI, Provider, running
from benchmarks.report import Row
from benchmarks.width import graph
from fanloom.runs.run_log import run_logs

LATENCY_S = 0.2
CALLS, ROUNDS, CONCURRENCY = 256, 10, 32
# At most so much CPU time a call, and wall time over that without a log.
CPU_MS, WALL = 0.1, 1.02


def rows(quick: bool = False) -> list[Row]:
    """Measure it once."""
    calls, rounds, latency = (16, 2, 0.01) if quick else (CALLS, ROUNDS, LATENCY_S)
    with TemporaryDirectory() as folder, chdir(folder), running(FANLOOM_MAX_CONCURRENCY=str(CONCURRENCY)) as provider:
        return [_row(provider, calls, rounds, latency)]


def _row(provider: Provider, calls: int, rounds: int, latency: float) -> Row:
    provider.after(latency)
    for mode in ("off", "all"):
        _measured(mode, calls)
    turns = [{mode: _measured(mode, calls) for mode in _in_turn(number)} for number in range(rounds)]
    differences = [(turn["all"][0] - turn["off"][0]) / calls * 1000 for turn in turns]
    least = {mode: min(turn[mode][0] for turn in turns) / calls * 1000 for mode in ("off", "all")}
    walls = {mode: median(turn[mode][1] for turn in turns) for mode in ("off", "all")}
    return {
        "calls": calls,
        "latency_s": latency,
        "cpu_ms_a_call": round(median(differences), 3),
        "least_cpu_ms": round(least["all"] - least["off"], 3),
        "cpu_off_ms": round(least["off"], 3),
        "cpu_allowed": CPU_MS,
        "wall_off_s": round(walls["off"], 3),
        "wall_on_s": round(walls["all"], 3),
        "wall_ratio": round(walls["all"] / walls["off"], 3),
        "ratio_allowed": WALL,
    }


def _in_turn(number: int) -> tuple[str, str]:
    return ("off", "all") if number % 2 else ("all", "off")


def _measured(mode: str, calls: int) -> tuple[float, float]:
    """Return the seconds of CPU time and of wall time that a run takes; what is written afterwards is CPU time too."""
    given: Any = {"questions": [f"Q{number}?" for number in range(calls)]}
    context: Any = {"model": GEMINI, "max_tasks": calls, "max_concurrency": CONCURRENCY}
    with _log(mode):
        cpu, wall = time.process_time(), time.perf_counter()
        graph.invoke(given, context=context)
        took = time.perf_counter() - wall
        if mode != "off":
            run_logs().writer.flush()
        return time.process_time() - cpu, took


@contextmanager
def _log(mode: str) -> Iterator[None]:
    os.environ["FANLOOM_RUN_LOG"] = mode
    try:
        yield
    finally:
        del os.environ["FANLOOM_RUN_LOG"]
