"""A node that plans and lets tasks begin while the rest of its plan is still written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from langgraph.channels import LastValue
from langgraph.graph import StateGraph
from langgraph.runtime import Runtime, get_runtime
from langgraph.types import Command

from fanloom.errors import GraphError
from fanloom.graph.dependencies import in_order_of_needs, needs_of
from fanloom.graph.eager_plan import EagerPlan, EarlyTasks
from fanloom.graph.node import Node
from fanloom.graph.tasks.fan_out_plan import FanOutPlan, PlannedTask
from fanloom.runs.current_run import current_run
from fanloom.runs.thread_record import read_channels

ItemsOf = Callable[[list[Any]], Sequence[Any]]
"""Which items of the channel those become that have been written so far."""


def begin_early(builder: StateGraph[Any, Any, Any, Any], source: str, plan: FanOutPlan, items_of: ItemsOf) -> None:
    """Let the node that plans begin tasks as they come. Raises GraphError if it cannot."""
    spec = builder.nodes.get(source)
    planner = spec.runnable if spec else None
    if not isinstance(planner, Node) or not isinstance(builder.channels[plan.over], LastValue):
        raise GraphError(
            f"eager needs {source!r} as an async function, added to a fanloom.StateGraph before its fan-out, and a "
            f"channel {plan.over!r} without a reducer"
        )
    planner.plans_early = True
    planner.action = EarlyPlanning(plan, planner.action, items_of).planned


class EarlyPlanning:
    """What a node does that plans and begins what it has planned so far."""

    def __init__(self, plan: FanOutPlan, action: Callable[..., Awaitable[Any]], items_of: ItemsOf) -> None:
        self.plan, self.action, self.items_of = plan, action, items_of

    async def planned(self, state: Any, **given: Any) -> Any:
        """Plan, begin tasks meanwhile, and keep those for their nodes that the whole plan has."""
        runtime: Runtime[Any] = get_runtime()
        limit = self.plan.limit(state, runtime)
        eager = EagerPlan(runtime, self.plan.channels, lambda name, *task: self.plan.actions[name](*task))
        begins = self._first(limit)
        update = await eager.written(self.plan.over, begins, lambda: self.action(state, **given))
        begun = await eager.decide(self._whole(update, limit))
        if runtime.execution_info:
            EarlyTasks.of(current_run(runtime)).keep((self.plan.over, runtime.execution_info.task_id), begun)
        return update

    def _first(self, limit: int) -> Callable[[Sequence[Any]], list[PlannedTask]]:
        """Return which tasks may begin of the items that are written so far."""

        def tasks_of(items: Sequence[Any]) -> list[PlannedTask]:
            tasks = list(self.plan.tasks(self.items_of(list(items))))[:limit]
            return [task for task in tasks if "unknown" not in task and not needs_of(task)]

        return tasks_of

    def _whole(self, update: Any, limit: int) -> list[PlannedTask]:
        """Return the tasks that run of what a node has planned; none if the plan cannot be carried out."""
        over = self.plan.over
        told = update.update if isinstance(update, Command) else update
        items = told if isinstance(told, Mapping) and over in told else read_channels((over,))
        try:
            return in_order_of_needs(list(self.plan.tasks(items.get(over) or [])))[:limit]
        except GraphError:
            # The router says so.
            return []
