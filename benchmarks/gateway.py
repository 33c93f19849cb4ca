"""What the gateway costs a call: CPU time at zero latency, against the bare LangChain client in the same run.

Both ask the same model instance for the same messages inside one node of one graph, 16 at a time, in rounds whose
order is drawn: clients of three protocols on loopback, and `instant`, a chat model that answers at once, of which
LangChain's own `ainvoke` is all that it costs. The bare client runs in a sync run, on the loop on which the gateway
keeps its connections. So does the gateway there; in an async run of the same round it crosses from the caller's loop
to that one and back. What it adds is rendering the prompt, bounds, time-outs, retries, validation and usage; the bare
client's answer is not even parsed. `least_us` is the difference of the cheapest rounds, which a busy machine disturbs
least.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from random import Random
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
CALLS, ROUNDS, INSTANT_ROUNDS = 100, 20, 50
WIRES = {**MODELS, "openai": "openai:gpt-4o-mini"}
WAYS = ["bare", "sync", "async"]
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
    """What is measured, in which way, and the CPU microseconds a call that were found."""

    kind: str
    calls: int
    way: str
    found: float


async def measure(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    """Measure a number of calls in each way."""
    step, variables = STEPS[state["kind"]]
    # What is made once a run, such as its models, is not a call's cost.
    await step.run(runtime, **variables)
    bare = _bare(step, variables, runtime.context.model)
    return {
        "found": await _microseconds(
            bare if state["way"] == "bare" else lambda: step.run(runtime, **variables), state["calls"]
        )
    }


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
    _round(model, kind, CONCURRENCY, WAYS)
    order = Random(name)
    found = [_round(model, kind, calls, order.sample(WAYS, len(WAYS))) for _ in range(rounds)]
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


def _round(model: Model, kind: str, calls: int, ways: list[str]) -> dict[str, float]:
    return {way: _measured(model, {"kind": kind, "calls": calls, "way": way}) for way in ways}


def _measured(model: Model, given: Any) -> float:
    context: Any = {"model": model, "max_concurrency": CONCURRENCY}
    if given["way"] == "async":
        ended = asyncio.run(graph.ainvoke(given, context=context))
    else:
        ended = graph.invoke(given, context=context)
    found: float = ended["found"]
    return found


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
