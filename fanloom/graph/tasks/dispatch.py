"""From the node that plans to the workers: one Send for each task, and one for all that are too many."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from langgraph.runtime import Runtime, get_runtime
from langgraph.types import Send

from fanloom.graph.dependencies import in_order_of_needs, needs_of
from fanloom.graph.tasks.fan_out_plan import FanOutPlan, PlannedTask, value_of
from fanloom.runs.current_run import current_run, recorder_of
from fanloom.runs.langgraph_internals import TASKS
from fanloom.runs.outcome import runs_again
from fanloom.runs.thread_record import read_channels

Path = list[Send | str]

_TITLES = ("title", "question", "name", "summary", "description", "item")
_LONGEST_TITLE = 120
_TOLD_OF_SURPLUS = ("task_id", "worker", "awaited")


def dispatch_of(plan: FanOutPlan) -> Callable[[Any], Path]:
    """Return the router that sends out a plan's tasks, or goes on to the join if there are none."""

    def dispatch(state: Any) -> Path:
        tasks = in_order_of_needs(list(plan.tasks(value_of(state, plan.over) or [])))
        # None while somebody updates the state: a context is there only once the run goes on.
        runtime: Runtime[Any] | None = get_runtime()
        sends = _anew(plan, tasks) if runtime is None else _planned(plan, tasks, plan.limit(state, runtime), runtime)
        return sends or [plan.join]

    dispatch.__name__ = f"fan_out_{plan.over}"
    return dispatch


def note_found(plan: FanOutPlan, task: PlannedTask, runtime: Runtime[Any]) -> None:
    """Write down, once, a plan that a run has found made: one that forks another, or takes it up after its end."""
    if (recorder := recorder_of(runtime)) is not None and recorder.is_new:
        by = task.get("planned_by")
        current_run(runtime).keep(_noted(plan, by), lambda _: _note(plan, *_sent(plan, by), runtime))


def _sent(plan: FanOutPlan, by: str | None) -> tuple[list[PlannedTask], int]:
    """Return the tasks of a plan that were sent to the running superstep, and how many it has that were too many."""
    given = [send.arg["fan_out"] for send in read_channels((TASKS,)).get(TASKS, ()) if send.node in plan.actions]
    tasks = [each for each in given if "skipped" not in each and each.get("planned_by") == by]
    return tasks, sum(len(each.get("skipped", ())) for each in given)


def _planned(plan: FanOutPlan, tasks: list[PlannedTask], limit: int, runtime: Runtime[Any]) -> Path:
    planned_by = {"planned_by": runtime.execution_info.task_id} if runtime.execution_info else {}
    noted = _noted(plan, planned_by.get("planned_by"))
    current_run(runtime).keep(noted, lambda _: _note(plan, tasks[:limit], len(tasks[limit:]), runtime))
    sends: Path = [_send({**task, **planned_by}) for task in tasks[:limit]]
    if surplus := tasks[limit:]:
        left = [{name: task[name] for name in _TOLD_OF_SURPLUS if name in task} for task in surplus]
        sends.append(Send(plan.first_worker, {"fan_out": {"skipped": left, "limit": limit}}))
    return sends


def _anew(plan: FanOutPlan, tasks: list[PlannedTask]) -> Path:
    """Send out what is left to do of a thread whose state is updated: all, or only what is to run again."""
    ledger = read_channels((plan.outcomes,), with_own_writes=True).get(plan.outcomes) or []
    chosen = {outcome["task_id"] for outcome in ledger if runs_again(outcome)}
    again = "a few" if chosen else "all"
    numbered = [{**task, "number": number, "again": again} for number, task in enumerate(tasks, 1)]
    return [_send(task) for task in numbered if not chosen or task["task_id"] in chosen]


def _send(task: PlannedTask) -> Send:
    return Send(task["worker"], {"fan_out": task})


def _noted(plan: FanOutPlan, by: str | None) -> tuple[Any, ...]:
    """Return under which key a run keeps that a plan of it is written down."""
    return (_note, plan.over, by)


def _note(plan: FanOutPlan, tasks: list[PlannedTask], cut: int, runtime: Runtime[Any]) -> None:
    if (recorder := recorder_of(runtime)) is not None:
        recorder.add("plan.made", over=plan.over, tasks=[_told(task) for task in tasks], cut=cut)


def _told(task: Mapping[str, Any]) -> dict[str, Any]:
    """Return of a planned task what a log tells: a title is a short text that its item has, or all its texts."""
    item = task["item"]
    texts = {name: text for name, text in item.items() if isinstance(text, str) and text and name != "task_id"}
    others = ", ".join(text for text in texts.values() if text != task["worker"])
    title = next((texts[name] for name in _TITLES if name in texts), others or texts.get("type", ""))
    told = {"task_id": task["task_id"], "worker": task["worker"], "title": title[:_LONGEST_TITLE]}
    return {**told, "depends_on": needs_of(task)} if item.get("depends_on") else told
