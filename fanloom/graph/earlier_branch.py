"""What a thread already knows of the tasks of a plan that is carried out again: after a fork, or a rerun of a few."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from langgraph.config import get_config
from langgraph.runtime import Runtime

from fanloom.graph.dependencies import needs_of
from fanloom.loops.once import Once
from fanloom.runs.current_run import current_run
from fanloom.runs.langgraph_internals import TASKS
from fanloom.runs.outcome import Outcome
from fanloom.runs.spending import TaskMeter
from fanloom.runs.thread_record import TaskRecord, record_of
from fanloom.runs.usage import METER

Planned = dict[str, Any]


@dataclass
class EarlierBranch:
    """Of the tasks of a plan: what those wrote that had ended, and in which plan each was first; by `task_id`.

    A fork keeps what a task has written whose item is the same, whose needs are kept too, and where nothing else of
    the state has changed that its worker could have read.
    """

    written: dict[str, dict[str, Any]] = field(default_factory=dict)
    first_planned_by: dict[str, str] = field(default_factory=dict)


async def earlier_branch(runtime: Runtime[Any], outcomes: str, read: Iterable[str]) -> EarlierBranch:
    """Look for the tasks of the running superstep in its thread's past; their workers read the channels `read`."""
    record = record_of(get_config())
    if record is None:
        return EarlierBranch()
    here = (EarlierBranch, outcomes, *record.place.values())
    once = current_run(runtime).keep(here, lambda _: Once(lambda: _search(record, outcomes, read)))
    return await once.value()


async def _search(record: TaskRecord, outcomes: str, read: Iterable[str]) -> EarlierBranch:
    found, here, is_fork = EarlierBranch(), None, True
    async for checkpoint in record.ancestors():
        if here is None:
            here, plan = checkpoint, _planned(checkpoint)
            continue
        then = _planned(checkpoint)
        same = {task_id for task_id in plan.keys() & then.keys() if plan[task_id]["item"] == then[task_id]["item"]}
        for task_id in same:
            if planned_by := then[task_id].get("planned_by"):
                found.first_planned_by.setdefault(task_id, planned_by)
        # Only updates lie between a fork and what it was made of.
        if is_fork and _versions(here, read) == _versions(checkpoint, read):
            ended = _written(checkpoint, outcomes)
            found.written = {task_id: ended[task_id] for task_id in same & ended.keys()} | found.written
        is_fork = is_fork and checkpoint.metadata.get("source") in ("update", "fork")
    if here is not None:
        _drop_whose_needs_run(found.written, plan)
    return found


def mark_planned(over: str, task: Planned, first_planned_by: str) -> None:
    """Tell the running task's meter which task of which plan it is, so that its effects happen once."""
    meter = METER.get()
    if isinstance(meter, TaskMeter):
        item = sha256(json.dumps(task["item"], sort_keys=True, default=str).encode()).hexdigest()[:16]
        meter.planned = f"{over}:{task['task_id']}:{item}"
        meter.planned_by = (
            task.get("planned_by") or first_planned_by or (meter.info.checkpoint_id if meter.info else "")
        )


def _planned(checkpoint: Any) -> dict[str, Planned]:
    sends = checkpoint.checkpoint["channel_values"].get(TASKS) or []
    plans = [send.arg.get("fan_out") for send in sends if isinstance(send.arg, dict)]
    return {plan["task_id"]: plan for plan in plans if isinstance(plan, dict) and "task_id" in plan}


def _written(checkpoint: Any, outcomes: str) -> dict[str, dict[str, Any]]:
    """Return what the tasks that ended have written, by the task of the plan."""
    by_task: dict[str, dict[str, Any]] = {}
    for task, channel, value in checkpoint.pending_writes or []:
        by_task.setdefault(task, {})[channel] = value
    ended: dict[str, dict[str, Any]] = {}
    for written in by_task.values():
        outcome: list[Outcome] = written.get(outcomes) or []
        if isinstance(outcome, list) and len(outcome) == 1:
            kept = {name: written[name] for name in (outcomes, "usage") if name in written}
            ended[outcome[0]["task_id"]] = kept
    return ended


def _versions(checkpoint: Any, read: Iterable[str]) -> dict[str, Any]:
    versions = checkpoint.checkpoint["channel_versions"]
    return {name: versions.get(name) for name in read}


def _drop_whose_needs_run(written: dict[str, Any], plan: Mapping[str, Planned]) -> None:
    """Forget the tasks one of whose needs runs again; a plan lists each task after its needs."""
    for task_id, task in plan.items():
        if any(need not in written for need in needs_of(task)):
            written.pop(task_id, None)
