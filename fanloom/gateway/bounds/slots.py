"""How many model calls of one run are in flight, in whatever loops and threads they are made."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from types import TracebackType

from fanloom.gateway.bounds.depth_first import DepthFirst, Task
from fanloom.loops.promise import Promise
from fanloom.runlog.current_log import part
from fanloom.runs.current_run import Run
from fanloom.runs.usage import meter


class InTurn:
    """A slot of a run, and of each run in which it happens, held for a block."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._held: list[Slots] = []

    async def __aenter__(self) -> None:
        tasks = meter().nested
        try:
            for each in self._run.upwards():
                slots = Slots.of(each)
                # A task is in hand once it holds the last one.
                await slots.acquire(tasks, begins=each.above is None)
                self._held.append(slots)
        except BaseException:
            # Also a cancellation: places that are held for nobody would never come back.
            self._release()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._release()

    def _release(self) -> None:
        for slots in self._held:
            slots.release()


class Slots:
    """A semaphore that coroutines of any event loop in any thread can wait for; tasks in hand go first."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._taken = 0
        self._waiting: DepthFirst[Promise[None]] = DepthFirst()
        self._beginning: set[Promise[None]] = set()
        self._lock = threading.Lock()

    @classmethod
    def of(cls, run: Run) -> Slots:
        """Return the slots of a run: as many as its `max_concurrency`."""
        return run.keep(cls, lambda run: cls(run.context.max_concurrency))

    async def acquire(self, tasks: Sequence[Task] = (), *, begins: bool = True) -> None:
        """Wait for a free slot for a call of some tasks, the outermost first; with it the call `begins`."""
        with self._lock:
            if not self._waiting and self._taken < self.limit:
                # As most do: whoever need not wait need not be ranked.
                self._taken += 1
                if begins:
                    self._waiting.begun(tasks, time.monotonic())
                return
            turn: Promise[None] = Promise()
            self._waiting.enter(turn, tasks)
            if begins:
                self._beginning.add(turn)
            self._serve()
        try:
            await (turn.wait() if turn.given else _waited(turn))
        except asyncio.CancelledError:
            if not turn.cancel():
                # It came in the very moment in which its waiter was cancelled.
                self.release()
            raise

    @property
    def is_idle(self) -> bool:
        """Whether a slot is free that nobody waits for."""
        with self._lock:
            return not self._waiting and self._taken < self.limit

    def release(self) -> None:
        """Give the slot back: to the one whose turn it is, if anybody waits."""
        with self._lock:
            self._taken -= 1
            self._serve()

    def _serve(self) -> None:
        while self._waiting and self._taken < self.limit:
            turn = self._waiting.first()
            tasks, begins = self._waiting.leave(turn), turn in self._beginning
            self._beginning.discard(turn)
            # A turn whose waiter was cancelled refuses; the slot then goes to the next one.
            if turn.give(None):
                self._taken += 1
                if begins:
                    self._waiting.begun(tasks, time.monotonic())

    async def __aenter__(self) -> None:
        await self.acquire(meter().nested)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


async def _waited(turn: Promise[None]) -> None:
    with part("wait", reason="run_slot"):
        await turn.wait()
