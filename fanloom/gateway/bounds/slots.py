"""How many model calls of one run are in flight, in whatever loops and threads they are made."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from types import TracebackType

from fanloom.loops.promise import Promise
from fanloom.runs.current_run import Run


class Slots:
    """A first-come, first-served semaphore that coroutines of any event loop in any thread can wait for."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._taken = 0
        self._waiting: deque[Promise[None]] = deque()
        self._lock = threading.Lock()

    @classmethod
    def of(cls, run: Run) -> Slots:
        """Return the slots of a run: as many as its `max_concurrency`."""
        return run.keep(cls, lambda run: cls(run.context.max_concurrency))

    async def acquire(self) -> None:
        """Wait for a free slot and take it."""
        with self._lock:
            if self._taken < self.limit and not self._waiting:
                self._taken += 1
                return
            turn: Promise[None] = Promise()
            self._waiting.append(turn)
        try:
            await turn.wait()
        except asyncio.CancelledError:
            if not turn.cancel():
                # It came in the very moment in which its waiter was cancelled.
                self.release()
            raise

    def release(self) -> None:
        """Give the slot back: to the one who has waited longest, if anybody has."""
        with self._lock:
            while self._waiting:
                # A turn whose waiter was cancelled refuses; the slot then goes to the next one.
                if self._waiting.popleft().give(None):
                    return
            self._taken -= 1

    async def __aenter__(self) -> None:
        await self.acquire()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
