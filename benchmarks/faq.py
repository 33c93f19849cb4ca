"""The FAQ patterns at one second a call: wall time over the critical path, both providers, both worlds.

The critical path of the parallel pattern is 3 calls (questions, answer, sources), that of the chain 1 + 2n. Beside the
graphs stands plain asyncio: the same prompts to the same client in the same order, with no graph and no gateway.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from time import perf_counter, process_time
from typing import Any, TypeVar

from benchmarks.provider import MODELS, Provider, running
from benchmarks.report import Row
from fanloom import LLMStep, chat_model
from fanloom.gateway.answer_reading import read
from fanloom.loops.background import run_in_background
from fanloom.models.structured_output import bound
from graphs import faq_chain, faq_one_shot, faq_parallel
from nodes.faq.steps import ANSWER_QUESTION, FIND_SOURCES, GENERATE_QUESTIONS
from tests.faq_writer import SOURCES

T = TypeVar("T")
Way = Callable[[str, int], None]

LATENCY_S = 1.0
CHAIN_N, PARALLEL_N = 2, 16


def rows(quick: bool = False) -> list[Row]:
    """Measure every way on both providers; `cpu_s` is this process's, all threads together."""
    with running() as provider:
        return [row for name in MODELS for row in _of_model(provider, name, quick)]


def _of_model(provider: Provider, name: str, quick: bool) -> Iterator[Row]:
    latency, chain_n = (0.1, 1) if quick else (LATENCY_S, CHAIN_N)
    provider.after(0)
    for _, way, n, _ in _ways(1):
        way(MODELS[name], n)
    provider.after(latency)
    for pattern, way, n, steps in _ways(chain_n):
        wall, cpu = perf_counter(), process_time()
        way(MODELS[name], n)
        yield _row(name, pattern, n, perf_counter() - wall, process_time() - cpu, steps * latency)


def _row(name: str, way: str, n: int, wall: float, cpu: float, path: float) -> Row:
    pattern, _, world = way.partition(" ")
    return {
        "provider": name,
        "pattern": pattern,
        "way": world,
        "n": n,
        "wall_s": round(wall, 3),
        "critical_path_s": path,
        "ratio": round(wall / path, 3),
        "cpu_s": round(cpu, 3),
    }


def _ways(chain_n: int) -> list[tuple[str, Way, int, int]]:
    """Return every pattern and world, with its number of questions and the calls on its critical path."""
    chain, parallel = (chain_n, 1 + 2 * chain_n), (PARALLEL_N, 3)
    return [
        ("one_shot async", _async(faq_one_shot), PARALLEL_N, 1),
        ("one_shot sync", _sync(faq_one_shot), PARALLEL_N, 1),
        ("chain async", _async(faq_chain), *chain),
        ("chain sync", _sync(faq_chain), *chain),
        ("chain plain asyncio", _plain(together=False), *chain),
        ("parallel async", _async(faq_parallel), *parallel),
        ("parallel sync", _sync(faq_parallel), *parallel),
        ("parallel plain asyncio", _plain(together=True), *parallel),
    ]


def _sync(module: Any) -> Way:
    def run(model: str, n: int) -> None:
        module.graph.invoke({"sources": SOURCES, "n_questions": n}, context={"model": model})

    return run


def _async(module: Any) -> Way:
    def run(model: str, n: int) -> None:
        asyncio.run(module.graph.ainvoke({"sources": SOURCES, "n_questions": n}, context={"model": model}))

    return run


def _plain(together: bool) -> Way:
    # On the loop that has the client's connections already, so that neither side has to open its own.
    return lambda model, n: run_in_background(_by_hand(model, n, together))


async def _by_hand(model: str, n: int, together: bool) -> None:
    made = await _ask(GENERATE_QUESTIONS, model, n_questions=n)
    works = [_answered(model, question) for question in made.questions]
    if together:
        await asyncio.gather(*works)
        return
    for work in works:
        await work


async def _answered(model: str, question: str) -> list[str]:
    answer = await _ask(ANSWER_QUESTION, model, question=question)
    return (await _ask(FIND_SOURCES, model, question=question, answer=answer)).sources


async def _ask(step: LLMStep[T], model: str, **variables: Any) -> T:
    send = bound(chat_model(model), step.output)
    return read(await send(step.prompt.messages(sources=SOURCES, **variables), None), step.output)
