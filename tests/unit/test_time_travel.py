"""Threads that are forked, run again in part, or whose graph has changed: only what is new runs."""

from __future__ import annotations

import asyncio
import operator
from pathlib import Path
from typing import Annotated, Any

import langgraph.graph as lg
import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START
from langgraph.runtime import Runtime
from langgraph.types import Command, Send, interrupt
from typing_extensions import TypedDict

from fanloom import (
    Context,
    LLMStep,
    Prompt,
    RunState,
    StateGraph,
    add_fan_out,
    arename_nodes,
    arerun_failed,
    effect_key,
    new_run,
    open_checkpointer,
    rename_nodes,
    rerun_failed,
)
from fanloom.errors import GraphError, MissingNode, ModelUnavailable, UserError
from tests.fakes import ScriptedModel

CONFIG: Any = {"configurable": {"thread_id": "t"}}
KINDS = ["memory", "sqlite", "postgresql"]


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return {"memory": "memory://", "sqlite": f"sqlite:///{tmp_path}/x.db"}[request.param]


class State(RunState, total=False):
    items: list[Any]
    facts: str
    joined: list[str]


class Desk:
    """A fan-out with an effect in each task: `keys` are the effects that happened, `ran` the tasks that ran."""

    def __init__(self, tmp_path: Path) -> None:
        (tmp_path / "p.md").write_text("Do $item", encoding="utf-8")
        self.step = LLMStep("do", Prompt(tmp_path / "p.md"), str)
        self.model = ScriptedModel(reply=str)
        self.ran: list[str] = []
        self.keys: set[str] = set()
        self.down: set[str] = set()
        self.asks: set[str] = set()

    async def work(self, task: dict[str, Any], runtime: Runtime[Context]) -> Any:
        name = str(task["task_id"])
        self.ran.append(name)
        self.keys.add(await effect_key(runtime))
        said = await self.step.run(runtime, item=task["item"] if "item" in task else task["do"])
        if name in self.asks:
            interrupt(f"{name}?")
        if name in self.down:
            raise ModelUnavailable("the provider is down")
        return [said[-1], *sorted(task.get("needs", {}))]

    def builder(self, worker: str = "work", by: str = "", last: str = "join") -> Any:
        async def plan(state: State) -> dict[str, Any]:
            return new_run()

        async def join(state: State) -> dict[str, Any]:
            return {"joined": [outcome["status"] for outcome in state["outcomes"]]}

        builder = StateGraph(State, context_schema=Context)
        builder.add_node("plan", plan)
        builder.add_node(last, join)
        builder.add_edge(START, "plan")
        how: Any = (
            {"workers": {worker: self.work, "other": self.work}} if by else {"worker": worker, "action": self.work}
        )
        add_fan_out(builder, "plan", over="items", join=last, **how)
        builder.add_edge(last, END)
        return builder

    @property
    def context(self) -> Any:
        return {"model": self.model}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def item(task_id: str, do: str = "x", *needs: str) -> dict[str, Any]:
    return {"task_id": task_id, "do": do, **({"depends_on": list(needs)} if needs else {})}


PLAN = [item("a"), item("b", "y", "a"), item("c")]


def statuses(result: Any) -> list[str]:
    # In the plan a task stands after its needs.
    return sorted(f"{outcome['task_id']} {outcome['status']}" for outcome in result["outcomes"])


async def planned(graph: Any) -> Any:
    async for found in graph.aget_state_history(CONFIG):
        if "work" in found.next:
            return found
    return None


EDITS = {
    "the same": (PLAN, [], 0),
    "one dropped": ([PLAN[0], PLAN[2]], [], 0),
    "one added": ([*PLAN, item("d")], ["d"], 1),
    "one edited": ([PLAN[0], PLAN[1], item("c", "z")], ["c"], 1),
    "one edited that another needs": ([item("a", "z"), PLAN[1], PLAN[2]], ["a", "b"], 1),
    "the order": ([PLAN[2], PLAN[0], PLAN[1]], [], 0),
}


