"""One worker as the job's own process sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from fanloom.batch.ended_items import EndedItem
from fanloom.batch.engines.graph_worker import News, Refusal
from fanloom.batch.engines.remote_budget import BudgetDesk, Reply
from fanloom.batch.inputs import Item
from fanloom.gateway.bounds.budget import Budget

_CLOSING_S = 5.0


class WorkerDied(Exception):
    """A worker is gone, with all that it was doing."""


class Cluster(Protocol):
    """Where workers are: Ray's."""

    @property
    def lost(self) -> type[Exception]:
        """What a call to a worker that is gone raises."""
        ...

    @property
    def paths(self) -> tuple[str, ...]:
        """Where the workers look for modules too."""
        ...

    def pickled(self, value: Any) -> bytes:
        """Return a value as a worker can read it."""
        ...

    def connect(self) -> int:
        """Return how many workers there may be."""
        ...

    def worker(self, slots: int, *, extra: bool = False) -> Any:
        """Begin to start a worker, and return its handle: a GraphWorker whose methods have `remote`."""
        ...

    def ledger(self) -> Any:
        """Return the handle of a LimitsLedger, if one is needed."""
        ...

    def kill(self, handle: Any) -> None:
        """End a worker at once, also one that only seems to be gone."""
        ...

    async def end(self, handle: Any) -> None:
        """Let a worker end by itself."""
        ...

    def disconnect(self) -> None:
        """Leave the cluster."""
        ...


class RemoteWorker:
    """Runs items in one worker, and answers what it asks of the budget.

    `gone` is called once when it has died, whoever has noticed it, with why; so it is where the budget cannot be
    written down, which nothing can go on without.
    """

    def __init__(
        self, handle: Any, cluster: Cluster, budget: Budget | None, gone: Callable[[RemoteWorker, Exception], None]
    ) -> None:
        self.is_alive = True
        self.waiting: dict[str, int] = {}
        self._handle, self._cluster, self._gone = handle, cluster, gone
        self._desk = BudgetDesk(budget, self._reply, self._end) if budget else None
        self._listening: asyncio.Task[None] | None = None

    async def open(self, order: bytes, ledger: Any) -> Refusal | None:
        """Tell it what to run; return what keeps it from that. Raises WorkerDied."""
        refusal: Refusal | None = await self._asked(self._handle.open.remote(order, ledger))
        self._listening = asyncio.create_task(self._listen())
        return refusal

    async def run(self, item: Item) -> EndedItem | Refusal:
        """Run an item. Raises WorkerDied."""
        ended: EndedItem | Refusal = await self._asked(self._handle.run.remote(item))
        return ended

    async def close(self) -> None:
        """Let it end, a few seconds at most."""
        with suppress(WorkerDied, TimeoutError):
            async with asyncio.timeout(_CLOSING_S):
                await self._asked(self._handle.close.remote())
                if self._listening:
                    await self._listening
                await self._cluster.end(self._handle)
        self.kill()

    def kill(self) -> None:
        """End it at once; what was set aside for it counts as spent."""
        if self.is_alive:
            self.is_alive = False
            self._cluster.kill(self._handle)
        if self._listening:
            self._listening.cancel()
        if self._desk:
            self._desk.lose()
        self.waiting = {}

    async def _listen(self) -> None:
        with suppress(WorkerDied):
            while True:
                news: News = await self._asked(self._handle.news.remote())
                for told in news.told if self._desk else ():
                    self._desk.take(told)  # type: ignore[union-attr]
                self.waiting = news.waiting
                if news.is_last:
                    return

    async def _reply(self, reply: Reply) -> None:
        with suppress(WorkerDied):
            await self._asked(self._handle.reply.remote(reply))

    async def _asked(self, answer: Any) -> Any:
        try:
            return await answer
        except self._cluster.lost as error:
            self._end(error)
            raise WorkerDied(str(error)) from None

    def _end(self, error: Exception) -> None:
        was_alive = self.is_alive
        # It may only be out of reach: nothing may run twice.
        self.kill()
        if was_alive:
            self._gone(self, error)
