from __future__ import annotations

import asyncio
import operator
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import langgraph.graph as lg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START
from langgraph.types import Command, interrupt
from pydantic import BaseModel
from typing_extensions import TypedDict

from fanloom import Context, Outcome, RunState, StateGraph, add_fan_out, new_run, settle
from fanloom.errors import GraphError, RunError
from tests.fakes import Meeting


class State(RunState, total=False):
    items: list[Any]
    notes: str
    joined: int


async def plan(state: State) -> dict[str, Any]:
    return new_run()


async def join(state: State) -> dict[str, Any]:
    return {"joined": state.get("joined", 0) + 1}


def graph_of(builder: Any = None, **fan_out: Any) -> Any:
    builder = builder or StateGraph(State, context_schema=Context)
    builder.add_node("plan", plan)
    builder.add_node("join", join)
    builder.add_edge(START, "plan")
    add_fan_out(builder, "plan", over="items", join="join", **fan_out)
    builder.add_edge("join", END)
    return builder


async def double(task: dict[str, Any]) -> dict[str, Any]:
    if task["item"] < 0:
        raise RunError(f"{task['item']} is negative", kind="negative", retryable=True)
    return {"twice": 2 * task["item"]}


DOUBLING = {"worker": "double", "action": double}


def statuses(result: dict[str, Any]) -> list[str]:
    return [outcome["status"] for outcome in result["outcomes"]]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(-3, 5), max_size=12), st.integers(1, 15))
def test_planned_minus_outcomes_is_empty_and_the_order_is_the_plans(items: list[int], limit: int) -> None:
    graph = graph_of(**DOUBLING).compile()
    result = graph.invoke({"items": items}, context={"max_tasks": limit})
    expected = ["failed" if item < 0 else "done" for item in items[:limit]] + ["skipped"] * max(0, len(items) - limit)
    assert statuses(result) == expected
    assert [outcome["task_id"] for outcome in result["outcomes"]] == [f"items-{n + 1}" for n in range(len(items))]
    assert result["joined"] == 1


@pytest.mark.parametrize(
    ("context", "ran"), [({}, 64), ({"max_tasks": 3}, 3), ({"max_tasks": 70}, 64)], ids=["asked", "less", "more"]
)
def test_what_is_asked_for_by_number_runs_unless_the_context_says_less(context: dict[str, Any], ran: int) -> None:
    class Asked(State, total=False):
        wanted: int

    builder = StateGraph(Asked, context_schema=Context)
    builder.add_node("begin", lambda state: {})
    builder.add_node("join", lambda state: {})
    builder.add_edge(START, "begin")
    add_fan_out(
        builder, "begin", over="items", join="join", worker="double", action=lambda task: task["item"], asked="wanted"
    )
    result = builder.compile().invoke({"items": list(range(64)), "wanted": 64}, context=context)
    assert statuses(result) == ["done"] * ran + ["skipped"] * (64 - ran)


@pytest.mark.parametrize("items", [[], [1], [-1], [-1, -2, -3]], ids=["none", "one", "one fails", "all fail"])
async def test_the_join_always_runs_in_both_worlds(items: list[int]) -> None:
    graph = graph_of(**DOUBLING).compile()
    result = await graph.ainvoke({"items": items})
    assert result["joined"] == 1
    assert len(result["outcomes"]) == len(items)
    again = await asyncio.to_thread(graph.invoke, {"items": items})
    assert statuses(again) == statuses(result)


async def test_a_failure_cancels_nobody_and_says_why() -> None:
    finished: list[int] = []
    failed = asyncio.Event()

    async def work(task: dict[str, Any]) -> int:
        if task["item"] == 0:
            failed.set()
            raise KeyError("a defect")
        await failed.wait()
        finished.append(task["item"])
        return task["item"]

    result = await graph_of(worker="work", action=work).compile().ainvoke({"items": [0, 1, 2]})
    assert finished == [1, 2]
    assert result["outcomes"][0]["error"] == {"kind": "error", "message": "KeyError: 'a defect'", "retryable": False}


async def test_fail_fast_ends_the_run() -> None:
    with pytest.raises(RunError, match="-1 is negative"):
        await graph_of(**DOUBLING).compile().ainvoke({"items": [-1, 2]}, context={"on_failure": "fail_fast"})


