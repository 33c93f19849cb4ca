"""Fan-out with a ledger: one Send a task, one Outcome a task, and the join always runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from langgraph.graph import StateGraph
from pydantic_core import to_jsonable_python

from fanloom.errors import GraphError
from fanloom.graph.tasks.dispatch import dispatch_of
from fanloom.graph.tasks.early_planning import begin_early
from fanloom.graph.tasks.fan_out_plan import FanOutPlan
from fanloom.graph.tasks.task_node import FanOutInput, TaskNode
from fanloom.graph.tasks.worker_action import Worker, actions_of


def add_fan_out(
    builder: StateGraph[Any, Any, Any, Any],
    source: str,
    *,
    over: str,
    join: str,
    worker: str | None = None,
    action: Worker | None = None,
    workers: Mapping[str, Worker] | None = None,
    by: str = "type",
    outcomes: str = "outcomes",
    asked: str | None = None,
    eager: bool | Callable[[list[Any]], Sequence[Any]] = False,
) -> None:
    """Add worker nodes to a graph: after `source`, one Send for each item of the channel `over`, then `join`.

    Give one `worker` name with its `action`, or `workers` from the item's field `by` to actions. An action is a
    function, async or not, of one mapping and, where it has a parameter of the name `runtime`, LangGraph's Runtime. The
    mapping is the graph's state, read where it is and not sent, with its task over it: the item's own fields (an item
    that is not a mapping stands under `item`) and its `task_id` (the item's, else `<over>-<number>`). What it returns,
    JSON-plain, is the result of an Outcome, which is added to the channel `outcomes` (`RunState` has it) in plan order,
    or where items have needs in one in which each comes after those that it needs.

    `max_tasks` bounds what a model plans. Where a user asks for a number of items, `asked` names the channel that holds
    it: so many run, unless the context itself says less.

    A worker that raises, an item of an unknown type and whatever exceeds `max_tasks` end in an Outcome too, and the
    join runs in every case, also for no item at all; with `on_failure="fail_fast"` the first error ends the run. A
    worker that lacks something raises NeedsInput, and one that a person has decided against Declined: neither is a
    failure. An item may list the `task_id`s of others under `depends_on`: its action then finds their results under
    `needs`, and starts as soon as they are there; if one of them is not done, it is skipped.

    With `eager` a worker begins as soon as the model that plans has written its item, in the list of the name `over` in
    the output of a step of `source`; a function says which items of the channel those become. The plan that `source`
    returns decides: what else was begun is cancelled. Do nothing outside before `effect_key`, which waits for it.

    Raises GraphError if the arguments do not go together or the graph has no such channels; a run raises it before any
    worker begins if two items have one `task_id`, or need each other in a circle, or need what is no task.
    """
    actions, channels = actions_of(worker, action, workers), frozenset(builder.channels)
    if unknown := {over, outcomes, asked or over} - channels:
        raise GraphError(f"the graph's state has no channel {', '.join(sorted(unknown))}; RunState has 'outcomes'")
    plan = FanOutPlan(actions, over, join, by if workers else None, channels, outcomes, asked, is_eager=bool(eager))
    if eager:
        begin_early(builder, source, plan, eager if callable(eager) else to_jsonable_python)
    for name in actions:
        builder.add_node(name, TaskNode(plan, name).node(source), input_schema=FanOutInput)
        builder.add_edge(name, join)
    builder.add_conditional_edges(source, dispatch_of(plan), [*actions, join])
