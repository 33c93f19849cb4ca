from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langgraph.errors import GraphRecursionError
from langgraph.graph import END, START
from langgraph.runtime import Runtime
from langgraph.types import Command
from typing_extensions import TypedDict

from fanloom import Context, LLMStep, Prompt, RunState, StateGraph
from fanloom.errors import GraphError
from tests.fakes import ScriptedModel


class State(RunState, total=False):
    seen: list[str]


class Narrow(TypedDict):
    seen: list[str]


def single(node: Any, **options: Any) -> Any:
    builder = StateGraph(State, context_schema=Context)
    builder.add_node("node", node, **options)
    builder.add_edge(START, "node")
    builder.add_edge("node", END)
    return builder.compile(name="single")


async def both_worlds(graph: Any, given: Any, **options: Any) -> Any:
    """Run a graph in every way there is and return the one result."""
    results = [
        await graph.ainvoke(given, **options),
        graph.invoke(given, **options),
        await asyncio.to_thread(graph.invoke, given, **options),
        [part async for part in graph.astream(given, stream_mode="values", **options)][-1],
        list(graph.stream(given, stream_mode="values", **options))[-1],
        (await graph.abatch([given], **options))[0],
        graph.batch([given], **options)[0],
    ]
    assert all(result == results[0] for result in results)
    return results[0]


async def test_one_result_in_every_way_of_running() -> None:
    async def node(state: Narrow, runtime: Runtime[Context], config: RunnableConfig) -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"seen": [*state["seen"], str(Context.of(runtime.context).timeout_s), str("configurable" in config)]}

    graph = single(node)
    assert (await both_worlds(graph, {"seen": ["a"]}))["seen"] == ["a", "60", "True"]
    for context in ({"timeout_s": 5}, Context(timeout_s=5)):
        assert (await both_worlds(graph, {"seen": []}, context=context))["seen"] == ["5.0", "True"]


async def test_a_bad_context_is_refused_before_the_graph_begins() -> None:
    async def node(state: State) -> dict[str, Any]:
        raise AssertionError("must not run")

    with pytest.raises(ValueError, match="no field 'modle'"):
        await single(node).ainvoke({"seen": []}, context={"modle": "x"})


def test_several_threads_at_once() -> None:
    async def node(state: Narrow) -> dict[str, Any]:
        return {"seen": [state["seen"][0] * 2]}

    graph, results = single(node), {}

    def run(text: str) -> None:
        results[text] = graph.invoke({"seen": [text]})["seen"]

    threads = [threading.Thread(target=run, args=(text,)) for text in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {text: [text * 2] for text in "abcdefgh"}


def test_a_synchronous_call_from_an_async_node_is_refused_instead_of_hanging() -> None:
    async def inner(state: State) -> dict[str, Any]:
        return {"seen": ["inner"]}

    async def outer(state: State) -> Any:
        return single(inner).invoke(state)

    with pytest.raises(GraphError, match=r"await graph\.ainvoke"):
        single(outer).invoke({"seen": []})


def test_a_parameter_that_nobody_fills_is_refused() -> None:
    async def node(state: State, mood: str) -> dict[str, Any]:
        return {}

    with pytest.raises(GraphError, match="mood"):
        single(node)


def test_synchronous_nodes_stay_langgraphs() -> None:
    assert single(lambda state: {"seen": ["x"]}).invoke({"seen": []})["seen"] == ["x"]


@pytest.mark.parametrize("form", ["dict", "command", "none"])
async def test_usage_reaches_the_state_whatever_the_node_returns(tmp_path: Any, form: str) -> None:
    (tmp_path / "p.md").write_text("Hi", encoding="utf-8")
    step = LLMStep("hi", Prompt(tmp_path / "p.md"), str)

    async def node(state: State, runtime: Runtime[Context]) -> Any:
        await step.run(runtime)
        return {"dict": {"seen": ["x"]}, "command": Command(update={"seen": ["x"]}), "none": None}[form]

    graph = single(node)
    result = await both_worlds(graph, {"seen": ["x"]}, context={"model": ScriptedModel(reply=str)})
    assert result["usage"]["model_calls"] == 1
    assert result["usage"]["by_model"]["ScriptedModel"]["output_tokens"] == 5
    assert result["usage"]["cost_usd"] is None
    assert result["seen"] == ["x"]


async def test_a_long_loop_ends_by_itself_in_every_way_of_running() -> None:
    async def again(state: Narrow) -> dict[str, Any]:
        return {"seen": [*state["seen"], "x"]}

    builder = StateGraph(State, context_schema=Context)
    builder.add_node("again", again)
    builder.add_edge(START, "again")
    builder.add_conditional_edges("again", lambda state: END if len(state["seen"]) == 40 else "again", [END, "again"])
    graph = builder.compile(name="loop")
    assert len((await both_worlds(graph, {"seen": []}))["seen"]) == 40
    within: Any = RunnableLambda(lambda given: graph.invoke(given))
    for runnable in (RunnableLambda(lambda given: given) | graph, within):
        assert len(runnable.invoke({"seen": []})["seen"]) == 40
    for limited in (graph.with_config(recursion_limit=12), graph):
        with pytest.raises(GraphRecursionError, match="12"):
            limited.invoke({"seen": []}, {"recursion_limit": 12})
    with pytest.raises(GraphRecursionError, match="12"):
        graph.with_config(recursion_limit=12).batch([{"seen": []}])
