"""What tasks have spent that did not end: kept with their thread, so that neither `usage` nor a budget forgets it.

LangGraph stores what a task writes once it has ended. What a task has paid for, itself or in graphs that it calls, and
that then waits for a person, fails or is killed, would else be forgotten by the run that goes on.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from langgraph.config import get_config
from langgraph.runtime import ExecutionInfo, get_runtime

from fanloom.loops.once import Once
from fanloom.runs.current_run import current_run
from fanloom.runs.thread_record import TaskRecord, record_of
from fanloom.runs.usage import METER, Meter, Usage, add_usage, no_usage


@dataclass(eq=False)
class TaskMeter(Meter):
    """The meter of a node's task: `before` is what earlier tries have used, `unkept` what no thread knows of yet.

    `planned` says which task of a plan it is, if it is one, the same wherever the plan is carried out again, and
    `planned_by` in which plan it was first.
    """

    planned: str = ""
    planned_by: str = ""
    info: ExecutionInfo | None = None
    step: str = ""
    before: Usage = field(default_factory=no_usage)
    unkept: Usage = field(default_factory=no_usage)
    record_here: TaskRecord | None = None
    tries: _Tries | None = None

    @classmethod
    async def begin(cls, *, counts_usage: bool) -> TaskMeter:
        """Return the meter of the running task, of a graph with a channel `usage` or without."""
        config = get_config()
        runtime = get_runtime()
        step = str((config.get("metadata") or {}).get("langgraph_step", ""))
        meter = cls(METER.get(), info=runtime.execution_info, step=step)
        if counts_usage and (record := record_of(config)):
            meter.record_here = record
            meter.tries = current_run(runtime).keep(_Tries, lambda _: _Tries(record))
            meter.before = await meter.tries.take(record.task)
        return meter

    @property
    def total(self) -> Usage:
        """What the task has used in all its tries."""
        return add_usage(self.before, self.usage)

    @property
    def task_id(self) -> str:
        """LangGraph's id of the task."""
        return self.info.task_id if self.info else ""

    def place_in(self, above: TaskMeter) -> str | None:
        """Return which task of which graph this is of those that a task has called, or None if it has not."""
        graph, _, own = (self.info.checkpoint_ns if self.info else "").rpartition("|")
        caller = above.info.checkpoint_ns if above.info else ""
        # LangGraph counts the graphs that a task has called, but for the first.
        number = graph.removeprefix(caller).removeprefix("|")
        if not graph.startswith(caller) or not (number == "" or number.isdecimal()):
            return None
        return f"{number}.{self.planned or own.partition(':')[0]}@{self.step}"

    def add(self, usage: Usage) -> None:
        """Count what was used."""
        super().add(usage)
        if self.record_here:
            self.unkept = add_usage(self.unkept, usage)

    async def ended(self) -> None:
        """Keep what was used for the tasks that have called this one's graph; this one writes it itself."""
        for each in self.nested[:-1]:
            if isinstance(each, TaskMeter):
                await each.keep()

    async def given_up(self) -> None:
        """Keep what was used by a task that writes nothing: it waits for a person, has failed or was cancelled."""
        if self.tries and self.record_here:
            await self.tries.add(self.record_here.task, self.total)
        await self.keep()
        await self.ended()

    async def keep(self) -> None:
        """Keep what was used with the task's thread."""
        unkept, self.unkept = self.unkept, no_usage()
        if self.record_here and (unkept["model_calls"] or unkept["unanswered_calls"]):
            await self.record_here.add_spent(unkept)


class _Tries:
    """What the tasks of a run had spent, by task, before the run came to them: read once."""

    def __init__(self, record: TaskRecord) -> None:
        self._spent = Once(record.spent)

    async def take(self, task: str) -> Usage:
        """Return what a task has spent in earlier tries."""
        return (await self._spent.value()).pop(task, no_usage())

    async def add(self, task: str, usage: Usage) -> None:
        """Note what a task has spent that may be tried again in this run."""
        (await self._spent.value())[task] = usage


def used_here() -> dict[str, int | float | None]:
    """Return what the running task has used in all its tries: calls, tokens, and US dollars where they are known."""
    here = METER.get()
    used = here.total if isinstance(here, TaskMeter) else here.usage if here else no_usage()
    return {
        "model_calls": used["model_calls"],
        "input_tokens": used["input_tokens"],
        "output_tokens": used["output_tokens"],
        "cost_usd": used["cost_usd"],
    }
