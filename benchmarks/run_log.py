"""What the run log costs: a fan-out of 200 ms calls at the wire, with no log, facts only and contents too, in turn.

CPU time is that of the whole process, its writer's thread too, and the median of the differences between neighbours:
the machine's noise is in both. `least_cpu_ms` is the difference of the cheapest rounds, `cpu_off_ms` what a call takes
without a log in the cheapest, `writer_ms` the CPU time of the writer's thread alone, which others on the machine
disturb least. `ratio` is that of the wall times.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from benchmarks.provider import GEMINI, running
from benchmarks.report import Row
from benchmarks.width import graph
from fanloom.runs.run_log import run_logs

LATENCY_S = 0.2
CALLS, ROUNDS, CONCURRENCY = 256, 10, 32
MODES = ("off", "facts", "all")
# At most so much CPU time a call, and wall time over that without a log.
CPU_MS, WALL = 0.1, 1.02


class Cost(NamedTuple):
    """What a run takes, in seconds: CPU time, that of the log's writer, and wall time."""

    cpu: float
    writer: float
    wall: float


def rows(quick: bool = False) -> list[Row]:
    """Measure both modes of the log, and no log, in turn."""
    calls, rounds, latency = (16, 2, 0.01) if quick else (CALLS, ROUNDS, LATENCY_S)
    with TemporaryDirectory() as folder, chdir(folder), running(FANLOOM_MAX_CONCURRENCY=str(CONCURRENCY)) as provider:
        provider.after(latency)
        for mode in MODES:
            _measured(mode, calls)
        turns = [{mode: _measured(mode, calls) for mode in _in_turn(number)} for number in range(rounds)]
    return [{"mode": mode, "calls": calls, "latency_s": latency, **_figures(turns, mode, calls)} for mode in MODES[1:]]


def _figures(turns: list[dict[str, Cost]], mode: str, calls: int) -> Row:
    least = {each: min(turn[each].cpu for turn in turns) for each in ("off", mode)}
    walls = {each: median(turn[each].wall for turn in turns) for each in ("off", mode)}
    took = {
        "cpu_ms_a_call": median(turn[mode].cpu - turn["off"].cpu for turn in turns),
        "least_cpu_ms": least[mode] - least["off"],
        "writer_ms": median(turn[mode].writer for turn in turns),
        "cpu_off_ms": least["off"],
    }
    return {
        **{name: round(seconds / calls * 1000, 3) for name, seconds in took.items()},
        "cpu_allowed": CPU_MS,
        "wall_off_s": round(walls["off"], 3),
        "wall_on_s": round(walls[mode], 3),
        "ratio": round(walls[mode] / walls["off"], 3),
        "ratio_allowed": WALL,
    }


def _in_turn(number: int) -> tuple[str, ...]:
    return MODES if number % 2 else MODES[::-1]


def _measured(mode: str, calls: int) -> Cost:
    """Return what a run takes; what is written afterwards is CPU time too."""
    given: Any = {"questions": [f"Q{number}?" for number in range(calls)]}
    context: Any = {"model": GEMINI, "max_tasks": calls, "max_concurrency": CONCURRENCY}
    with _log(mode):
        cpu, writer, wall = time.process_time(), _writer_cpu(), time.perf_counter()
        graph.invoke(given, context=context)
        took = time.perf_counter() - wall
        if mode != "off":
            run_logs("facts" if mode == "facts" else "all").writer.flush()
        return Cost(time.process_time() - cpu, _writer_cpu() - writer, took)


def _writer_cpu() -> float:
    threads = [each.ident for each in threading.enumerate() if each.name == "fanloom-log" and each.ident]
    return sum(time.clock_gettime(time.pthread_getcpuclockid(ident)) for ident in threads)


@contextmanager
def _log(mode: str) -> Iterator[None]:
    os.environ["FANLOOM_RUN_LOG"] = mode
    try:
        yield
    finally:
        del os.environ["FANLOOM_RUN_LOG"]