async def test_tasks_go_to_the_worker_of_their_type() -> None:
    workers: dict[str, Callable[..., Any]] = {"cat": lambda task: "meow", "dog": double}
    builder = graph_of(workers=workers, by="kind")
    items = [{"kind": "dog", "item": 2, "task_id": "d"}, {"kind": "cat"}, {"kind": "cow"}]
    result = await builder.compile().ainvoke({"items": items})
    told = [(o["task_id"], o["worker"], o["status"], o["result"]) for o in result["outcomes"]]
    assert told == [
        ("d", "dog", "done", {"twice": 4}),
        ("items-2", "cat", "done", "meow"),
        ("items-3", "cow", "failed", None),
    ]
    assert result["outcomes"][2]["error"]["message"] == "no worker for kind 'cow'; there are cat, dog"


async def test_two_tasks_with_one_id_are_refused() -> None:
    with pytest.raises(GraphError, match="task_id 'x'"):
        await graph_of(**DOUBLING).compile().ainvoke({"items": [{"task_id": "x", "item": 1}] * 2})


@pytest.mark.parametrize("wrong", [{}, {"worker": "w"}, {"workers": {"a": double}, "worker": "w", "action": double}])
def test_arguments_that_do_not_go_together_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(GraphError, match="either"):
        graph_of(**wrong)


async def test_workers_see_the_graphs_state_with_their_task_over_it() -> None:
    async def read(task: dict[str, Any]) -> str:
        return f"{task['notes']}:{task['item']}"

    builder = graph_of(worker="read", action=read)
    result = await builder.compile().ainvoke({"items": [1, 2], "notes": "n"})
    assert [outcome["result"] for outcome in result["outcomes"]] == ["n:1", "n:2"]
    sync = await asyncio.to_thread(builder.compile().invoke, {"items": [1], "notes": "m"})
    assert sync["outcomes"][0]["result"] == "m:1"


def test_langgraph_still_has_the_private_name_that_shared_stands_on() -> None:
    from langgraph._internal._constants import (
        CONF,
        CONFIG_KEY_CHECKPOINT_MAP,
        CONFIG_KEY_CHECKPOINT_NS,
        CONFIG_KEY_CHECKPOINTER,
        CONFIG_KEY_DURABILITY,
        CONFIG_KEY_READ,
    )

    assert (CONF, CONFIG_KEY_READ) == ("configurable", "__pregel_read")
    assert CONFIG_KEY_CHECKPOINTER == "__pregel_checkpointer"
    assert CONFIG_KEY_CHECKPOINT_NS == "checkpoint_ns"
    assert (CONFIG_KEY_CHECKPOINT_MAP, CONFIG_KEY_DURABILITY) == ("checkpoint_map", "__pregel_durability")


class Mine(TypedDict, total=False):
    items: list[Any]
    outcomes: Annotated[list[Outcome], operator.add]
    joined: int


class Typed(BaseModel):
    items: list[Any] = []
    outcomes: Annotated[list[Any], operator.add] = []


@pytest.mark.parametrize("schema", [Mine, Typed])
async def test_it_works_in_anybodys_state_graph(schema: Any) -> None:
    builder = lg.StateGraph(schema)
    builder.add_node("plan", lambda state: {})
    builder.add_node("join", lambda state: {})
    builder.add_edge(START, "plan")
    add_fan_out(builder, "plan", over="items", join="join", **DOUBLING)
    graph = builder.compile()
    assert statuses(graph.invoke({"items": [1, -1]})) == ["done", "failed"]
    assert statuses(await graph.ainvoke({"items": [1, -1]})) == ["done", "failed"]


def test_a_thread_that_is_used_again_starts_from_nothing() -> None:
    graph = graph_of(**DOUBLING).compile(checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "t"}}
    assert len(graph.invoke({"items": [1, 2, 3]}, config)["outcomes"]) == 3
    assert len(graph.invoke({"items": [4]}, config)["outcomes"]) == 1


async def test_a_run_that_was_cut_off_goes_on_with_what_is_left(tmp_path: Path) -> None:
    done: list[int] = []
    first_done, broken = asyncio.Event(), True

    async def work(task: dict[str, Any]) -> int:
        if broken and task["item"] == 2:
            # The worst moment: the sibling has finished, and the process goes down with this one.
            await first_done.wait()
            raise RunError("power cut")
        done.append(task["item"])
        first_done.set()
        return task["item"]

    builder = graph_of(worker="work", action=work)
    config = {"configurable": {"thread_id": "t"}}
    async with AsyncSqliteSaver.from_conn_string(str(tmp_path / "c.db")) as saver:
        with pytest.raises(RunError):
            await builder.compile(checkpointer=saver).ainvoke(
                {"items": [1, 2]}, config, context={"on_failure": "fail_fast"}
            )
    broken = False
    async with AsyncSqliteSaver.from_conn_string(str(tmp_path / "c.db")) as saver:
        result = await builder.compile(checkpointer=saver).ainvoke(None, config)
    assert statuses(result) == ["done", "done"]
    assert done == [1, 2]


