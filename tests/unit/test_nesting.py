"""Graphs inside graphs: each by its own context, what it spends counted on every level, budgets held over all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import langgraph.graph as lg
import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langgraph.graph import END, START
from langgraph.runtime import Runtime
from langgraph.types import Command, interrupt
from typing_extensions import TypedDict

from fanloom import Context, LLMStep, Prompt, RunState, StateGraph, new_run, open_checkpointer
from fanloom.errors import InvalidContext, MissingCredentials
from tests.fakes import ScriptedModel
from tests.wiring import wired

KINDS = ["memory", "sqlite", "postgresql"]
CONFIG: Any = {"configurable": {"thread_id": "t"}}


@pytest.fixture
def ask(tmp_path: Path) -> LLMStep[str]:
    (tmp_path / "p.md").write_text("Say $word", encoding="utf-8")
    return LLMStep("ask", Prompt(tmp_path / "p.md"), str)


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return {"memory": "memory://", "sqlite": f"sqlite:///{tmp_path}/x.db"}[request.param]


@pytest.fixture(params=[False, True], ids=["async", "sync"])
def sync(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


class State(RunState, total=False):
    items: list[Any]
    words: list[str]
    said: str


@asynccontextmanager
async def saver(url: str, sync: bool) -> AsyncIterator[Any]:
    if sync:
        with open_checkpointer(url) as opened:
            yield opened
    else:
        async with open_checkpointer(url) as opened:
            yield opened


async def run(graph: Any, given: Any, sync: bool, config: Any = None, **options: Any) -> Any:
    call = graph.invoke if sync else graph.ainvoke
    return await (asyncio.to_thread(call, given, config, **options) if sync else call(given, config, **options))


def one(node: Any, name: str = "node", starts_anew: bool = True, kind: Any = StateGraph) -> Any:
    """A graph of one node, after one that begins a run if it `starts_anew`."""

    async def begin(state: State) -> dict[str, Any]:
        return new_run()

    builder = kind(State, context_schema=Context)
    builder.add_node(name, node)
    builder.add_edge(name, END)
    if starts_anew:
        builder.add_node("begin", begin)
        builder.add_edge(START, "begin")
        builder.add_edge("begin", name)
    else:
        builder.add_edge(START, name)
    return builder


def asking(ask: LLMStep[str], times: int = 2, pause_after: int | None = None, starts_anew: bool = True) -> Any:
    """A graph that makes some calls, one a node, and may ask a person in between."""

    def node(number: int) -> Any:
        async def call(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
            if number == pause_after:
                interrupt("go on?")
            return {"said": await ask.run(runtime, word=number)}

        return call

    async def begin(state: State) -> dict[str, Any]:
        return new_run() if starts_anew else {}

    builder = StateGraph(State, context_schema=Context)
    builder.add_node("begin", begin)
    builder.add_edge(START, "begin")
    names = ["begin", *(f"ask{number}" for number in range(times))]
    for number, (before, name) in enumerate(pairwise(names)):
        builder.add_node(name, node(number))
        builder.add_edge(before, name)
    builder.add_edge(names[-1], END)
    return builder


def fanned(action: Any, **compiled: Any) -> Any:
    return wired(State, action).compile(**compiled)


def calls(result: Any) -> int:
    return int(result["usage"]["model_calls"]) if "usage" in result else 0


async def test_each_call_of_a_graph_runs_by_its_own_context(ask: LLMStep[str], sync: bool) -> None:
    inner = asking(ask).compile()

    async def work(task: dict[str, Any]) -> Any:
        model = ScriptedModel(reply=lambda text: task["item"])
        result = await inner.ainvoke({}, context={"model": model})
        return [result["said"], len(model.asked)]

    result = await run(fanned(work), {"items": ["red", "blue"]}, sync)
    assert [outcome["result"] for outcome in result["outcomes"]] == [["red", 2], ["blue", 2]]


@pytest.mark.parametrize("kind", [lg.StateGraph, StateGraph], ids=["of LangGraph", "of ours"])
def test_a_second_call_does_not_get_the_first_ones_model(
    kind: Any, ask: LLMStep[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
    inner = asking(ask).compile()

    def first(state: State) -> dict[str, Any]:
        return {"said": inner.invoke({}, context={"model": "offline"})["said"]}

    def second(state: State) -> dict[str, Any]:
        return {"said": inner.invoke({}, context={"model": "google_genai:gemini-2.5-flash"})["said"]}

    builder = kind(State)
    builder.add_sequence([first, second])
    builder.add_edge(START, "first")
    with pytest.raises(MissingCredentials):
        builder.compile().invoke({})


async def test_the_width_and_the_time_out_are_its_own(ask: LLMStep[str], sync: bool) -> None:
    narrow, model = asking(ask).compile(), ScriptedModel(reply=str)
    seen: list[Any] = []

    async def inside(task: dict[str, Any], runtime: Runtime[Context]) -> Any:
        seen.append((runtime.context.timeout_s, runtime.context.max_attempts))
        return await ask.run(runtime, word="x")

    inner = fanned(inside)

    async def outside(state: State) -> dict[str, Any]:
        context = {"model": model, "max_concurrency": 2, "timeout_s": 7, "max_attempts": 1}
        await inner.ainvoke({"items": list(range(8))}, context=context)
        return {}

    await run(one(outside).compile(), {}, sync, context={"timeout_s": 5})
    assert model.peak <= 2
    assert set(seen) == {(7.0, 1)}
    assert (await run(narrow, {}, sync, context={"model": model}))["said"]


LEVELS = ["called", "as a node", "from a sync function", "through LangGraph's own", "gathered"]


def outer_of(inner: Any, how: str, starts_anew: bool) -> Any:
    async def called(state: State) -> dict[str, Any]:
        return {"said": (await inner.ainvoke({}))["said"]}

    async def handed_on(state: State) -> Any:
        return await inner.ainvoke(dict(state))

    def synchronously(state: State) -> dict[str, Any]:
        return {"said": inner.invoke({})["said"]}

    async def gathered(state: State) -> dict[str, Any]:
        both = await asyncio.gather(inner.ainvoke({}), inner.ainvoke({}))
        return {"said": both[0]["said"]}

    class Plain(TypedDict, total=False):
        said: str

    plain = lg.StateGraph(Plain)
    plain.add_node("inside", inner)
    plain.add_edge(START, "inside")
    node = {
        "called": called,
        "handed on": handed_on,
        "as a node": inner,
        "from a sync function": synchronously,
        "through LangGraph's own": plain.compile(),
        "gathered": gathered,
    }[how]
    return one(node, starts_anew=starts_anew)


@pytest.mark.parametrize("starts_anew", [True, False], ids=["with new_run", "without"])
@pytest.mark.parametrize("how", [*LEVELS, "handed on"])
async def test_what_it_spends_counts_once_on_every_level(
    how: str, starts_anew: bool, ask: LLMStep[str], sync: bool
) -> None:
    inner = asking(ask, starts_anew=starts_anew).compile()
    middle = outer_of(inner, how, starts_anew).compile()

    async def before(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
        await ask.run(runtime, word="before")
        return {}

    top = StateGraph(State, context_schema=Context)
    top.add_sequence([("before", before), ("middle", middle)])
    top.add_edge(START, "before")
    model = ScriptedModel(reply=str)
    result = await run(top.compile(), {}, sync, context={"model": model})
    expected = 5 if how == "gathered" else 3
    assert len(model.asked) == calls(result) == expected
    assert result["usage"]["by_step"]["ask"]["model_calls"] == expected
    assert calls(await run(middle, {}, sync, context={"model": model})) == expected - 1


async def test_a_budget_of_an_outer_graph_holds_over_inner_ones(ask: LLMStep[str], sync: bool) -> None:
    inner = asking(ask, 3).compile()

    async def work(task: dict[str, Any]) -> Any:
        return calls(await inner.ainvoke({}, context={"model": model, "max_model_calls": task["item"]}))

    model = ScriptedModel(reply=str)
    result = await run(fanned(work), {"items": [5, 5]}, sync, context={"max_model_calls": 4})
    assert len(model.asked) == calls(result) == 4
    model = ScriptedModel(reply=str)
    result = await run(fanned(work), {"items": [2, 5]}, sync, context={"max_model_calls": 40})
    assert [outcome["status"] for outcome in result["outcomes"]] == ["skipped", "done"]
    assert len(model.asked) == calls(result) == 5


@pytest.mark.parametrize("starts_anew", [True, False], ids=["with new_run", "without"])
@pytest.mark.parametrize("how", [level for level in LEVELS if level != "from a sync function"])
async def test_an_interrupt_inside_forgets_nothing_that_was_spent(
    how: str, starts_anew: bool, url: str, ask: LLMStep[str], sync: bool
) -> None:
    middle = outer_of(asking(ask, 3, pause_after=2, starts_anew=starts_anew).compile(), how, starts_anew).compile()
    model = ScriptedModel(reply=str)
    context = {"model": model}
    expected = 6 if how == "gathered" else 3
    async with saver(url, sync) as kept:
        top = one(middle, "top", starts_anew).compile(checkpointer=kept)
        waiting = await run(top, {}, sync, CONFIG, context=context)
        assert len(model.asked) == expected * 2 // 3
        answers = {asked.id: True for asked in waiting["__interrupt__"]}
    # As another process finds the thread, where it is kept at all.
    async with saver(url, sync) as again:
        top = one(middle, "top", starts_anew).compile(checkpointer=kept if url.startswith("memory") else again)
        result = await run(top, Command(resume=answers), sync, CONFIG, context=context)
        if "__interrupt__" in result:
            result = await run(top, Command(resume=True), sync, CONFIG, context=context)
    assert len(model.asked) == calls(result) == expected


@pytest.mark.parametrize("stopped_by", ["a question", "an error"])
async def test_a_graph_beside_one_that_stops_its_task_loses_nothing(stopped_by: str, url: str, sync: bool) -> None:
    done: list[str] = []

    async def stop(state: State) -> dict[str, Any]:
        # Long enough that whoever called the graphs would be gone.
        asyncio.get_running_loop().call_later(0.2, gate.set)
        if stopped_by == "an error" and not done:
            raise ConnectionError("the line is down")
        return {"said": interrupt("ok?")} if stopped_by == "a question" else {"said": "on"}

    async def work(state: State) -> dict[str, Any]:
        await gate.wait()
        done.append("work")
        return {"said": "worked"}

    async def both(state: State) -> dict[str, Any]:
        nonlocal gate
        gate = asyncio.Event()
        graphs = (one(stop, "stop").compile(), one(work, "work").compile())
        said = await asyncio.gather(*(graph.ainvoke({}) for graph in graphs))
        return {"said": " ".join(each["said"] for each in said)}

    gate = asyncio.Event()
    async with saver(url, sync) as kept:
        top = one(both, "top").compile(checkpointer=kept)
        with pytest.raises(ConnectionError) if stopped_by == "an error" else nullcontext():
            await run(top, {}, sync, CONFIG)
    async with saver(url, sync) as again:
        top = one(both, "top").compile(checkpointer=kept if url.startswith("memory") else again)
        result = await run(top, Command(resume="yes") if stopped_by == "a question" else None, sync, CONFIG)
    assert (result["said"], done) == ("yes worked" if stopped_by == "a question" else "on worked", ["work"])


async def test_a_graph_that_is_left_half_read_holds_up_nobody(sync: bool) -> None:
    async def half(state: State) -> dict[str, Any]:
        left = inner.astream({}, stream_mode="updates")
        await anext(left)
        kept.append(left)
        raise ConnectionError("the line is down")

    kept: list[Any] = []
    inner = one(lambda state: {"said": "x"}, "inner").compile()
    with pytest.raises(ConnectionError):
        await asyncio.wait_for(run(one(half, "top").compile(), {}, sync), 20)
    await kept[0].aclose() if not sync else kept.clear()


async def test_a_budget_holds_over_an_interrupt_in_a_worker(url: str, ask: LLMStep[str], sync: bool) -> None:
    inner = asking(ask, 3, pause_after=1).compile()

    async def work(task: dict[str, Any]) -> Any:
        return calls(await inner.ainvoke({}, context={"model": model}))

    model = ScriptedModel(reply=str)
    context = {"max_model_calls": 4}
    async with saver(url, sync) as kept:
        outer = fanned(work, checkpointer=kept)
        waiting = await run(outer, {"items": [1, 2]}, sync, CONFIG, context=context)
        assert len(model.asked) == 2
        answers = {asked.id: True for asked in waiting["__interrupt__"]}
        result = await run(outer, Command(resume=answers), sync, CONFIG, context=context)
    assert len(model.asked) == calls(result) == 4
    assert {outcome["status"] for outcome in result["outcomes"]} <= {"done", "skipped"}


async def test_what_was_spent_before_a_crash_inside_counts(url: str, ask: LLMStep[str], sync: bool) -> None:
    broken = True

    async def fail(state: State) -> dict[str, Any]:
        if broken:
            raise ConnectionError("the line is down")
        return {}

    builder = asking(ask, 2)
    builder.add_node("fail", fail)
    builder.add_edge("ask1", "fail")
    inner, model = builder.compile(), ScriptedModel(reply=str)
    context = {"model": model, "max_model_calls": 4}

    async def call(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
        await ask.run(runtime, word="own")
        return {"said": (await inner.ainvoke({}))["said"]}

    async with saver(url, sync) as kept:
        top = one(call, "top").compile(checkpointer=kept)
        with pytest.raises(ConnectionError):
            await run(top, {}, sync, CONFIG, context=context)
        broken = False
        result = await run(top, None, sync, CONFIG, context=context)
    # The node's own call was made again, the graph inside went on where it was.
    assert len(model.asked) == calls(result) == 4


def agent_model(*turns: list[dict[str, Any]]) -> ScriptedModel:
    left = list(turns)

    def reply(text: str) -> AIMessage:
        named = left.pop(0) if left else []
        return AIMessage("" if named else "done", tool_calls=named)

    return ScriptedModel(reply=reply)


async def test_tools_of_an_agent_each_have_their_own_budget(ask: LLMStep[str], sync: bool) -> None:
    inner = asking(ask, 5).compile()
    told: list[int] = []

    @tool
    async def look_up(most: int) -> str:
        """Look something up."""
        model = ScriptedModel(reply=str)
        try:
            await inner.ainvoke({}, context={"model": model, "max_model_calls": most})
        finally:
            told.append(len(model.asked))
        return "found"

    @tool
    def look_up_here(most: int) -> str:
        """Look something up, in a thread."""
        model = ScriptedModel(reply=str)
        inner.invoke({}, context={"model": model, "max_model_calls": most})
        told.append(len(model.asked))
        return "found"

    several = [{"name": "look_up_here", "args": {"most": 5}, "id": str(n)} for n in range(4)]
    agent = create_agent(agent_model(several), tools=[look_up_here] if sync else [look_up, look_up_here])
    await run(agent, {"messages": [("user", "go")]}, sync)
    assert told == [5, 5, 5, 5]


@dataclass
class Tenant:
    tenant: str
    customer_id: str = "C-1001"
    max_tasks: str = "many"


@pytest.mark.parametrize("given", [{"tenant": "x", "customer_id": "C-1001"}, Tenant("x")], ids=["dict", "dataclass"])
@pytest.mark.parametrize("schema", [True, False], ids=["with a schema", "without"])
async def test_a_parents_foreign_context_is_no_error_and_what_fits_is_taken(
    given: Any, schema: bool, sync: bool
) -> None:
    from graphs.support_desk import graph as desk

    class Outer(TypedDict, total=False):
        query: str
        response: str
        outcomes: list[Any]

    class Fields(TypedDict, total=False):
        tenant: str
        customer_id: str

    kind: Callable[..., Any] = lg.StateGraph
    schemas = {"context_schema": Fields if isinstance(given, dict) else Tenant} if schema else {}
    builder = kind(Outer, **schemas)
    builder.add_node("desk", desk)
    builder.add_edge(START, "desk")
    result = await run(builder.compile(), {"query": "Where is my order A-12345?"}, sync, context=given)
    assert [outcome["status"] for outcome in result["outcomes"]] == ["done"]
    assert "A-12345" in result["response"]


def test_what_the_caller_himself_gives_is_still_checked(ask: LLMStep[str]) -> None:
    inner = asking(ask).compile()
    outer = one(lambda state: inner.invoke({}, context={"tenant": "x"}))
    with pytest.raises(InvalidContext, match="tenant"):
        outer.compile().invoke({}, context={"model": "offline"})