@pytest.mark.parametrize("edit", EDITS)
async def test_a_fork_of_the_plan_runs_only_what_is_new(edit: str, url: str, desk: Desk) -> None:
    plan, new, effects = EDITS[edit]
    async with open_checkpointer(url) as saver:
        graph = desk.builder().compile(checkpointer=saver)
        first = await graph.ainvoke({"items": PLAN}, CONFIG, context=desk.context)
        assert (first["usage"]["model_calls"], len(desk.keys)) == (3, 3)
        desk.ran.clear()
        fork = await graph.aupdate_state((await planned(graph)).config, {"items": plan})
        result = await graph.ainvoke(None, fork, context=desk.context)
    assert sorted(desk.ran) == new
    assert len(desk.keys) == 3 + effects
    assert statuses(result) == sorted(f"{task['task_id']} done" for task in plan)
    assert len(result["outcomes"]) == len(plan) == result["usage"]["model_calls"]
    assert result["joined"] == ["done"] * len(plan)


def test_a_fork_runs_all_again_whose_workers_could_have_read_what_was_changed(desk: Desk) -> None:
    graph = desk.builder().compile(checkpointer=InMemorySaver())
    graph.invoke({"items": PLAN}, CONFIG, context=desk.context)
    plan = asyncio.run(planned(graph))
    fork = graph.update_state(plan.config, {"facts": "other"})
    desk.ran.clear()
    assert graph.invoke(None, fork, context=desk.context)["usage"]["model_calls"] == 3
    assert sorted(desk.ran) == ["a", "b", "c"]
    assert len(desk.keys) == 3


def test_a_plan_that_an_update_makes_too_wide_is_cut_where_the_context_says(desk: Desk) -> None:
    graph = desk.builder().compile(checkpointer=InMemorySaver())
    plan = [item(name) for name in "abc"]
    graph.invoke({"items": plan}, CONFIG, context=desk.context)
    fork = graph.update_state(asyncio.run(planned(graph)).config, {"items": [*plan, item("d"), item("e")]})
    result = graph.invoke(None, fork, context={**desk.context, "max_tasks": 4})
    assert statuses(result) == ["a done", "b done", "c done", "d done", "e skipped"]


@pytest.mark.parametrize("node", ["plan", "work", "join"])
async def test_the_state_can_be_updated_as_any_node_also_while_the_thread_waits(
    node: str, url: str, desk: Desk
) -> None:
    desk.asks = {"c"}
    async with open_checkpointer(url) as saver:
        graph = desk.builder().compile(checkpointer=saver)
        await graph.ainvoke({"items": PLAN}, CONFIG, context=desk.context)
        before = len(desk.model.asked)
        given: Any = {"plan": None, "work": {"outcomes": []}, "join": {"joined": []}}[node]
        await graph.aupdate_state(CONFIG, given, as_node=node)
        result = await graph.ainvoke(None, CONFIG, context=desk.context)
        if node == "plan":
            assert [asked.value for asked in result["__interrupt__"]] == ["c?"]
            # What waits runs again, and nothing else.
            assert len(desk.model.asked) == before + 1
            result = await graph.ainvoke(Command(resume=True), CONFIG, context=desk.context)
            assert statuses(result) == ["a done", "b done", "c done"]
            assert len(desk.keys) == 3
        assert not (await graph.aget_state(CONFIG)).next


