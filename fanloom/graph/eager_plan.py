"""Workers that begin while the plan is still written; the whole plan decides which of them go on.

Their work happens outside any node. The node of a task, which LangGraph starts once the plan is there, takes over what
has been begun for the very same task: it counts what was used and writes the outcome, so that the ledger, the drawn
graph and a resume know nothing of it. Work that asks for what only its node can give is done anew in the node.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from contextvars import copy_context
from dataclasses import replace
from time import perf_counter
from typing import Any

from langchain_core.runnables.config import var_child_runnable_config
from langgraph.runtime import Runtime

from fanloom.errors import RunError
from fanloom.graph.read_state import ReadState
from fanloom.runlog.current_log import part, record
from fanloom.runs.current_run import Run
from fanloom.runs.early_work import EARLY, READER, EarlyWork, PlanReader
from fanloom.runs.langgraph_internals import CONF, CONFIG_KEY_SCRATCHPAD, PregelScratchpad
from fanloom.runs.thread_record import read_channels
from fanloom.runs.usage import METER, Meter, meter
from fanloom.tracing.langsmith_tracing import traced_task

Task = Mapping[str, Any]
Do = Callable[[str, ReadState, Runtime[Any]], Awaitable[Any]]


class EarlyTask:
    """One task that was begun before the plan was whole."""

    def __init__(self, task: Task, state: ReadState) -> None:
        self.task, self.state = task, state
        self.begun = perf_counter()
        self.work = EarlyWork(Meter(meter().above))
        self.running: asyncio.Task[Any]

    def is_for(self, task: Task) -> bool:
        """Say whether it is the very task that the plan has."""
        return all(self.task[name] == task[name] for name in ("task_id", "worker", "item"))

    async def result(self, runtime: Runtime[Any]) -> tuple[bool, Any]:
        """Return, in the task's node, whether its work still holds, and what came of it. Raises the work's RunError."""
        meter().take_over(self.work.meter)
        if self.work.needs_node or not self.state.brought_up_to(read_channels(self.state.channels)):
            await self.end()
            return False, None
        self.work.give_node(runtime.execution_info)
        try:
            found = await self.running
            return not self.work.needs_node, found
        except Exception as error:
            # A worker is anybody's code: what it raised before the plan was there is seen again, or not, in its node.
            if isinstance(error, RunError) and not self.work.needs_node:
                raise
            return False, None
        finally:
            self.running.cancel()

    async def end(self) -> None:
        """Cancel the work and wait until it has ended."""
        self.running.cancel()
        await asyncio.wait([self.running])


class EarlyTasks:
    """The tasks of a run that were begun early and that no node has taken over yet, by their plan and id."""

    def __init__(self) -> None:
        self._plans: dict[Any, dict[str, EarlyTask]] = {}

    @classmethod
    def of(cls, run: Run) -> EarlyTasks:
        """Return those of a run."""
        return run.keep(cls, lambda _: cls())

    def keep(self, plan: Any, begun: Iterable[EarlyTask]) -> None:
        """Keep the tasks of a plan for their nodes."""
        self._end(plan)
        self._plans[plan] = {early.task["task_id"]: early for early in begun}

    def take(self, plan: Any, task: Task) -> EarlyTask | None:
        """Return what was begun for a task of a plan, to whoever carries it out; it is returned once."""
        early = self._plans.get(plan, {}).pop(task["task_id"], None)
        if early is None or early.is_for(task):
            return early
        _cancel(early)
        return None

    def give_up(self) -> None:
        """Cancel what no node will take over any more: the run has ended."""
        for plan in list(self._plans):
            self._end(plan)

    def _end(self, plan: Any) -> None:
        for early in self._plans.pop(plan, {}).values():
            _cancel(early)


class EagerPlan:
    """One plan while it is written: begins its tasks as they come. Use it in the node that plans, on its loop."""

    def __init__(self, runtime: Runtime[Any], channels: Iterable[str], do: Do) -> None:
        self._runtime, self._channels, self._do = runtime, frozenset(channels), do
        self._variables, self._loop = copy_context(), asyncio.get_running_loop()
        self._begun: dict[str, EarlyTask] = {}
        self._is_whole = False
        self._error: Exception | None = None

    async def written(
        self, name: str, tasks_of: Callable[[Sequence[Any]], Iterable[Task]], plan: Callable[[], Awaitable[Any]]
    ) -> Any:
        """Return what `plan` returns, and begin tasks meanwhile. Raises what it raises, and ends them then."""

        def take(items: Sequence[Any]) -> None:
            # The loop is closed where the run was given up.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(lambda: self._take(items, tasks_of), context=self._variables.copy())

        token = READER.set(PlanReader(name, take))
        try:
            update = await plan()
            if self._error:
                raise self._error
            return update
        except BaseException:
            # However it ends without a plan: nothing that was begun for it may go on.
            await self.decide([])
            raise
        finally:
            self._is_whole = True
            READER.reset(token)

    async def decide(self, tasks: Iterable[Task]) -> list[EarlyTask]:
        """Return what was begun of the tasks of the whole plan; whatever else was begun is ended and reported."""
        self._is_whole = True
        planned = {task["task_id"]: task for task in tasks}
        kept = [each for name, each in self._begun.items() if name in planned and each.is_for(planned[name])]
        refused = [each for each in self._begun.values() if each not in kept]
        for early in refused:
            record("task.refused", task_id=early.task["task_id"], worker=early.task["worker"])
            early.running.cancel()
        for early in refused:
            await early.end()
            meter().take_over(early.work.meter)
        return kept

    def _take(self, items: Sequence[Any], tasks_of: Callable[[Sequence[Any]], Iterable[Task]]) -> None:
        if self._is_whole or self._error:
            return
        try:
            for task in tasks_of(items):
                if task["task_id"] not in self._begun:
                    self._begin(task)
        except Exception as error:  # noqa: BLE001 - it is raised in the node that plans
            self._error = error

    def _begin(self, task: Task) -> None:
        state = ReadState(read_channels(self._channels), {**task["item"], "task_id": task["task_id"]}, self._channels)
        early = self._begun[task["task_id"]] = EarlyTask(task, state)
        variables = self._variables.copy()
        variables.run(_set_apart, early.work)
        early.running = self._loop.create_task(self._work(early), context=variables)
        early.running.add_done_callback(_looked_at)

    async def _work(self, early: EarlyTask) -> Any:
        task = early.task
        # No node is there that it could be: what asks for one is told so.
        runtime = replace(self._runtime, execution_info=None)
        with traced_task(task["task_id"]), part("node", node=task["worker"], task=task["task_id"]):
            return await self._do(task["worker"], early.state, runtime)


def _set_apart(work: EarlyWork) -> None:
    """Let what is done in these context variables be early work, and no part of the node that plans."""
    EARLY.set(work)
    READER.set(None)
    METER.set(work.meter)
    config = var_child_runnable_config.get() or {}
    refused = PregelScratchpad(
        step=0,
        stop=0,
        call_counter=work.refuse,
        interrupt_counter=work.refuse,
        get_null_resume=work.refuse,
        resume=[],
        subgraph_counter=work.refuse,
    )
    # A question to a person and a graph in the task belong to the task's own node, in LangGraph's record of it.
    var_child_runnable_config.set({**config, CONF: {**config.get(CONF, {}), CONFIG_KEY_SCRATCHPAD: refused}})


def _cancel(early: EarlyTask) -> None:
    if not early.running.done():
        early.running.get_loop().call_soon_threadsafe(early.running.cancel)


def _looked_at(task: asyncio.Task[Any]) -> None:
    """Take what a task has raised: if no node asks for it, nobody is to be told."""
    if not task.cancelled():
        task.exception()