def test_the_picture_shows_the_workers_between_plan_and_join() -> None:
    picture = graph_of(workers={"cat": double, "dog": double}).compile().get_graph().draw_mermaid()
    for edge in ("plan -.-> cat;", "plan -.-> dog;", "plan -.-> join;", "cat --> join;", "dog --> join;"):
        assert edge in picture.replace("&nbsp;", "")


@pytest.mark.parametrize("width", [40])
async def test_synchronous_runs_are_as_wide_as_asynchronous_ones(width: int) -> None:
    def graph() -> Any:
        gate = Meeting(width)

        async def meet(task: dict[str, Any]) -> int:
            await gate()
            return 1

        return graph_of(worker="meet", action=meet).compile()

    items = {"items": list(range(width))}
    assert statuses(await graph().ainvoke(items)) == ["done"] * width
    # From a running event loop, as in a notebook, where the calling thread blocks.
    assert statuses(graph().invoke(items)) == ["done"] * width
    assert statuses(await asyncio.to_thread(graph().invoke, items)) == ["done"] * width


def test_a_lost_task_is_reported() -> None:
    lost = settle(["a"], [])
    assert (lost[0]["status"], lost[0]["error"] and lost[0]["error"]["kind"]) == ("skipped", "lost")


@pytest.mark.parametrize(
    ("channels", "said"), [({"over": "itmes"}, "no channel itmes"), ({"outcomes": "ledger"}, "no channel ledger")]
)
def test_a_channel_that_does_not_exist_is_refused_at_once(channels: dict[str, str], said: str) -> None:
    builder = StateGraph(State, context_schema=Context)
    with pytest.raises(GraphError, match=said):
        add_fan_out(builder, "plan", **{"over": "items", **channels}, join="join", **DOUBLING)


@pytest.mark.parametrize("items", ["abc", {"a": 1}, 3])
async def test_what_is_no_list_of_tasks_is_refused(items: Any) -> None:
    with pytest.raises(GraphError, match="a list of tasks is needed"):
        await graph_of(**DOUBLING).compile().ainvoke({"items": items})


class Point(BaseModel):
    x: int


async def test_results_are_json_plain_and_one_that_cannot_be_costs_one_task() -> None:
    made: dict[int, Any] = {0: [Point(x=1)], 1: object(), 2: {"at": (1, 2)}}
    builder = graph_of(worker="make", action=lambda task: made[task["item"]])
    saver = InMemorySaver()
    config = {"configurable": {"thread_id": "t"}}
    result = await builder.compile(checkpointer=saver).ainvoke({"items": [0, 1, 2]}, config)
    assert [outcome["result"] for outcome in result["outcomes"]] == [[{"x": 1}], None, {"at": [1, 2]}]
    assert statuses(result) == ["done", "failed", "done"]


async def test_workers_are_called_as_they_are_written() -> None:
    async def late(task: dict[str, Any]) -> int:
        return 1

    class Callable_:
        async def __call__(self, task: dict[str, Any]) -> int:
            return 2

    def with_default(task: dict[str, Any], times: int = 3) -> int:
        return times

    for action, expected in ((lambda task: late(task), 1), (Callable_(), 2), (with_default, 3)):
        result = await graph_of(worker="work", action=action).compile().ainvoke({"items": [1]})
        assert result["outcomes"][0]["result"] == expected


async def test_a_worker_can_wait_for_a_person() -> None:
    async def ask(task: dict[str, Any]) -> str:
        return interrupt("ok?") if task["item"] == 1 else "no need"

    graph = graph_of(worker="ask", action=ask).compile(checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "t"}}
    waiting = await graph.ainvoke({"items": [0, 1]}, config)
    assert [ask.value for ask in waiting["__interrupt__"]] == ["ok?"]
    result = await graph.ainvoke(Command(resume="yes"), config)
    assert [outcome["result"] for outcome in result["outcomes"]] == ["no need", "yes"]
    assert result["joined"] == 1