@pytest.mark.parametrize("sync", [False, True], ids=["async", "sync"])
async def test_what_failed_runs_again_and_the_rest_is_kept(sync: bool, url: str, desk: Desk) -> None:
    desk.down = {"a"}

    async def failed_then_again(graph: Any) -> Any:
        if sync:
            await asyncio.to_thread(graph.invoke, {"items": PLAN}, CONFIG, context=desk.context)
            desk.down = set()
            assert await asyncio.to_thread(rerun_failed, graph, CONFIG) == ["a", "b"]
            return await asyncio.to_thread(graph.invoke, None, CONFIG, context=desk.context)
        first = await graph.ainvoke({"items": PLAN}, CONFIG, context=desk.context)
        assert statuses(first) == ["a failed", "b skipped", "c done"]
        desk.down = set()
        assert await arerun_failed(graph, CONFIG) == ["a", "b"]
        return await graph.ainvoke(None, CONFIG, context=desk.context)

    if sync:
        with open_checkpointer(url) as saver:
            result = await failed_then_again(desk.builder().compile(checkpointer=saver))
    else:
        async with open_checkpointer(url) as saver:
            result = await failed_then_again(desk.builder().compile(checkpointer=saver))
    assert statuses(result) == ["a done", "b done", "c done"]
    assert result["joined"] == ["done"] * 3
    assert sorted(desk.ran) == ["a", "a", "b", "c"]
    assert len(desk.keys) == 3
    assert len(desk.model.asked) == result["usage"]["model_calls"] == 4


def test_one_task_runs_again_by_name_and_finds_the_results_of_those_that_do_not(desk: Desk) -> None:
    desk.down = {"b", "c"}
    graph = desk.builder().compile(checkpointer=InMemorySaver())
    graph.invoke({"items": PLAN}, CONFIG, context=desk.context)
    desk.down = set()
    assert rerun_failed(graph, CONFIG, ["b"]) == ["b"]
    result = graph.invoke(None, CONFIG, context=desk.context)
    assert statuses(result) == ["a done", "b done", "c failed"]
    assert [outcome["result"] for outcome in result["outcomes"] if outcome["task_id"] == "b"] == [["y", "a"]]
    with pytest.raises(UserError, match="no task 'z' is left undone; there are c"):
        rerun_failed(graph, CONFIG, ["z"])
    assert rerun_failed(graph, CONFIG) == ["c"]
    result = graph.invoke(None, CONFIG, context=desk.context)
    assert statuses(result) == ["a done", "b done", "c done"]
    assert rerun_failed(graph, CONFIG) == []
    assert len(desk.keys) == 3
    # A new run in the same thread is another run: what it does happens anew.
    graph.invoke({"items": PLAN}, CONFIG, context=desk.context)
    assert len(desk.keys) == 6


def test_a_thread_that_waits_is_not_run_again(desk: Desk) -> None:
    desk.asks = {"c"}
    graph = desk.builder().compile(checkpointer=InMemorySaver())
    graph.invoke({"items": PLAN}, CONFIG, context=desk.context)
    with pytest.raises(UserError, match="not finished"):
        rerun_failed(graph, CONFIG)


@pytest.mark.parametrize("by", ["", "type"], ids=["one worker", "by type"])
@pytest.mark.parametrize("sync", [False, True], ids=["async", "sync"])
async def test_a_thread_whose_worker_was_renamed_is_not_done(sync: bool, by: str, url: str, desk: Desk) -> None:
    desk.asks = {"b", "c"}
    plan = [{**one, "type": "work"} for one in (PLAN[0], item("b"), PLAN[2])]

    async def call(graph: Any, given: Any) -> Any:
        if sync:
            return await asyncio.to_thread(graph.invoke, given, CONFIG, context=desk.context)
        return await graph.ainvoke(given, CONFIG, context=desk.context)

    async def rename(graph: Any, names: dict[str, str]) -> None:
        if sync:
            await asyncio.to_thread(rename_nodes, graph, CONFIG, names)
        else:
            await arename_nodes(graph, CONFIG, names)

    async def renamed_and_resumed(saver: Any) -> Any:
        await call(desk.builder("work", by).compile(checkpointer=saver), {"items": plan})
        graph = desk.builder("labour", by).compile(checkpointer=saver)
        for given in (None, Command(resume=True)):
            with pytest.raises(GraphError, match=r"'work', which its graph no longer has; .* --rename work=NEW"):
                await call(graph, given)
        wrong = {"labour": "work"}, {"work": "nothing"}
        for names in wrong:
            with pytest.raises(UserError):
                await (
                    asyncio.to_thread(rename_nodes, graph, CONFIG, names)
                    if sync
                    else arename_nodes(graph, CONFIG, names)
                )
        names = {"work": "labour"}
        await (asyncio.to_thread(rename_nodes, graph, CONFIG, names) if sync else arename_nodes(graph, CONFIG, names))
        waiting = await call(graph, None)
        return await call(graph, Command(resume={asked.id: True for asked in waiting["__interrupt__"]}))

    if sync:
        with open_checkpointer(url) as saver:
            result = await renamed_and_resumed(saver)
    else:
        async with open_checkpointer(url) as saver:
            result = await renamed_and_resumed(saver)
    assert statuses(result) == ["a done", "b done", "c done"]
    assert desk.ran.count("a") == 1
    assert len(desk.keys) == 3
    assert result["joined"] == ["done"] * 3


