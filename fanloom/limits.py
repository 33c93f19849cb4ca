"""Bounds that hold across event loops and threads."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from concurrent.futures import Future
from types import TracebackType


class Slots:
    """A first-come, first-served semaphore that coroutines of any event loop in any thread can wait for."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._taken = 0
        self._waiting: deque[Future[None]] = deque()
        self._lock = threading.Lock()

    async def acquire(self) -> None:
        """Wait for a free slot and take it."""
        with self._lock:
            if self._taken < self.limit and not self._waiting:
                self._taken += 1
                return
            turn: Future[None] = Future()
            self._waiting.append(turn)
        try:
            await asyncio.wrap_future(turn)
        except asyncio.CancelledError:
            self._give_up(turn)
            raise

    def release(self) -> None:
        """Give the slot back: to the one who has waited longest, if anybody has."""
        with self._lock:
            while self._waiting:
                # A turn whose waiter was cancelled refuses; the slot then goes to the next one.
                turn = self._waiting.popleft()
                if turn.set_running_or_notify_cancel():
                    turn.set_result(None)
                    return
            self._taken -= 1

    def _give_up(self, turn: Future[None]) -> None:
        # The turn may have come in the very moment in which its waiter was cancelled.
        if turn.done() and not turn.cancelled():
            self.release()

    async def __aenter__(self) -> None:
        await self.acquire()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
