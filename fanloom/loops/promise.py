"""A value that one coroutine waits for and any thread may give."""

from __future__ import annotations

import asyncio
import threading
from typing import Generic, TypeVar, cast

T = TypeVar("T")


class Promise(Generic[T]):
    """A place where one coroutine waits for a value, which comes from any loop or thread.

    Between giving and giving up exactly one wins. A concurrent Future, chained to one of asyncio's, costs several times
    as much; and this costs a waiter nothing that need not wait.
    """

    def __init__(self) -> None:
        self.given = False
        self.cancelled = False
        self._value: T | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._lock = threading.Lock()

    def give(self, value: T) -> bool:
        """Give the value; return whether anybody wants it, which nobody does after `cancel`."""
        with self._lock:
            if self.cancelled:
                return False
            self._value, self.given = value, True
        return self._waiter is None or _wake(self._waiter)

    def cancel(self) -> bool:
        """Want the value no more; return False if it has come already."""
        with self._lock:
            self.cancelled = not self.given
        return self.cancelled

    async def wait(self) -> T:
        """Return the value once it is there. Who is cancelled here calls `cancel`, to learn whether it had come."""
        with self._lock:
            if not self.given:
                self._waiter = asyncio.get_running_loop().create_future()
        if self._waiter is not None:
            await self._waiter
        return self.value

    @property
    def value(self) -> T:
        """The value that was given."""
        return cast(T, self._value)


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the event loop that runs in this thread, if one does."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _wake(waiter: asyncio.Future[None]) -> bool:
    """Wake a coroutine, in whatever loop it waits; return False if that loop has been closed under it."""
    loop = waiter.get_loop()
    if loop is running_loop():
        _end(waiter)
        return True
    try:
        loop.call_soon_threadsafe(_end, waiter)
    except RuntimeError:
        return False
    return True


def _end(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