def test_a_single_node_that_was_renamed_is_missed_too(desk: Desk) -> None:
    def graph(name: str, saver: Any) -> Any:
        builder = StateGraph(State)
        builder.add_node("first", lambda state: {"facts": "known"})
        builder.add_node(name, lambda state: {"joined": [interrupt("ok?")]})
        builder.add_edge(START, "first")
        builder.add_edge("first", name)
        return builder.compile(checkpointer=saver)

    saver = InMemorySaver()
    graph("approve", saver).invoke({}, CONFIG)
    changed = graph("confirm", saver)
    with pytest.raises(GraphError, match="'approve'"):
        changed.invoke(Command(resume="yes"), CONFIG)
    rename_nodes(changed, CONFIG, {"approve": "confirm"})
    changed.invoke(None, CONFIG)
    assert changed.invoke(Command(resume="yes"), CONFIG)["joined"] == ["yes"]


class Told(TypedDict, total=False):
    told: Annotated[list[Any], operator.add]


def flow(shape: str, name: str, kind: Any = StateGraph) -> Any:
    """A graph that comes to a node by that name, in one of the ways there are, while another one waits too."""
    routed: dict[str, Any] = {
        "by a router": lambda state: name,
        "by a Send of a router": lambda state: [Send(name, {})],
    }
    commanded = {"by a Command": name, "by a Send of a Command": [Send(name, {})]}

    def first(state: Told) -> Any:
        return Command(goto=commanded[shape], update={"told": ["first"]}) if shape in commanded else {"told": ["first"]}

    builder = kind(Told)
    builder.add_node("first", first, destinations=(name,) if shape in commanded else None)
    builder.add_node("beside", lambda state: {"told": ["beside"]})
    builder.add_node("wait", lambda state: {"told": [interrupt("beside?")]})
    builder.add_node(name, lambda state: {"told": [interrupt("ok?")]})
    builder.add_edge(START, "first")
    builder.add_edge(START, "beside")
    builder.add_edge("beside", "wait")
    if shape in routed:
        builder.add_conditional_edges("first", routed[shape], [name])
    elif shape == "after several":
        builder.add_edge(["first", "beside"], name)
    elif shape == "by an edge":
        builder.add_edge("first", name)
    return builder


SHAPES = [
    *("by an edge", "after several", "by a router", "by a Command"),
    *("by a Send of a router", "by a Send of a Command"),
]


@pytest.mark.parametrize("shape", SHAPES)
def test_however_a_thread_came_to_a_node_that_was_renamed_it_goes_on_there(shape: str, url: str) -> None:
    with open_checkpointer(url) as saver:
        waiting = flow(shape, "approve").compile(checkpointer=saver).invoke({}, CONFIG)
        graph = flow(shape, "confirm").compile(checkpointer=saver)
        with pytest.raises(GraphError, match="'approve', which its graph no longer has"):
            graph.invoke(None, CONFIG)
        rename_nodes(graph, CONFIG, {"approve": "confirm"})
        assert sorted(graph.get_state(CONFIG).next) == ["approve", "wait"]
        # What was asked can be answered, without being asked again.
        result = graph.invoke(Command(resume={asked.id: asked.value for asked in waiting["__interrupt__"]}), CONFIG)
        assert sorted(result["told"]) == ["beside", "beside?", "first", "ok?"]
        assert not graph.get_state(CONFIG).next


