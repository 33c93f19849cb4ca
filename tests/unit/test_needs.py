"""Tasks that need the results of others: no barrier, no lost result, no circle."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START
from langgraph.types import Command, interrupt

from fanloom import Context, RunState, StateGraph, add_fan_out
from fanloom.errors import GraphError
from fanloom.graph.dependencies import in_order_of_needs


class Plan(RunState, total=False):
    items: list[dict[str, Any]]


def graph(action: Any, **options: Any) -> Any:
    async def nothing(state: Plan) -> dict[str, Any]:
        return {}

    builder = StateGraph(Plan, context_schema=Context)
    builder.add_node("plan", nothing)
    builder.add_node("join", nothing)
    builder.add_edge(START, "plan")
    add_fan_out(builder, "plan", over="items", worker="work", action=action, join="join")
    return builder.compile(**options)


def item(task_id: str, *needs: str) -> dict[str, Any]:
    return {"task_id": task_id, "depends_on": list(needs)}


def by_id(result: dict[str, Any]) -> dict[str, Any]:
    return {outcome["task_id"]: outcome for outcome in result["outcomes"]}


async def name_and_needs(task: dict[str, Any]) -> Any:
    return [task["task_id"], task.get("needs")]


PLAN = [item("c", "a", "b"), item("a"), item("b", "a"), item("d")]


@pytest.mark.parametrize("sync", [False, True], ids=["async", "sync"])
async def test_a_task_finds_the_results_that_it_needs(sync: bool) -> None:
    run = graph(name_and_needs)
    result = await asyncio.to_thread(run.invoke, {"items": PLAN}) if sync else await run.ainvoke({"items": PLAN})
    found = {name: outcome["result"] for name, outcome in by_id(result).items()}
    a, b = ["a", None], ["b", {"a": ["a", None]}]
    assert found == {"a": a, "b": b, "c": ["c", {"a": a, "b": b}], "d": ["d", None]}


async def test_a_task_starts_without_waiting_for_what_it_does_not_need() -> None:
    second_started = asyncio.Event()

    async def work(task: dict[str, Any]) -> str:
        if task["task_id"] == "second":
            second_started.set()
        if task["task_id"] == "slow":
            # Behind a barrier `second` would wait for this, and this waits for `second`.
            async with asyncio.timeout(20):
                await second_started.wait()
        return "done"

    result = await graph(work).ainvoke({"items": [item("slow"), item("first"), item("second", "first")]})
    assert [outcome["status"] for outcome in result["outcomes"]] == ["done"] * 3


async def test_what_needs_something_that_failed_is_skipped_and_says_so() -> None:
    async def work(task: dict[str, Any]) -> str:
        if task["task_id"] == "a":
            raise ValueError("broken")
        return "done"

    result = by_id(await graph(work).ainvoke({"items": PLAN}))
    assert {name: outcome["status"] for name, outcome in result.items()} == {
        "a": "failed",
        "b": "skipped",
        "c": "skipped",
        "d": "done",
    }
    assert result["b"]["error"]["kind"] == "needs"
    assert "result of a" in result["b"]["error"]["message"]


async def test_the_widest_fan_out_cuts_what_is_needed_least() -> None:
    result = by_id(await graph(name_and_needs).ainvoke({"items": PLAN}, context={"max_tasks": 2}))
    assert [result[name]["status"] for name in "abcd"].count("done") == 2
    assert result["c"]["status"] == "skipped"
    assert result["a"]["status"] == "done"


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ([item("a", "b"), item("b", "a")], "in a circle"),
        ([item("a", "a")], "in a circle"),
        ([item("a", "x")], "'x', which is no task"),
        ([item("a"), item("a")], "two items"),
        ([item("ab"), {"task_id": "c", "depends_on": "ab"}], "depends_on of 'c' is 'ab'; give a list of task_ids"),
        ([{"task_id": "a", "depends_on": 5}], "give a list"),
        ([{"task_id": "a", "depends_on": [["x"]]}], "give a list"),
        ([{"task_id": "a", "depends_on": [1, "x"]}], "'1', 'x', which is no task"),
    ],
)
async def test_a_plan_that_cannot_be_done_is_refused_before_any_worker(items: Any, said: str) -> None:
    worked: list[Any] = []

    async def work(task: dict[str, Any]) -> None:
        worked.append(task)

    with pytest.raises(GraphError, match=said):
        await graph(work).ainvoke({"items": items})
    assert not worked


async def test_numbers_are_task_ids_too() -> None:
    items = [{"task_id": 0}, {"task_id": 1, "depends_on": [0]}]
    result = by_id(await graph(name_and_needs).ainvoke({"items": items}))
    assert result["1"]["result"] == ["1", {"0": ["0", None]}]


async def test_what_was_finished_before_a_failure_is_found_again() -> None:
    worked: list[str] = []

    async def work(task: dict[str, Any]) -> Any:
        worked.append(task["task_id"])
        if task["task_id"] == "b" and worked.count("b") == 1:
            raise ValueError("broken")
        return await name_and_needs(task)

    run = graph(work, checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "t"}}
    context = {"on_failure": "fail_fast"}
    with pytest.raises(ValueError, match="broken"):
        await run.ainvoke({"items": PLAN[1:3]}, config, context=context)
    result = by_id(await run.ainvoke(None, config, context=context))
    assert worked == ["a", "b", "b"]
    assert result["b"]["result"] == ["b", {"a": ["a", None]}]


async def test_what_was_finished_before_a_failure_is_found_again_in_a_nested_graph() -> None:
    worked: list[str] = []

    async def work(task: dict[str, Any]) -> Any:
        worked.append(task["task_id"])
        if worked == ["a", "b"]:
            raise ValueError("broken")
        return await name_and_needs(task)

    outer = StateGraph(Plan, context_schema=Context)
    outer.add_node("inner", graph(work))
    outer.add_edge(START, "inner")
    run = outer.compile(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "t"}}
    context: Any = {"on_failure": "fail_fast"}
    with pytest.raises(ValueError, match="broken"):
        await run.ainvoke({"items": PLAN[1:3]}, config, context=context)
    async with asyncio.timeout(20):
        result = by_id(await run.ainvoke(None, config, context=context))
    assert worked == ["a", "b", "b"]
    assert result["b"]["result"] == ["b", {"a": ["a", None]}]


@pytest.mark.parametrize("sync", [False, True], ids=["async", "sync"])
async def test_what_needs_a_task_that_waits_for_a_person_waits_with_it(sync: bool) -> None:
    async def work(task: dict[str, Any]) -> Any:
        return interrupt("may I?") if task["task_id"] == "a" else await name_and_needs(task)

    run = graph(work, checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "t"}}

    async def go(given: Any) -> Any:
        return await asyncio.to_thread(run.invoke, given, config) if sync else await run.ainvoke(given, config)

    waiting = await go({"items": PLAN})
    assert [asked.value for asked in waiting["__interrupt__"]] == ["may I?"]
    result = by_id(await go(Command(resume="yes")))
    assert {name: outcome["status"] for name, outcome in result.items()} == dict.fromkeys("abcd", "done")
    assert result["b"]["result"] == ["b", {"a": "yes"}]


async def test_a_chain_of_two_hundred_in_any_order() -> None:
    async def count(task: dict[str, Any]) -> int:
        return 1 + sum(task.get("needs", {}).values())

    items = [item(str(n), *([str(n - 1)] if n else [])) for n in range(200)][::-1]
    result = await graph(count).ainvoke({"items": items}, context={"max_tasks": 200})
    assert len(result["outcomes"]) == 200
    assert by_id(result)["199"]["result"] == 200


@given(st.data())
def test_needs_stand_before_those_who_need_them(data: Any) -> None:
    names = [str(n) for n in range(data.draw(st.integers(0, 8)))]
    earlier = {name: names[:at] for at, name in enumerate(names)}
    plan = [
        {"task_id": name, "item": item(name, *(data.draw(st.sets(st.sampled_from(before))) if before else ()))}
        for name, before in earlier.items()
    ]
    shuffled = data.draw(st.permutations(plan))
    ordered = in_order_of_needs(shuffled)
    assert sorted(task["task_id"] for task in ordered) == names
    seen: set[str] = set()
    for task in ordered:
        assert set(task["item"]["depends_on"]) <= seen
        seen.add(task["task_id"])
    if not any(task["item"]["depends_on"] for task in plan):
        assert ordered == shuffled
