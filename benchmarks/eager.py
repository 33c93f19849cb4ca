"""Workers that begin while the plan is written: when the first task is done, the median one, and all.

Ten tasks of 2 s each; the planner takes 2 s to write them, streamed at the wire. `ratio` is a time over that of the
same graph that waits for the whole plan.
"""

from __future__ import annotations

import asyncio
from functools import cache
from statistics import median
from time import perf_counter
from typing import Any

from langgraph.runtime import Runtime

from benchmarks.provider import MODELS, surroundings
from benchmarks.report import Row
from benchmarks.width import Asked, State, check
from fanloom import Context, LLMStep, OutputModel, Prompt, new_run
from prompts import path
from tests.wire.provider import FakeProvider, Reply, Request
from tests.wiring import wired

TASKS, EVERY_S, WORK_S, ROUNDS = 10, 0.2, 2.0, 3
PIECES_A_TASK = 4
PROMPT = Prompt(path("faq/answer_question.md"))


class Plan(OutputModel):
    """What the planner writes."""

    questions: list[str]


PLAN = LLMStep("plan", PROMPT, Plan, role="planner")
WORK = LLMStep("work", PROMPT, str)


async def plan(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    """Ask for the tasks."""
    return {**new_run(), "questions": (await PLAN.run(runtime, question="What is to be done?")).questions}


async def work(state: Asked, runtime: Runtime[Context]) -> str:
    """Make the one model call of a task."""
    return await WORK.run(runtime, question=state["item"])


@cache
def graph_of(eager: bool) -> Any:
    """Return the graph whose tasks begin at once, or the one that waits."""
    return wired(State, work, plan=plan, join=check, over="questions", eager=eager).compile(name="eager")


def rows(quick: bool = False) -> list[Row]:
    """Measure both providers; `first_s`, `median_s` and `wall_s` are medians over the rounds."""
    scale, rounds = (0.1, 1) if quick else (1.0, ROUNDS)
    with (
        FakeProvider(reply=lambda request: _reply(request, scale)) as provider,
        surroundings(**provider.environment()),
    ):
        return [row for name in MODELS for row in _of_model(name, rounds)]


def _reply(request: Request, scale: float) -> Reply:
    if request.schema is None:
        return Reply("done", latency=WORK_S * scale)
    pieces = TASKS * PIECES_A_TASK
    questions = [f"This is what task number {number} is about." for number in range(TASKS)]
    writes_s = TASKS * EVERY_S * scale
    latency = 0.0 if request.streaming else writes_s
    return Reply(data={"questions": questions}, pieces=pieces, pause=writes_s / pieces, latency=latency)


def _of_model(name: str, rounds: int) -> list[Row]:
    asyncio.run(_run(MODELS[name], eager=False))
    waits, begins = ([asyncio.run(_run(MODELS[name], eager=eager)) for _ in range(rounds)] for eager in (False, True))
    before, now = ([median(times) for times in zip(*runs, strict=True)] for runs in (waits, begins))
    return [_row(name, "waits", before, before), _row(name, "eager", now, before)]


def _row(name: str, way: str, times: list[float], before: list[float]) -> Row:
    said = dict(zip(("first_s", "median_s", "wall_s"), (round(each, 2) for each in times), strict=True))
    return {"provider": name, "plan": way, **said, "ratio": round(times[0] / before[0], 2)}


async def _run(model: str, *, eager: bool) -> tuple[float, float, float]:
    """Return after how long the first task, the median one and the run are done, as a reader of the run sees it."""
    begun, done = perf_counter(), []
    async for update in graph_of(eager).astream({}, context={"model": model}, stream_mode="updates"):
        done += [perf_counter() - begun] * ("work" in update)
    return done[0], median(done), perf_counter() - begun
