"""A graph that is nothing but a fan-out: what it plans, does and joins is given."""

from __future__ import annotations

from typing import Any

from langgraph.graph import END, START

from fanloom import Context, StateGraph, add_fan_out, new_run


async def begin(state: Any) -> dict[str, Any]:
    """Begin a new run: the plan of a graph whose items are given."""
    return new_run()


def wired(
    schema: type,
    action: Any,
    *,
    plan: Any = begin,
    join: Any = lambda state: {},
    over: str = "items",
    eager: bool = False,
) -> StateGraph:
    """Return a graph that runs the action `work` for each item of a channel, and then the join."""
    builder = StateGraph(schema, context_schema=Context)
    builder.add_node("plan", plan)
    builder.add_node("join", join)
    builder.add_edge(START, "plan")
    add_fan_out(builder, "plan", over=over, worker="work", action=action, join="join", eager=eager)
    builder.add_edge("join", END)
    return builder
