"""Latencies with a tail: the wall time of a fan-out over its critical path, with hedged calls and without.

256 items of two calls, all begun at once; the provider's latencies are log-normal (median 0.2 s, sigma 0.8, 3 s at
most) and a function of item, step and which request it is, so that the critical path without hedging is known exactly.
All latencies four times as long show the same where a client's CPU time is not what a run waits for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from statistics import median
from time import perf_counter
from typing import Any

from langgraph.runtime import Runtime

from benchmarks.provider import MODELS, Provider, running
from benchmarks.report import Row
from benchmarks.tail_latency import latency_s
from benchmarks.width import Asked, fan_out_of
from fanloom import Context, LLMStep, Prompt
from prompts import path

ITEMS, ROUNDS = 256, 3
SCALES = [1, 4]
PROMPT = Prompt(path("faq/answer_question.md"))
STEPS = ["first", "second"]


async def answer(state: Asked, runtime: Runtime[Context]) -> None:
    """Make the two calls of an item, one after the other."""
    item, scale = state["item"].split("*")
    for name in STEPS:
        # What is learned of calls that take four times as long is not to be learned by the others.
        await LLMStep(f"{name}_{scale}", PROMPT, str).run(runtime, question=f"{item}|{name}")


graph = fan_out_of(answer, "tails")


def rows(quick: bool = False) -> list[Row]:
    """Measure both providers; `ratio` is the median of wall over critical path, `more` the second requests for each."""
    items, rounds = (16, 1) if quick else (ITEMS, ROUNDS)
    with running(FANLOOM_MAX_CONCURRENCY="512") as provider:
        return [
            row
            for name in MODELS
            for scale in SCALES[: 1 if quick else None]
            for row in _of_model(provider, name, items, rounds, scale)
        ]


def _of_model(provider: Provider, name: str, items: int, rounds: int, scale: int) -> Iterator[Row]:
    provider.after(0)
    asyncio.run(_run(MODELS[name], items, scale, None))
    found: dict[str, list[tuple[float, float, float]]] = {"none": [], "auto": []}
    for number in range(rounds):
        # The same latencies in both ways, one after the other.
        seed = f"{name}{number}"
        for way, runs in found.items():
            provider.after(0, tail=seed, scale=scale)
            wall = asyncio.run(_run(MODELS[name], items, scale, None if way == "none" else way))
            sent = provider.after(0)["requests"]
            runs.append((wall, scale * critical_path_s(seed, items), sent / (2 * items) - 1))
    yield from (_row(name, scale, way, runs) for way, runs in found.items())


def critical_path_s(seed: str, items: int) -> float:
    """Return how long the slowest item takes if no call is made twice."""
    return max(sum(latency_s(seed, f"Q{item}|{name}", 0) for name in STEPS) for item in range(items))


def _row(name: str, scale: int, way: str, runs: list[tuple[float, float, float]]) -> Row:
    return {
        "provider": name,
        "scale": scale,
        "hedge": way,
        "wall_s": round(median(wall for wall, _, _ in runs), 3),
        "critical_path_s": round(median(path for _, path, _ in runs), 3),
        "ratio": round(median(wall / path for wall, path, _ in runs), 3),
        "more": round(max(more for _, _, more in runs), 4),
    }


async def _run(model: str, items: int, scale: int, hedge: str | None) -> float:
    given: Any = {"questions": [f"Q{number}*{scale}" for number in range(items)]}
    context = {"model": model, "max_tasks": items, "max_concurrency": 2 * items, "hedge": hedge}
    started = perf_counter()
    await graph.ainvoke(given, context=context)
    return perf_counter() - started
