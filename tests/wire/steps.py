"""Graphs of one step, and of a fan-out of that step, for tests of the gateway at the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from langgraph.graph import END, START
from langgraph.runtime import Runtime
from pydantic import BaseModel, Field

from fanloom import Context, LLMStep, OutputModel, Prompt, RunState, StateGraph
from tests.wire.provider import FakeProvider, Request
from tests.wiring import begin, wired

PROMPTS = Path(__file__).parent / "prompts"
SECRETS = ("fake-google-key", "FAKEACCESSKEY", "fake-secret-key", "fake-openai-key")
QUESTION = "Is wind power cheap?"


class Source(OutputModel):
    """A document."""

    title: str


class Answered(OutputModel):
    """An answer with its sources."""

    answer: str
    sources: list[Source] = Field(min_length=1)
    best: Source


GOOD = {"answer": "yes", "sources": [{"title": "Wind"}], "best": {"title": "Wind"}}

PLAIN = LLMStep("ask", Prompt(PROMPTS / "ask.md"), str)
TYPED = LLMStep("ask", Prompt(PROMPTS / "ask.md"), Answered)
SHARED = LLMStep("ask", Prompt(PROMPTS / "shared.md", PROMPTS / "ask.md"), str)


class State(RunState, total=False):
    """What the graphs of these tests keep."""

    question: str
    documents: str
    answer: Any
    items: list[Any]
    joined: bool


def one_step(step: LLMStep[Any], **options: Any) -> Any:
    """Compile a graph of one node that runs one step."""

    async def ask(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
        answer = await step.run(runtime, **{name: state[name] for name in step.prompt.variables})  # type: ignore[literal-required]
        return {"answer": answer.model_dump() if isinstance(answer, BaseModel) else answer}

    builder = StateGraph(State, context_schema=Context)
    builder.add_node("ask", ask)
    builder.add_edge(START, "ask")
    builder.add_edge("ask", END)
    return builder.compile(**options)


def fan_out(action: Any, plan: Any = begin, *, eager: bool = False, **options: Any) -> Any:
    """Compile a graph that sends each of `items` to a worker."""
    return wired(State, action, plan=plan, join=lambda state: {"joined": True}, eager=eager).compile(**options)


async def asks(task: dict[str, Any], runtime: Runtime[Context]) -> str:
    """Ask the task's question: a worker of one model call."""
    return await PLAIN.run(runtime, question=str(task["item"]))


async def run(graph: Any, given: Any, sync: bool, config: Any = None, **context: Any) -> dict[str, Any]:
    """Run a graph in one of the two worlds."""
    if sync:
        result: dict[str, Any] = await asyncio.to_thread(graph.invoke, given, config, context=context)
        return result
    answer: dict[str, Any] = await graph.ainvoke(given, config, context=context)
    return answer


def asked(request: Request) -> str:
    """Return the question of a request."""
    return request.text.rpartition("<question>")[2].partition("</question>")[0].strip()


def side_by_side(provider: FakeProvider, width: int) -> Callable[[Request], Any]:
    """Make a reply that nobody gets before so many have asked."""
    all_asked = asyncio.Event()

    async def reply(request: Request) -> str:
        if len(provider.requests) == width:
            all_asked.set()
        await asyncio.wait_for(all_asked.wait(), 20)
        return "ok"

    return reply
