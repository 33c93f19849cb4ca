"""A value that is made once, by the first who asks for it, in whatever loop and thread the others ask."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """A value that takes a while to make; who asks meanwhile waits for it, and gets the same error if there is one."""

    def __init__(self, make: Callable[[], Awaitable[T]]) -> None:
        self._make = make
        self._made: Future[T] = Future()
        self._is_begun = False
        self._lock = threading.Lock()

    async def value(self) -> T:
        """Return the value."""
        with self._lock:
            is_first, self._is_begun = not self._is_begun, True
        if is_first:
            await self._begin()
        elif not self._made.done():
            # Shielded: a waiter that is cancelled must not take the others with it.
            await asyncio.shield(asyncio.wrap_future(self._made))
        return self._made.result()

    async def _begin(self) -> None:
        try:
            self._made.set_result(await self._make())
        except BaseException as error:
            # Also a cancellation: those who wait must not wait for ever.
            self._made.set_exception(error)
            raise
