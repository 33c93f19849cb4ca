"""The node of a worker: it does one task, and however that ends, it ends in an Outcome.

A worker's error is turned into its Outcome here and not in LangGraph's `error_handler`: a handler runs again on every
resume, fires no edge unless it returns a Command, and would lose what the failed calls used.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import Any

from langgraph.errors import GraphBubbleUp
from langgraph.runtime import Runtime
from pydantic_core import to_jsonable_python
from typing_extensions import TypedDict

from fanloom.errors import Declined, MissingNode, NeedsInput
from fanloom.graph.dependencies import PendingOutcomes, needs_of
from fanloom.graph.eager_plan import EarlyTask, EarlyTasks
from fanloom.graph.earlier_branch import EarlierBranch, earlier_branch, mark_planned
from fanloom.graph.node import Node
from fanloom.graph.tasks.dispatch import note_found
from fanloom.graph.tasks.fan_out_plan import FanOutPlan, PlannedTask
from fanloom.runlog.current_log import record
from fanloom.runs.current_run import current_run
from fanloom.runs.outcome import Outcome, done, from_error, not_done, runs_again
from fanloom.runs.spending import used_here
from fanloom.runs.thread_record import read_channels
from fanloom.runs.usage import meter
from fanloom.tracing.langsmith_tracing import note, traced_task

# How a task ends that nobody has failed at.
_NO_FAILURE = (NeedsInput, Declined)
# What is no end of a task: a question, and a graph in it that lost a node; it can go on once it is told the new name.
_NO_END = (GraphBubbleUp, MissingNode)


class FanOutInput(TypedDict):
    """What a worker node is sent: the task, never the documents that it works on."""

    fan_out: dict[str, Any]


class TaskNode:
    """What the node of one worker of a fan-out does."""

    def __init__(self, plan: FanOutPlan, name: str) -> None:
        self.plan, self.name = plan, name

    def node(self, source: str) -> Node:
        """Return the node, whose tasks the node `source` plans."""
        node = Node(self.name, self.work, counts_usage="usage" in self.plan.channels)
        node.planned_in = source
        return node

    async def work(self, state: FanOutInput, runtime: Runtime[Any]) -> dict[str, Any]:
        """Do what is sent: one task, or tell of all those that are too many."""
        task = state["fan_out"]
        if "skipped" in task:
            note(outcome="skipped", reason="max_tasks", tasks=len(task["skipped"]))
            return self._update(*(self._skipped(each, task["limit"], runtime) for each in task["skipped"]))
        note_found(self.plan, task, runtime)
        note(task_id=task["task_id"])
        if (kept := await self._kept(task, runtime)) is not None:
            _note_end(kept[self.plan.outcomes][0], is_kept=True)
            return kept
        if "number" in task and task["number"] > (limit := self.plan.limit(self._asked_for(), runtime)):
            skipped = self._skipped(task, limit, runtime)
            _note_end(skipped)
            return self._update(skipped)
        return self._update(await self._noted(task, runtime))

    def _update(self, *ended: Outcome) -> dict[str, Any]:
        return {self.plan.outcomes: list(ended)}

    def _asked_for(self) -> Mapping[str, Any]:
        return read_channels((self.plan.asked,)) if self.plan.asked else {}

    async def _kept(self, task: PlannedTask, runtime: Runtime[Any]) -> dict[str, Any] | None:
        """Return what a task has written before its thread was forked, if that still holds."""
        past = EarlierBranch()
        if "again" in task:
            read = self.plan.channels - {self.plan.over, self.plan.outcomes, "usage"}
            past = await earlier_branch(runtime, self.plan.outcomes, read)
        mark_planned(self.plan.over, task, past.first_planned_by.get(task["task_id"], ""))
        written = past.written.get(task["task_id"]) if task.get("again") == "all" else None
        if written is not None and task.get("awaited"):
            self._pending(runtime).settle(written[self.plan.outcomes][0])
        return written

    async def _noted(self, task: PlannedTask, runtime: Runtime[Any]) -> Outcome:
        """Do a task, and write down how it ends."""
        with traced_task(task["task_id"]):
            outcome = await self._settled(task, runtime)
        _note_end(outcome, usage=used_here())
        note(outcome=outcome["status"], **({"reason": outcome["error"]["kind"]} if outcome["error"] else {}))
        return outcome

    async def _settled(self, task: PlannedTask, runtime: Runtime[Any]) -> Outcome:
        """Do a task, and tell those that wait for it."""
        if not task.get("awaited"):
            return await self._outcome(task, runtime)
        with self._pending(runtime).told_if_given_up(task["task_id"]):
            outcome = await self._outcome(task, runtime)
        self._pending(runtime).settle(outcome)
        return outcome

    def _skipped(self, task: PlannedTask, limit: int, runtime: Runtime[Any]) -> Outcome:
        message = f"the plan has more than {limit} tasks; raise max_tasks (--set max_tasks=N, or in the context)"
        outcome = not_done(task["task_id"], task["worker"], message, status="skipped", kind="max_tasks")
        if task.get("awaited"):
            self._pending(runtime).settle(outcome)
        return outcome

    def _pending(self, runtime: Runtime[Any]) -> PendingOutcomes:
        """Return the outcomes that are awaited in this superstep of this run."""
        info, over = runtime.execution_info, self.plan.over
        here = (over, info.checkpoint_id, info.checkpoint_ns.rpartition("|")[0]) if info else (over,)
        return current_run(runtime).keep((PendingOutcomes, here), lambda _: PendingOutcomes(self.plan.outcomes))

    async def _outcome(self, task: PlannedTask, runtime: Runtime[Any]) -> Outcome:
        """Do a task as soon as what it needs is there, unless it cannot be done."""
        if "unknown" in task:
            known = ", ".join(self.plan.actions)
            message = f"no worker for {self.plan.by} {task['unknown']!r}; there are {known}"
            return not_done(task["task_id"], task["unknown"], message, kind="unknown_worker")
        needs = await self._needs(task, runtime)
        if undone := [need for need, outcome in needs.items() if outcome["status"] != "done"]:
            message = f"it needs the result of {', '.join(undone)}, which was not done"
            return not_done(task["task_id"], self.name, message, status="skipped", kind="needs", retryable=True)
        results = {"needs": {need: outcome["result"] for need, outcome in needs.items()}} if needs else {}
        state = {**read_channels(self.plan.channels), **results, **task["item"], "task_id": task["task_id"]}
        return await self._done(state, runtime, self._begun(task, runtime))

    async def _needs(self, task: PlannedTask, runtime: Runtime[Any]) -> Mapping[str, Outcome]:
        """Return how those ended that a task needs, once they have."""
        if not (wanted := needs_of(task)):
            return {}
        ended = self._ended() if task.get("again") == "a few" else {}
        return await self._pending(runtime).outcomes(wanted, ended)

    def _ended(self) -> dict[str, Outcome]:
        """Return how the tasks ended that do not run again while a few others do."""
        ended = read_channels((self.plan.outcomes,)).get(self.plan.outcomes) or []
        return {outcome["task_id"]: outcome for outcome in ended if not runs_again(outcome)}

    def _begun(self, task: PlannedTask, runtime: Runtime[Any]) -> EarlyTask | None:
        """Return what was begun of a task while its plan was written."""
        if not self.plan.is_eager or "planned_by" not in task:
            return None
        return EarlyTasks.of(current_run(runtime)).take((self.plan.over, task["planned_by"]), task)

    async def _done(self, state: dict[str, Any], runtime: Runtime[Any], early: EarlyTask | None) -> Outcome:
        """Return how the work on a task ended. One failure costs one task: its siblings go on."""
        task_id, started = state["task_id"], early.begun if early else perf_counter()
        try:
            # JSON-plain, or a checkpoint of the whole fan-out would fail on it.
            result = to_jsonable_python(await self._result(state, runtime, early))
        except _NO_END:
            raise
        except Exception as error:
            # A worker is anybody's code, which can fail in any way: that is what its outcome says.
            if current_run(runtime).context.on_failure == "fail_fast" and not isinstance(error, _NO_FAILURE):
                raise
            attempts, seconds = meter().attempts, perf_counter() - started
            return from_error(task_id, self.name, error, attempts=attempts, seconds=seconds)
        attempts, seconds = meter().attempts or 1, perf_counter() - started
        return done(task_id, self.name, result, attempts=attempts, seconds=seconds)

    async def _result(self, state: dict[str, Any], runtime: Runtime[Any], early: EarlyTask | None) -> Any:
        holds, result = await early.result(runtime) if early else (False, None)
        return result if holds else await self.plan.actions[self.name](state, runtime)


def _note_end(outcome: Outcome, **more: Any) -> None:
    record("outcome", **{name: value for name, value in outcome.items() if name != "result"}, **more)
