"""A fan-out of one-second calls at the wire: wall time over the critical path, which is one call.

Both providers, in async and sync runs, also while the tokens are streamed, and the bare client beside them: the same
calls gathered with neither graph nor gateway, on the loop that has the connections.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from statistics import median
from time import perf_counter
from typing import Any, TypedDict

from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from benchmarks.provider import MODELS, Provider, running
from benchmarks.report import Row
from fanloom import Context, RunState, chat_model
from fanloom.loops.background import run_in_background
from nodes.faq.steps import ANSWER_QUESTION
from tests.faq_writer import SOURCES
from tests.wiring import wired

LATENCY_S = 1.0
WIDTHS = [1, 16, 64, 200]
STREAMED = 64
ROUNDS = 3


class State(RunState, total=False):
    """As many questions as the fan-out is wide."""

    questions: list[str]


class Asked(TypedDict):
    """One question as a worker sees it."""

    item: str


async def answer(state: Asked, runtime: Runtime[Context]) -> str:
    """Make the one model call of a task."""
    return await ANSWER_QUESTION.run(runtime, question=state["item"], sources=SOURCES)


async def check(state: State) -> None:
    """Make sure that every call was answered."""
    assert all(outcome["status"] == "done" for outcome in state["outcomes"]), state["outcomes"]


def fan_out_of(
    action: Callable[[Asked, Runtime[Context]], Awaitable[Any]], name: str, *, checked: bool = True
) -> CompiledStateGraph[Any, Any]:
    """Return a graph that runs an action for each question, and where it is `checked` wants each to be done."""
    join = check if checked else lambda state: None
    return wired(State, action, join=join, over="questions").compile(name=name)


graph = fan_out_of(answer, "width")


def rows(quick: bool = False) -> list[Row]:
    """Measure every case; `peak` is how many calls the provider saw in flight at once."""
    with running(FANLOOM_MAX_CONCURRENCY="200") as provider:
        return [row for name in MODELS for row in _of_model(provider, name, quick)]


def _of_model(provider: Provider, name: str, quick: bool) -> Iterator[Row]:
    provider.after(0)
    _run(MODELS[name], 1, "sync")
    widths, latency, rounds = ([1, 16], 0.1, 1) if quick else (WIDTHS, LATENCY_S, ROUNDS)
    cases = [(width, world, "") for width in widths for world in ("bare", "async", "sync")]
    cases += [(min(STREAMED, widths[-1]), world, "messages") for world in ("async", "sync")]
    for width, world, mode in cases:
        provider.after(latency)
        # A narrow fan-out has little to vary.
        walls = [_run(MODELS[name], width, world, mode) for _ in range(rounds if width >= STREAMED else 1)]
        yield _row(name, width, world, mode, walls, latency, provider.after(0)["peak"])


def _row(name: str, width: int, world: str, mode: str, walls: list[float], latency: float, peak: int) -> Row:
    return {
        "provider": name,
        "width": width,
        "world": world,
        "stream_mode": mode or "-",
        "peak": peak,
        "wall_s": round(median(walls), 3),
        "worst_s": round(max(walls), 3),
        "critical_path_s": latency,
        "ratio": round(median(walls) / latency, 3),
    }


def _run(model: str, width: int, world: str, mode: str = "") -> float:
    given = {"questions": [f"Q{number}?" for number in range(width)]}
    context = {"model": model, "max_tasks": width, "max_concurrency": width}
    started = perf_counter()
    if world == "bare":
        run_in_background(_gathered(model, given["questions"]))
    elif world == "sync":
        _consume(given, context, mode)
    else:
        asyncio.run(_aconsume(given, context, mode))
    return perf_counter() - started


async def _gathered(model: str, questions: list[str]) -> None:
    client, prompt = chat_model(model), ANSWER_QUESTION.prompt
    asked = [prompt.messages(question=question, sources=SOURCES) for question in questions]
    await asyncio.gather(*(client.ainvoke(messages) for messages in asked))


def _consume(given: Any, context: Any, mode: Any) -> None:
    if not mode:
        graph.invoke(given, context=context)
        return
    for _ in graph.stream(given, context=context, stream_mode=mode):
        pass


async def _aconsume(given: Any, context: Any, mode: Any) -> None:
    if not mode:
        await graph.ainvoke(given, context=context)
        return
    async for _ in graph.astream(given, context=context, stream_mode=mode):
        pass
