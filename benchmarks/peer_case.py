"""One fan-out as one framework has it: `python -m benchmarks.peer_case WAY` reads its items and prints JSON.

Each is written as its own guide writes it, with its own client of Gemini. It runs where only that framework is
installed, so nothing of this repository is imported but for Fanloom's own way.
"""

import asyncio
import json
import operator
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Annotated, Any, TypedDict

Results = dict[str, str | None]
"""By item what came of it: the last answer, or None where the caller is told that it failed."""
FanOut = Callable[[list[str]], Awaitable[Results]]

MODEL = "gemini-2.5-flash"
PROMPT = "Answer this question. <question>{item}|{step}</question> {before}"


def fanloom() -> FanOut:
    """Return the fan-out of this repository."""
    from benchmarks.width import fan_out_of
    from fanloom import LLMStep, Prompt
    from fanloom.runs.context import Context

    ask = LLMStep("ask", Prompt.of_text("ask", "Answer this question. <question>$item</question> $before"), str)

    async def work(state: Any, runtime: Any) -> str:
        first = await ask.run(runtime, item=f"{state['item']}|first", before="")
        return await ask.run(runtime, item=f"{state['item']}|second", before=first)

    graph = fan_out_of(work, "peers", checked=False)

    async def run(items: list[str]) -> Results:
        context = Context(model=f"google_genai:{MODEL}", max_tasks=len(items), max_concurrency=2 * len(items))
        ended = (await graph.ainvoke({"questions": items}, context=context))["outcomes"]
        return {item: outcome["result"] for item, outcome in zip(items, ended, strict=True)}

    return run


def langgraph() -> FanOut:
    """Return a fan-out by Send in LangGraph, with LangChain's chat model."""
    from langchain_google_genai import ChatGoogleGenerativeAI
    from langgraph.graph import END, START, StateGraph
    from langgraph.types import Send

    class State(TypedDict):
        items: list[str]
        results: Annotated[list[tuple[str, str]], operator.add]

    # By default it asks six times, half a minute in all.
    model = ChatGoogleGenerativeAI(model=MODEL, max_retries=3)

    async def work(state: Any) -> dict[str, Any]:
        item, said = state["item"], ""
        for step in ("first", "second"):
            said = (await model.ainvoke(PROMPT.format(item=item, step=step, before=said))).text
        return {"results": [(item, said)]}

    def sends(state: State) -> list[Send]:
        return [Send("work", {"item": item}) for item in state["items"]]

    builder = StateGraph(State)
    builder.add_node("work", work)
    builder.add_conditional_edges(START, sends, ["work"])
    builder.add_edge("work", END)
    graph = builder.compile()

    async def run(items: list[str]) -> Results:
        return dict((await graph.ainvoke({"items": items, "results": []}))["results"])

    return run


def pydantic_graph() -> FanOut:
    """Return a fan-out by map and join in pydantic-graph, with pydantic-ai's agent."""
    from pydantic_ai import Agent
    from pydantic_ai.models.google import GoogleModel
    from pydantic_ai.providers.google import GoogleProvider
    from pydantic_graph import GraphBuilder, StepContext, reduce_list_append

    where = {"api_key": os.environ["GOOGLE_API_KEY"], "base_url": os.environ["GOOGLE_GEMINI_BASE_URL"]}
    agent = Agent(GoogleModel(MODEL, provider=GoogleProvider(**where)), retries=2)
    builder = GraphBuilder(input_type=list[str], output_type=list[tuple[str, str]])

    @builder.step
    async def begin(ctx: StepContext[None, None, list[str]]) -> list[str]:
        return ctx.inputs

    @builder.step
    async def work(ctx: StepContext[None, None, str]) -> tuple[str, str]:
        said = ""
        for step in ("first", "second"):
            said = (await agent.run(PROMPT.format(item=ctx.inputs, step=step, before=said))).output
        return ctx.inputs, said

    joins = builder.join(reduce_list_append, initial_factory=list[tuple[str, str]])
    builder.add(
        builder.edge_from(builder.start_node).to(begin),
        builder.edge_from(begin).map().to(work),
        builder.edge_from(work).to(joins),
        builder.edge_from(joins).to(builder.end_node),
    )
    graph = builder.build()

    async def run(items: list[str]) -> Results:
        return dict(await graph.run(inputs=items))

    return run


WAYS = {"fanloom": fanloom, "langgraph": langgraph, "pydantic_graph": pydantic_graph}


async def measured(fan_out: FanOut, items: list[str]) -> dict[str, Any]:
    """Return what a run takes and what came of its items; `raised` is the error that it ends with, if it does."""
    before, cpu, wall = peak_mb(), process_time(), perf_counter()
    results: Results = {}
    raised = ""
    try:
        results = await fan_out(items)
    except Exception as error:  # noqa: BLE001 - how a framework fails is what is measured
        raised = type(error).__name__
    cpu, wall = process_time() - cpu, perf_counter() - wall
    return {"wall": wall, "cpu": cpu, "mb": peak_mb() - before, "results": results, "raised": raised}


def peak_mb() -> float:
    """Return the peak resident memory of this process so far, in MB; 0 where the system does not say."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    return int(next(line for line in status.read_text().splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


async def serve(way: str) -> None:
    """Run the items of each line of the standard input, and print how it went, until the input ends."""
    fan_out = WAYS[way]()
    for line in iter(sys.stdin.readline, ""):
        print(json.dumps(await measured(fan_out, json.loads(line))), flush=True)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
