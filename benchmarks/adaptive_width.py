"""Limits that nobody has said: how much of what a provider takes is used, and how much is refused.

One provider answers no more than 20 requests at once, latencies log-normal (median 0.8 s, sigma 0.8, 12 s at most); one
no more than 300 in any minute, over ten of them. Both refuse the rest with 429 and no word of when, and nothing is set.
What is used at once is counted from the hundredth answer on, when the limit has been met, to the hundredth before the
last; `ratio` is the share of requests that were refused.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Any

from langgraph.runtime import Runtime

from benchmarks.finish_first import STEP
from benchmarks.provider import GEMINI, MODELS, Provider, running
from benchmarks.report import Row
from benchmarks.tail_latency import latency_s
from benchmarks.width import Asked, fan_out_of
from fanloom import Context

HELD, A_MINUTE = 20, 300
CALLS, MINUTES, SCALE = 1_500, 10, 4
USED, REFUSED = 0.9, 0.02
_EDGE = 100

_ended: list[float] = []


async def answer(state: Asked, runtime: Runtime[Context]) -> None:
    """Make the one call of an item, and note when it was answered."""
    await STEP.run(runtime, question=state["item"])
    _ended.append(perf_counter())


graph = fan_out_of(answer, "adaptive_width")


def rows(quick: bool = False) -> list[Row]:
    """Measure both providers at the limit in flight, and one at that a minute, which hangs on no wire."""
    calls = 60 if quick else CALLS
    with running() as provider:
        found = [_in_flight(provider, name, calls, 0.25 if quick else SCALE) for name in MODELS]
        return found if quick else [*found, _a_minute(provider)]


def _in_flight(provider: Provider, name: str, calls: int, scale: float) -> Row:
    _run(MODELS[name], 1)
    provider.after(0, tail=name, held=HELD, scale=scale)
    _run(MODELS[name], calls)
    seen = provider.after(0)
    edge = min(_EDGE, calls // 4)
    middle = sorted(_ended)[edge:-edge]
    # What was answered meanwhile, at its mean latency, had to be in flight.
    mean = scale * sum(latency_s(name, f"Q{number}", 0) for number in range(calls)) / calls
    used = (len(middle) - 1) * mean / (middle[-1] - middle[0]) / HELD
    return _row(name, f"{HELD} in flight", calls, used, seen)


def _a_minute(provider: Provider) -> Row:
    """Let more calls wait than may be answered in so many minutes, and count those that are."""
    # In a process of the same model the limit in flight is known already; another model's name has met none.
    model = GEMINI.replace("flash", "flash-lite")
    calls = A_MINUTE * MINUTES
    provider.after(0, tail="minute", a_minute=A_MINUTE)
    _run(model, calls)
    within = sum(at - min(_ended) < (MINUTES - 1) * 60 for at in _ended)
    return _row("gemini", f"{A_MINUTE} a minute", calls, within / (A_MINUTE * (MINUTES - 1)), provider.after(0))


def _run(model: str, calls: int) -> None:
    _ended.clear()
    given: Any = {"questions": [f"Q{number}" for number in range(calls)]}
    context: Any = {"model": model, "max_tasks": calls, "max_concurrency": 64, "max_attempts": 10}
    asyncio.run(graph.ainvoke(given, context=context))


def _row(name: str, takes: str, calls: int, used: float, seen: dict[str, int]) -> Row:
    return {
        "provider": name,
        "takes": takes,
        "calls": calls,
        "used": round(used, 3),
        "used_at_least": USED,
        "ratio": round(seen["refused"] / seen["requests"], 4),
        "ratio_allowed": REFUSED,
    }
