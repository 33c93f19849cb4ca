"""What a fan-out is: its workers and channels, the tasks that a plan's items become, and how many of them run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langgraph.runtime import Runtime

from fanloom.errors import GraphError
from fanloom.graph.tasks.worker_action import TaskAction
from fanloom.runs.current_run import current_run

PlannedTask = dict[str, Any]
"""A task of a plan: its `task_id`, `worker` and `item`, and what is known of it."""


@dataclass(frozen=True)
class FanOutPlan:
    """What a fan-out is made of: `over` is the channel of its items, `by` the field that names an item's worker."""

    actions: Mapping[str, TaskAction]
    over: str
    join: str
    by: str | None
    channels: frozenset[str]
    outcomes: str
    asked: str | None
    is_eager: bool = False

    @property
    def first_worker(self) -> str:
        """The worker that stands for one that nobody knows."""
        return next(iter(self.actions))

    def limit(self, state: Any, runtime: Runtime[Any]) -> int:
        """Return how many tasks run: `max_tasks`, and where it is nobody's choice as many as the user asked for."""
        context = current_run(runtime).context
        chosen = self.asked is None or "max_tasks" in context.model_fields_set
        return context.max_tasks if chosen else max(context.max_tasks, value_of(state, str(self.asked)) or 0)

    def tasks(self, items: Any) -> Iterator[PlannedTask]:
        """Yield the tasks that items become. Raises GraphError if they are no list, or two have one id."""
        if isinstance(items, str | Mapping) or not isinstance(items, Sequence):
            raise GraphError(f"the channel {self.over!r} holds {type(items).__name__}, where a list of tasks is needed")
        seen: set[str] = set()
        for number, item in enumerate(items, 1):
            task = self._task(number, item if isinstance(item, Mapping) else {"item": item})
            if (task_id := task["task_id"]) in seen:
                raise GraphError(f"two items of {self.over!r} have the task_id {task_id!r}; give each its own")
            seen.add(task_id)
            yield task

    def _task(self, number: int, fields: Mapping[str, Any]) -> PlannedTask:
        named = fields.get("task_id")
        task_id = f"{self.over}-{number}" if named in (None, "") else str(named)
        worker = self.first_worker if self.by is None else str(fields.get(self.by))
        if worker in self.actions:
            return {"task_id": task_id, "worker": worker, "item": dict(fields)}
        return {"task_id": task_id, "worker": self.first_worker, "item": dict(fields), "unknown": worker}


def value_of(state: Any, name: str) -> Any:
    """Return what a state, a mapping or an object, has under a name; None if nothing."""
    return state.get(name) if isinstance(state, Mapping) else getattr(state, name, None)