def test_a_node_can_be_renamed_once_more() -> None:
    saver = InMemorySaver()
    flow("by an edge", "approve").compile(checkpointer=saver).invoke({}, CONFIG)
    for name in ("confirm", "agree", "accept", "settle"):
        graph = flow("by an edge", name).compile(checkpointer=saver)
        with pytest.raises(GraphError, match="'approve'"):
            graph.invoke(None, CONFIG)
        rename_nodes(graph, CONFIG, {"approve": name})
    waiting = graph.invoke(None, CONFIG)
    result = graph.invoke(Command(resume={asked.id: asked.value for asked in waiting["__interrupt__"]}), CONFIG)
    assert sorted(result["told"]) == ["beside", "beside?", "first", "ok?"]


def test_a_join_that_was_renamed_is_run_and_no_worker_runs_again(desk: Desk) -> None:
    saver = InMemorySaver()
    before = desk.builder().compile(checkpointer=saver, interrupt_before=["join"])
    before.invoke({"items": PLAN}, CONFIG, context=desk.context)
    graph = desk.builder(last="gather").compile(checkpointer=saver)
    rename_nodes(graph, CONFIG, {"join": "gather"})
    result = graph.invoke(None, CONFIG, context=desk.context)
    assert statuses(result) == ["a done", "b done", "c done"]
    assert result["joined"] == ["done"] * 3
    assert sorted(desk.ran) == ["a", "b", "c"]


def around(inner: Any, name: str, by: str, sync: bool) -> Any:
    """A graph that has another one inside: as a node, called by a node's function, or called by a fan-out's worker."""
    builder = StateGraph(Told)
    if by == "a node":
        builder.add_node(name, inner)
    elif by == "a function" and sync:
        builder.add_node(name, lambda state: {"told": inner.invoke({})["told"]})
    elif by == "a function":

        async def call(state: Told) -> Any:
            return {"told": (await inner.ainvoke({}))["told"]}

        builder.add_node(name, call)
    else:
        return _fan_out_around(inner)
    builder.add_edge(START, name)
    return builder


def _fan_out_around(inner: Any) -> Any:
    class Planned(RunState, total=False):
        items: list[Any]
        told: list[Any]

    async def work(task: Any) -> Any:
        return (await inner.ainvoke({}))["told"] if task["item"] else "beside"

    builder = StateGraph(Planned)
    builder.add_node("plan", lambda state: {**new_run(), "items": [1, 0]})
    builder.add_node("join", lambda state: {"told": [told for one in state["outcomes"] for told in one["result"]]})
    builder.add_edge(START, "plan")
    add_fan_out(builder, "plan", over="items", worker="work", action=work, join="join")
    builder.add_edge("join", END)
    return builder


@pytest.mark.parametrize("sync", [False, True], ids=["async", "sync"])
@pytest.mark.parametrize("by", ["a node", "a function", "a worker"])
@pytest.mark.parametrize("levels", [1, 2])
async def test_a_node_that_was_renamed_in_a_graph_inside_is_missed_too(
    levels: int, by: str, sync: bool, url: str
) -> None:
    def nested(name: str) -> Any:
        builder = flow("by an edge", name)
        for level in range(levels):
            inner = builder.compile(name=f"inside{level}")
            builder = around(inner, f"inside{level}", "a function" if level and by == "a worker" else by, sync)
        return builder

    async def goes_on(saver: Any) -> Any:
        async def call(name: str, given: Any) -> Any:
            graph = nested(name).compile(checkpointer=saver)
            if sync:
                return await asyncio.to_thread(graph.invoke, given, CONFIG)
            return await graph.ainvoke(given, CONFIG)

        async def rename(names: dict[str, str]) -> None:
            graph = nested("confirm").compile(checkpointer=saver)
            await (
                asyncio.to_thread(rename_nodes, graph, CONFIG, names) if sync else arename_nodes(graph, CONFIG, names)
            )

        waiting = await call("approve", {})
        answers = Command(resume={asked.id: "yes" for asked in waiting["__interrupt__"]})
        lost = "'approve' in 'inside0', a graph that no longer has it; bring it back, or say .* --rename approve=NEW"
        for given in (None, answers):
            with pytest.raises(MissingNode, match=lost):
                await call("confirm", given)
        with pytest.raises(UserError, match="does not go on at a node 'nobody'"):
            await rename({"nobody": "confirm"})
        await rename({"approve": "nobody"})
        with pytest.raises(MissingNode, match=lost):
            await call("confirm", None)
        await rename({"approve": "confirm"})
        return await call("confirm", answers)

    if sync:
        with open_checkpointer(url) as saver:
            result = await goes_on(saver)
    else:
        async with open_checkpointer(url) as saver:
            result = await goes_on(saver)
    beside = list("beside") if by == "a worker" else []
    assert sorted(result["told"]) == sorted(["beside", "first", "yes", "yes", *beside])


