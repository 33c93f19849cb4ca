"""Tasks that need the results of others: each starts as soon as its own needs are done.

All tasks of a fan-out run in one superstep, so one can wait for another without a barrier for the rest. A task that
waits holds no model call. What was finished before a crash is read from LangGraph's own record of the superstep.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from graphlib import CycleError, TopologicalSorter
from typing import Any

from langgraph.errors import GraphInterrupt

from fanloom.errors import GraphError
from fanloom.runlog.current_log import part
from fanloom.runs.outcome import Outcome
from fanloom.runs.thread_record import finished_before

FIELD = "depends_on"


def needs_of(task: Mapping[str, Any]) -> list[str]:
    """Return the `task_id`s that a task's item lists as its needs. Raises GraphError if they are no list of those."""
    needs = task["item"].get(FIELD)
    if not isinstance(needs, list | tuple | set | frozenset | None) or not all(
        isinstance(need, str | int) for need in needs or ()
    ):
        raise GraphError(f"{FIELD} of {task['task_id']!r} is {needs!r}; give a list of task_ids")
    return [str(need) for need in needs or ()]


def in_order_of_needs(tasks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return tasks in plan order, or where some have needs those without first and each after those that it needs.

    Those that others need are marked `awaited`.

    Raises GraphError for needs that are no list, for one that is no task of the plan, and for those that go round in a
    circle.
    """
    by_id = {task["task_id"]: task for task in tasks}
    needs = {task_id: needs_of(task) for task_id, task in by_id.items()}
    awaited = {need for of_one in needs.values() for need in of_one}
    if unknown := sorted(awaited - by_id.keys()):
        raise GraphError(f"a task depends on {', '.join(map(repr, unknown))}, which is no task of the plan")
    try:
        ordered = [by_id[task_id] for task_id in TopologicalSorter(needs).static_order()]
    except CycleError as error:
        raise GraphError(f"tasks depend on each other in a circle: {' -> '.join(error.args[1])}") from None
    return [{**task, "awaited": True} if task["task_id"] in awaited else task for task in ordered]


class PendingOutcomes:
    """The outcomes of one fan-out as they come, for the tasks that wait for them; used from any loop and thread."""

    def __init__(self, outcomes: str) -> None:
        self._channel = outcomes
        self._coming: dict[str, Future[Outcome]] = {}
        self._before: dict[str, Outcome] | None = None
        self._lock = threading.Lock()

    def settle(self, outcome: Outcome) -> None:
        """Give an outcome to those who wait for it."""
        self._open(outcome["task_id"]).set_result(outcome)

    @contextmanager
    def told_if_given_up(self, task_id: str) -> Iterator[None]:
        """Tell those who wait for a task if it ends without an outcome: it waits for a person, or ends the run."""
        try:
            yield
        except BaseException as error:
            # Also an interrupt or a cancellation: whatever ends the task, those who wait must not wait for ever.
            self._open(task_id).set_exception(error)
            raise

    async def outcomes(self, needs: Collection[str], known: Mapping[str, Outcome]) -> Mapping[str, Outcome]:
        """Wait for tasks, but those that are known, and return their outcomes; raises what one was given up with."""
        if self._before is None:
            self._before = {outcome["task_id"]: outcome for outcome in await finished_before(self._channel)}
        before = {**self._before, **known}
        return {need: before[need] if need in before else await self._coming_outcome(need) for need in needs}

    async def _coming_outcome(self, need: str) -> Outcome:
        with self._lock:
            coming = self._coming.setdefault(need, Future())
        try:
            # Shielded: a waiter that is cancelled must not take the others with it.
            with part("wait", reason="needs", on=need):
                return await asyncio.shield(asyncio.wrap_future(coming))
        except GraphInterrupt:
            # It waits for a person, who is asked once: this task only waits with it, until the run is resumed.
            raise GraphInterrupt(()) from None

    def _open(self, task_id: str) -> Future[Outcome]:
        """Return the future of a task that ends; one that a retry ends again gets a new one."""
        with self._lock:
            coming = self._coming.get(task_id)
            if coming is None or coming.done():
                coming = self._coming[task_id] = Future()
            return coming
