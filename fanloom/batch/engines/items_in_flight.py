"""Items under way: a bounded number at a time, each result handed on as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import suppress

from fanloom.batch.ended_items import EndedItem
from fanloom.batch.inputs import Item

Run = Callable[[Item], Awaitable[EndedItem]]


class ItemsInFlight:
    """Takes items only as fast as they end, so that memory stays flat however many there are.

    `stop` lets what is in flight end, and begins no other item.
    """

    def __init__(self, run: Run, concurrency: int) -> None:
        self._run, self._concurrency = run, concurrency
        self._stopped = False
        self.in_flight = 0

    def stop(self) -> None:
        """Begin no other item."""
        self._stopped = True

    async def results(self, items: Iterator[Item]) -> AsyncGenerator[EndedItem, None]:
        """Yield how items end, in the order in which they end. Raises what one raises, once the others have ended."""
        # Bounded, so that who reads slowly slows the items down.
        ended: asyncio.Queue[EndedItem | None] = asyncio.Queue(maxsize=self._concurrency)
        workers = [asyncio.create_task(self._work(items, ended)) for _ in range(self._concurrency)]
        closing = asyncio.create_task(_close(workers, ended))
        try:
            while (result := await ended.get()) is not None:
                yield result
            await asyncio.gather(*workers)
        finally:
            for task in (*workers, closing):
                task.cancel()
            for task in (*workers, closing):
                # What they raise was raised above, or is the cancelling itself.
                with suppress(asyncio.CancelledError, Exception):
                    await task

    async def _work(self, items: Iterator[Item], ended: asyncio.Queue[EndedItem | None]) -> None:
        # Workers take turns on one loop, so no two take the same item.
        while not self._stopped and (item := next(items, None)) is not None:
            self.in_flight += 1
            try:
                await ended.put(await self._run(item))
            except BaseException:
                # However it ends: none begins another item once one cannot be done, or the job is cancelled.
                self._stopped = True
                raise
            finally:
                self.in_flight -= 1


async def _close(workers: list[asyncio.Task[None]], ended: asyncio.Queue[EndedItem | None]) -> None:
    await asyncio.wait(workers)
    await ended.put(None)