def langgraphs_own(name: str, first: str = "first") -> Any:
    builder: Any = lg.StateGraph(Told)
    builder.add_node(first, lambda state: {"told": [first]})
    builder.add_node(name, lambda state: {"told": [interrupt(name)]})
    builder.add_edge(START, first)
    builder.add_edge(first, name)
    return builder.compile(name="own")


@pytest.mark.parametrize("by", ["a node", "a function", "an async function"])
async def test_a_node_that_is_gone_in_a_graph_of_langgraphs_own_has_to_be_brought_back(by: str, url: str) -> None:
    def nested(name: str, saver: Any) -> Any:
        inner = langgraphs_own(name)

        async def call_async(state: Told) -> dict[str, Any]:
            return {"told": (await inner.ainvoke({}))["told"]}

        ways = {"a node": inner, "a function": lambda state: inner.invoke({}), "an async function": call_async}
        builder = StateGraph(Told)
        builder.add_node("call", ways[by])
        builder.add_edge(START, "call")
        return builder.compile(checkpointer=saver)

    async with open_checkpointer(url) as saver:
        await nested("approve", saver).ainvoke({}, CONFIG)
        graph = nested("confirm", saver)
        gone = "'approve' in 'call', a graph that no longer has it; bring it back$"
        with pytest.raises(MissingNode, match=gone):
            await graph.ainvoke(Command(resume="yes"), CONFIG)
        # A new name, which it would not know, does not let the thread end with nothing done.
        await arename_nodes(graph, CONFIG, {"approve": "confirm"})
        with pytest.raises(MissingNode, match=gone):
            await graph.ainvoke(Command(resume="yes"), CONFIG)
        result = await nested("approve", saver).ainvoke(Command(resume="yes"), CONFIG)
    assert result["told"] == ["first", "yes"]


ONE, OTHER, ELSE = langgraphs_own("one"), langgraphs_own("other"), langgraphs_own("else", "begin")
BY_NAME = {"else": ELSE}


def one_and_other(state: Told) -> dict[str, Any]:
    return {"told": [*ONE.invoke({})["told"], *OTHER.invoke({})["told"]]}


def other_and_one(state: Told) -> dict[str, Any]:
    return {"told": [*OTHER.invoke({})["told"], *ONE.invoke({})["told"]]}


async def in_an_expression(state: Told) -> dict[str, Any]:
    told = [(await (ONE if state is not None else OTHER).ainvoke({}))["told"], (await OTHER.ainvoke({}))["told"]]
    return {"told": [word for each in told for word in each]}


async def not_named(state: Told) -> dict[str, Any]:
    return {"told": [*(await BY_NAME["else"].ainvoke({}))["told"], *(await ONE.ainvoke({}))["told"]]}


