"""What tasks have spent that did not end: kept with their thread, so that neither `usage` nor a budget forgets it.

LangGraph stores what a task writes once it has ended. What a task has paid for, itself or in graphs that it calls, and
that then waits for a person, fails or is killed, would else be forgotten by the run that goes on.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field

from langgraph.config import get_config
from langgraph.runtime import get_runtime

from fanloom.runs.current_run import current_run
from fanloom.runs.thread_record import TaskRecord, record_of
from fanloom.runs.usage import METER, Meter, Usage, add_usage, no_usage


@dataclass(eq=False)
class TaskMeter(Meter):
    """The meter of a node's task: `before` is what earlier tries have used, `unkept` what no thread knows of yet."""

    before: Usage = field(default_factory=no_usage)
    unkept: Usage = field(default_factory=no_usage)
    record_here: TaskRecord | None = None
    tries: _Tries | None = None

    @classmethod
    async def begin(cls, *, counts_usage: bool) -> TaskMeter:
        """Return the meter of the running task, of a graph with a channel `usage` or without."""
        meter = cls(METER.get())
        if counts_usage:
            meter.record_here = record_of(get_config())
            meter.tries = current_run(get_runtime()).keep(_Tries, lambda _: _Tries())
            meter.before = await meter.tries.take(meter.record_here)
        return meter

    @property
    def total(self) -> Usage:
        """What the task has used in all its tries."""
        return add_usage(self.before, self.usage)

    def add(self, usage: Usage) -> None:
        """Count what was used."""
        super().add(usage)
        self.unkept = add_usage(self.unkept, usage)

    async def ended(self) -> None:
        """Keep what was used for the tasks that have called this one's graph; this one writes it itself."""
        for each in self.nested[:-1]:
            if isinstance(each, TaskMeter):
                await each.keep()

    async def given_up(self) -> None:
        """Keep what was used by a task that writes nothing: it waits for a person, has failed or was cancelled."""
        if self.tries and self.record_here:
            self.tries.add(self.record_here.task, self.total)
        await self.keep()
        await self.ended()

    async def keep(self) -> None:
        """Keep what was used with the task's thread."""
        unkept, self.unkept = self.unkept, no_usage()
        if self.record_here and unkept["model_calls"]:
            await self.record_here.add_spent(unkept)


class _Tries:
    """What the tasks of a run had spent, by task, before the run came to them: read once."""

    def __init__(self) -> None:
        self._spent: Future[dict[str, Usage]] = Future()
        self._is_read = False
        self._lock = threading.Lock()

    async def take(self, record: TaskRecord | None) -> Usage:
        """Return what a task has spent in earlier tries."""
        if record is None:
            return no_usage()
        with self._lock:
            is_first, self._is_read = not self._is_read, True
        if is_first:
            await self._read(record)
        elif not self._spent.done():
            # Shielded: a waiter that is cancelled must not take the others with it.
            await asyncio.shield(asyncio.wrap_future(self._spent))
        return self._spent.result().pop(record.task, no_usage())

    async def _read(self, record: TaskRecord) -> None:
        try:
            self._spent.set_result(await record.spent())
        except BaseException as error:
            self._spent.set_exception(error)
            raise

    def add(self, task: str, usage: Usage) -> None:
        """Note what a task has spent that may be tried again in this run."""
        self._spent.result()[task] = usage
