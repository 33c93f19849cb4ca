"""How many model calls of one run are in flight, in whatever loops and threads they are made."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType

from fanloom.gateway.bounds.depth_first import DepthFirst, Task
from fanloom.loops.promise import Promise
from fanloom.runs.current_run import Run
from fanloom.runs.usage import meter


@asynccontextmanager
async def in_turn(run: Run) -> AsyncIterator[None]:
    """Hold a slot of a run, and of each run in which it happens."""
    async with AsyncExitStack() as stack:
        for each in run.upwards():
            await stack.enter_async_context(Slots.of(each))
        yield


class Slots:
    """A semaphore that coroutines of any event loop in any thread can wait for; tasks in hand go first."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._taken = 0
        self._waiting: DepthFirst[Promise[None]] = DepthFirst()
        self._lock = threading.Lock()

    @classmethod
    def of(cls, run: Run) -> Slots:
        """Return the slots of a run: as many as its `max_concurrency`."""
        return run.keep(cls, lambda run: cls(run.context.max_concurrency))

    async def acquire(self, tasks: Sequence[Task] = ()) -> None:
        """Wait for a free slot for a call of some tasks, the outermost first, and take it."""
        with self._lock:
            if self._taken < self.limit and not self._waiting:
                self._taken += 1
                self._waiting.begun(tasks, time.monotonic())
                return
            turn: Promise[None] = Promise()
            self._waiting.enter(turn, tasks)
        try:
            await turn.wait()
        except asyncio.CancelledError:
            if not turn.cancel():
                # It came in the very moment in which its waiter was cancelled.
                self.release()
            raise

    def release(self) -> None:
        """Give the slot back: to the one whose turn it is, if anybody waits."""
        with self._lock:
            while self._waiting:
                turn = self._waiting.first()
                tasks = self._waiting.leave(turn)
                # A turn whose waiter was cancelled refuses; the slot then goes to the next one.
                if turn.give(None):
                    self._waiting.begun(tasks, time.monotonic())
                    return
            self._taken -= 1

    async def __aenter__(self) -> None:
        await self.acquire(meter().nested)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