@pytest.mark.parametrize("calls", [one_and_other, other_and_one, in_an_expression, not_named])
async def test_a_function_that_calls_several_graphs_goes_on(calls: Any, url: str) -> None:
    builder = StateGraph(Told)
    builder.add_node("call", calls)
    builder.add_edge(START, "call")
    async with open_checkpointer(url) as saver:
        graph = builder.compile(checkpointer=saver)
        await graph.ainvoke({}, CONFIG)
        waiting = await graph.ainvoke(Command(resume="1"), CONFIG)
        assert [asked.value for asked in waiting["__interrupt__"]] != []
        result = await graph.ainvoke(Command(resume="2"), CONFIG)
    assert [word for word in result["told"] if word.isdigit()] == ["1", "2"]


async def test_each_of_several_graphs_in_a_task_is_missed_for_itself(url: str) -> None:
    def asking(name: str) -> Any:
        builder = StateGraph(Told)
        builder.add_node("first", lambda state: {"told": ["first"]})
        builder.add_node(name, lambda state: {"told": [interrupt(name)]})
        builder.add_edge(START, "first")
        builder.add_edge("first", name)
        return builder.compile(name="asking")

    def two(first: str, second: str) -> Any:
        async def call(state: Told) -> Any:
            told = await asyncio.gather(asking(first).ainvoke({}), asking(second).ainvoke({}))
            return {"told": [word for one in told for word in one["told"]]}

        builder = StateGraph(Told)
        builder.add_node("both", call)
        builder.add_edge(START, "both")
        return builder.compile(checkpointer=saver)

    async with open_checkpointer(url) as saver:
        await two("left", "right").ainvoke({}, CONFIG)
        changed = two("left", "east")
        with pytest.raises(MissingNode, match="'right' in 'asking'"):
            await changed.ainvoke(None, CONFIG)
        await arename_nodes(changed, CONFIG, {"right": "east"})
        result = await changed.ainvoke(None, CONFIG)
        while asked := result.get("__interrupt__"):
            result = await changed.ainvoke(Command(resume={one.id: one.value for one in asked}), CONFIG)
        assert sorted(result["told"]) == ["east", "first", "first", "left"]


def test_a_node_that_waits_for_several_has_to_be_brought_back() -> None:
    def several(name: str) -> Any:
        builder = StateGraph(Told)
        builder.add_node("first", lambda state: {"told": ["first"]})
        builder.add_node("ask", lambda state: {"told": [interrupt("ok?")]})
        builder.add_node(name, lambda state: {"told": ["end"]})
        builder.add_edge(START, "first")
        builder.add_edge("first", "ask")
        builder.add_edge(["first", "ask"], name)
        return builder.compile(checkpointer=saver)

    saver = InMemorySaver()
    several("gather").invoke({}, CONFIG)
    changed = several("join")
    with pytest.raises(GraphError, match="'gather', which its graph no longer has"):
        changed.invoke(Command(resume="yes"), CONFIG)
    with pytest.raises(UserError, match="bring it back"):
        rename_nodes(changed, CONFIG, {"gather": "join"})
    assert several("gather").invoke(Command(resume="yes"), CONFIG)["told"] == ["first", "yes", "end"]


def test_a_graph_of_langgraphs_own_is_renamed_on_the_command_line_only() -> None:
    saver = InMemorySaver()
    flow("by an edge", "approve", lg.StateGraph).compile(checkpointer=saver).invoke({}, CONFIG)
    with pytest.raises(UserError, match=r"fanloom\.StateGraph"):
        rename_nodes(flow("by an edge", "confirm", lg.StateGraph).compile(checkpointer=saver), CONFIG, {"approve": "x"})


def test_a_plain_send_of_langgraphs_is_untouched() -> None:
    class Plain(RunState, total=False):
        facts: str

    builder = lg.StateGraph(Plain)
    builder.add_node("plan", lambda state: {})
    builder.add_node("work", lambda task: {"facts": task["x"]})
    builder.add_edge(START, "plan")
    builder.add_conditional_edges("plan", lambda state: [Send("work", {"x": "y"})], ["work"])
    assert builder.compile().invoke({})["facts"] == "y"
