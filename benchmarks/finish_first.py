"""Tasks in hand go on before new ones begin: the first result, the median one, and what a kill loses.

64 tasks of some calls each, eight calls at a time. `breadth` is the same gateway with its calls first come, first
served, as a semaphore has them. `first_answers` and `median_answers` are how many calls were answered when the first
task was done, and when half of them were, which no busy machine disturbs; the order alone brings the median of two
calls to 0.72, and that of many calls to a half. The kill comes when half of the calls are answered; `again` are the
answered calls that the resumed run makes once more, and `ratio` their share of all; `held` are the most tasks that had
an answer and were not done. The other ratios are over `breadth`.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any
from unittest.mock import patch

from langgraph.runtime import Runtime

from benchmarks.provider import GEMINI, Provider, running
from benchmarks.report import Row
from benchmarks.width import Asked, State, check
from fanloom import Context, LLMStep, Prompt, StateGraph
from fanloom.durable.checkpointer import open_checkpointer
from fanloom.gateway.bounds.depth_first import DepthFirst
from prompts import path
from tests.wiring import wired

TASKS, WIDTH, LATENCY_S, ROUNDS = 64, 8, 0.5, 3
CALLS = [2, 6]
WALL = 1.02
"""So much more may all take at most."""

STEP = LLMStep("ask", Prompt(path("faq/answer_question.md")), str)
_ROOT = Path(__file__).parents[1]
_CONFIG: Any = {"configurable": {"thread_id": "1"}}


@dataclass
class Seen:
    """What is seen of a run: after how long each task was done, how many had an answer and were not, and what is told.

    `told` prints a line for each answer, for who waits to kill the process.
    """

    told: bool = False
    begun: float = field(default_factory=perf_counter)
    done_s: list[float] = field(default_factory=list)
    answers: int = 0
    done_after: list[int] = field(default_factory=list)
    in_hand: int = 0
    held: int = 0

    def answer(self, number: int, calls: int) -> None:
        """Note one of the answers of a task."""
        self.answers += 1
        self.in_hand += (number == 0) - (number == calls - 1)
        self.held = max(self.held, self.in_hand)
        if number == calls - 1:
            self.done_s.append(perf_counter() - self.begun)
            self.done_after.append(self.answers)
        if self.told:
            print("answered", flush=True)


@cache
def builder_of(calls: int) -> StateGraph:
    """Return a graph whose tasks make so many calls each, one after the other."""

    async def work(state: Asked, runtime: Runtime[Context]) -> str:
        for number in range(calls):
            said = await STEP.run(runtime, question=state["item"])
            _seen[-1].answer(number, calls)
        return said

    return wired(State, work, join=check, over="questions")


_seen: list[Seen] = []


def rows(quick: bool = False) -> list[Row]:
    """Measure tasks of two calls and of six, in both orders; times are medians over the rounds."""
    latency, rounds, calls = (0.02, 1, CALLS[:1]) if quick else (LATENCY_S, ROUNDS, CALLS)
    with running(FANLOOM_MAX_CONCURRENCY="64") as provider, TemporaryDirectory() as folder:
        provider.after(0)
        _measured("finish", 2)
        return [row for each in calls for row in _of_calls(provider, each, latency, rounds, Path(folder))]


def _of_calls(provider: Provider, calls: int, latency: float, rounds: int, folder: Path) -> Iterator[Row]:
    found: dict[str, list[tuple[Seen, float]]] = {"breadth": [], "finish": []}
    provider.after(latency)
    for _ in range(rounds):
        for order, runs in found.items():
            runs.append(_measured(order, calls))
    base = _times(found["breadth"])
    for order, runs in found.items():
        times = _times(runs)
        ratios = {f"{name}_ratio": round(times[name] / base[name], 2) for name in ("first", "median", "wall")}
        provider.after(latency)
        again = _paid_again(provider, order, calls, folder / f"{order}{calls}.db")
        yield {
            "calls": calls,
            "order": order,
            **{f"{name}_s": round(seconds, 2) for name, seconds in times.items()},
            **ratios,
            "first_answers": round(median(seen.done_after[0] for seen, _ in runs)),
            "median_answers": round(median(median(seen.done_after) for seen, _ in runs)),
            "held": max(seen.held for seen, _ in runs),
            "again": again,
            "ratio": round(again / (TASKS * calls), 3),
            "wall_allowed": WALL,
        }


def _times(runs: list[tuple[Seen, float]]) -> dict[str, float]:
    return {
        "first": median(seen.done_s[0] for seen, _ in runs),
        "median": median(median(seen.done_s) for seen, _ in runs),
        "wall": median(wall for _, wall in runs),
    }


def _measured(order: str, calls: int) -> tuple[Seen, float]:
    graph, started = builder_of(calls).compile(name="finish_first"), perf_counter()
    with _ordered(order):
        seen = asyncio.run(_run(graph, _given()))
    return seen, perf_counter() - started


async def _run(graph: Any, given: Any, *, told: bool = False) -> Seen:
    _seen.append(Seen(told))
    await graph.ainvoke(given, _CONFIG, context={"model": GEMINI, "max_tasks": TASKS, "max_concurrency": WIDTH})
    return _seen.pop()


async def kept_run(calls: int, file: str, given: Any, *, told: bool = False) -> None:
    """Run, or go on with, a thread that is kept in a file."""
    async with open_checkpointer(f"sqlite:///{file}") as saver:
        await _run(builder_of(calls).compile(saver, name="finish_first"), given, told=told)


def _paid_again(provider: Provider, order: str, calls: int, file: Path) -> int:
    """Kill a run when half of its calls are answered, go on with it, and return how many were made once more."""
    half = TASKS * calls // 2
    command = [sys.executable, "-m", "benchmarks.finish_first", order, str(calls), str(file)]
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout
        answered = sum(1 for _ in zip(range(half), child.stdout, strict=False))
        child.kill()
        answered += sum(1 for _ in child.stdout)
    assert answered >= half, "the run has ended before it was killed"
    provider.after(0)
    asyncio.run(kept_run(calls, str(file), None))
    # What the killed run had in flight was not answered, and is no answer that is paid for again.
    return answered + provider.after(0)["requests"] - TASKS * calls


def _given() -> dict[str, Any]:
    return {"questions": [f"Q{number}?" for number in range(TASKS)]}


@contextmanager
def _ordered(order: str) -> Iterator[None]:
    # Where no task is known to have begun, the order is that in which the calls have come.
    with patch.object(DepthFirst, "begun", lambda *_: None) if order == "breadth" else nullcontext():
        yield


if __name__ == "__main__":
    with _ordered(sys.argv[1]):
        asyncio.run(kept_run(int(sys.argv[2]), sys.argv[3], _given(), told=True))
