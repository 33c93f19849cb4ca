"""What the gateway costs a call: CPU time at zero latency, against the bare LangChain client in the same run.

Both ask the same model instance for the same messages inside one node of one graph, 16 at a time, in alternating
rounds: clients of three protocols on loopback, and `instant`, a chat model that answers at once, of which LangChain's
own `ainvoke` is all that it costs. The bare client runs in a sync run, on the loop on which the gateway keeps its
connections. So does the gateway there; in an async run of the same round it crosses from the caller's loop to that one
and back. What it adds is rendering the prompt, bounds, time-outs, retries, validation and usage; the bare client's
answer is not even parsed. `least_us` is the difference of the cheapest rounds, which a busy machine disturbs least.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from itertools import cycle
from statistics import median
from time import process_time
from typing import Any, TypeAlias, TypedDict

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult
from langgraph.graph import START
from langgraph.runtime import Runtime

from benchmarks.provider import MODELS, running
from benchmarks.report import Row
from fanloom import Context, LLMStep, StateGraph, chat_model
from fanloom.models.structured_output import bound
from nodes.faq.steps import ANSWER_QUESTION, FIND_SOURCES
from tests.faq_writer import SOURCES

CONCURRENCY = 16
CALLS, ROUNDS, INSTANT_ROUNDS = 100, 10, 50
WIRES = {**MODELS, "openai": "openai:gpt-4o-mini"}
WAYS = ["bare", "gateway"]
VARIABLES = {"question": "What causes tides?", "sources": SOURCES}
STEPS: dict[str, tuple[LLMStep[Any], dict[str, Any]]] = {
    "plain": (ANSWER_QUESTION, VARIABLES),
    "structured": (FIND_SOURCES, {**VARIABLES, "answer": "The pull of the moon."}),
}


class Instant(BaseChatModel):
    """A chat model that answers at once."""

    model: str = "gpt-4o-mini"

    @property
    def _llm_type(self) -> str:
        return "instant"

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        used = UsageMetadata(input_tokens=100, output_tokens=20, total_tokens=120)
        message = AIMessage("The moon.", usage_metadata=used, response_metadata={"finish_reason": "stop"})
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _agenerate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        return self._generate(messages)


Model: TypeAlias = str | BaseChatModel


class State(TypedDict):
    """What is measured, in which order, and the CPU microseconds a call that were found."""

    kind: str
    calls: int
    ways: list[str]
    found: dict[str, float]


async def measure(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    """Measure a number of calls in each way."""
    step, variables = STEPS[state["kind"]]
    # What is made once a run, such as its models, is not a call's cost.
    await step.run(runtime, **variables)
    ways: dict[str, Callable[[], Awaitable[Any]]] = {
        "gateway": lambda: step.run(runtime, **variables),
        "bare": _bare(step, variables, runtime.context.model),
    }
    return {"found": {name: await _microseconds(ways[name], state["calls"]) for name in state["ways"]}}


builder = StateGraph(State, context_schema=Context)
builder.add_node("measure", measure)
builder.add_edge(START, "measure")
graph = builder.compile(name="gateway")


def rows(quick: bool = False) -> list[Row]:
    """Measure every case; microseconds and ratios are medians over the rounds."""
    calls, rounds = (16, 2) if quick else (CALLS, ROUNDS)
    with running(FANLOOM_MAX_CONCURRENCY="64"):
        instant = list(_of_case("instant", "plain", calls, rounds if quick else INSTANT_ROUNDS))
        wires = [row for name in WIRES for kind in STEPS for row in _of_case(name, kind, calls, rounds)]
        return [*instant, *wires]


def _of_case(name: str, kind: str, calls: int, rounds: int) -> Iterator[Row]:
    model = Instant() if name == "instant" else WIRES[name]
    _round(model, kind, CONCURRENCY)
    found = [_round(model, kind, calls, first) for first, _ in zip(cycle(WAYS), range(rounds), strict=False)]
    for world in ("sync", "async"):
        yield {
            "provider": name,
            "kind": kind,
            "world": world,
            "bare_us": round(median(one["bare"] for one in found)),
            "gateway_us": round(median(one[world] for one in found)),
            "overhead_us": round(median(one[world] - one["bare"] for one in found)),
            "least_us": round(min(one[world] for one in found) - min(one["bare"] for one in found)),
            "ratio": round(median(one[world] / one["bare"] for one in found), 3),
        }


def _round(model: Model, kind: str, calls: int, first: str = "bare") -> dict[str, float]:
    context = {"model": model, "max_concurrency": CONCURRENCY}
    given = {"kind": kind, "calls": calls}
    ways = sorted(WAYS, key=lambda way: way != first)
    sync = graph.invoke({**given, "ways": ways}, context=context)["found"]
    other = asyncio.run(graph.ainvoke({**given, "ways": ["gateway"]}, context=context))["found"]
    return {"bare": sync["bare"], "sync": sync["gateway"], "async": other["gateway"]}


def _bare(step: LLMStep[Any], variables: dict[str, Any], model: Model) -> Callable[[], Awaitable[Any]]:
    send, messages = bound(chat_model(model), step.output), step.prompt.messages(**variables)
    free = asyncio.Semaphore(CONCURRENCY)

    async def call() -> Any:
        async with free:
            return await send(messages, None)

    return call


async def _microseconds(way: Callable[[], Awaitable[Any]], calls: int) -> float:
    started = process_time()
    await asyncio.gather(*(way() for _ in range(calls)))
    return (process_time() - started) / calls * 1e6
