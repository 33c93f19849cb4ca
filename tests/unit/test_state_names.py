"""A project's own names never take the place of ours in a state that extends RunState."""

from __future__ import annotations

from typing import Any

from langgraph.graph import END, START

from fanloom import RunState, StateGraph, add_fan_out, new_run


class State(RunState, total=False):
    items: list[dict[str, Any]]


def recorded() -> None:
    """Bear the name of a reducer of RunState."""


class Usage:
    """Bear the name of a type there."""


async def begin(state: State) -> dict[str, Any]:
    return new_run()


async def work(task: dict[str, Any]) -> int:
    return 1


async def end(state: State) -> None: ...


def test_a_function_with_the_name_of_a_reducer_does_no_harm() -> None:
    builder = StateGraph(State)
    builder.add_node("begin", begin)
    builder.add_node("end", end)
    builder.add_edge(START, "begin")
    add_fan_out(builder, "begin", worker="work", action=work, join="end", over="items")
    builder.add_edge("end", END)
    result = builder.compile(name="named").invoke({"items": [{"task_id": "t1"}]})
    assert [outcome["status"] for outcome in result["outcomes"]] == ["done"]
