"""Two requests for one answer: the second is sent when the first is slow, and the first good answer wins."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Race(Generic[T]):
    """The requests of one call; `slow` may be called from any thread, and asks for the second one."""

    def __init__(self, second: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._second = second
        self._loop = asyncio.get_running_loop()
        self._is_slow: asyncio.Future[None] = self._loop.create_future()

    def slow(self) -> None:
        """Ask for the second request."""
        self._loop.call_soon_threadsafe(self._tell)

    async def won_by(self, first: Coroutine[Any, Any, T]) -> T:
        """Return the first answer that does not raise; the other request is cancelled. Raises what the first raises."""
        requests = [asyncio.create_task(first)]
        either: list[asyncio.Future[Any]] = [*requests, self._is_slow]
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not requests[0].done():
                requests.append(asyncio.create_task(self._second()))
            return (await _first_good(requests)).result()
        finally:
            for request in requests:
                request.cancel()
            # What it counts it has counted before the call ends; and nobody else would read its error.
            await asyncio.gather(*requests, return_exceptions=True)

    def _tell(self) -> None:
        if not self._is_slow.done():
            self._is_slow.set_result(None)


async def _first_good(requests: list[asyncio.Task[T]]) -> asyncio.Task[T]:
    pending: set[asyncio.Task[T]] = set(requests)
    while pending:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for request in requests:
            if request in done and not request.cancelled() and request.exception() is None:
                return request
    return requests[0]
