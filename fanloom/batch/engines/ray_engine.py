"""Items in the workers of a Ray cluster: each is handed over alone, and counts as in flight until it is written down.

So a kill of the job's own process costs no more than what was in flight, and one of a worker what that one had.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from time import perf_counter
from typing import Any

from fanloom.batch.ended_items import EndedItem
from fanloom.batch.engines.graph_worker import Load, Refusal, WorkerOrder
from fanloom.batch.engines.remote_worker import Cluster, RemoteWorker, WorkerDied
from fanloom.batch.engines.worker_settings import most_workers, variables_of
from fanloom.batch.inputs import Item
from fanloom.errors import UserError
from fanloom.gateway.bounds.budget import Budget
from fanloom.redaction import redact
from fanloom.runs.current_run import Run
from fanloom.settings import settings

START_S = 300.0
"""How long to wait for a first worker, in a cluster that has no free CPU."""
_NAME_MODELS = "name models instead of making them, as in 'google_genai:gemini-2.5-flash'"
_TOGETHER, _ALONE = 2, 3
_NONE_FREE = (
    f"no Ray worker could start within {START_S:.0f} s; wait until the cluster has a free CPU, or give another one"
)
_ALL_DIE = "Ray workers die again and again before an item ends; Ray's logs, in /tmp/ray on their machine, say why"
_DEADLY = (
    f"its worker died each of {_TOGETHER + _ALONE} times, {_ALONE} times with nothing else in it; it may need more "
    "memory than there is"
)


class RayEngine:
    """Runs items in workers, which import the graph themselves; one that dies is replaced, and its items run again.

    An item that two workers have died of runs alone in another one, so that it takes no other with it; if that dies
    again and again, it has failed.
    """

    def __init__(self, load: Load, context: Mapping[str, Any] | None, concurrency: int, cluster: Cluster) -> None:
        self._load, self._context, self._concurrency, self._cluster = load, context, concurrency, cluster
        self._opening: asyncio.Task[None] | None = None
        self._starting: set[asyncio.Task[None]] = set()
        self._live: set[RemoteWorker] = set()
        # A worker stands here as often as it has room for an item; None where there will be none.
        self._free: asyncio.Queue[RemoteWorker | None] = asyncio.Queue()
        self._failure: Exception | None = None
        self._alone = asyncio.Lock()
        self._extra: RemoteWorker | None = None
        self._deaths = self._deaths_in_a_row = self._unserved = 0

    async def run(self, item: Item, whole: Run) -> EndedItem:
        """Run an item and return how it ended. Raises UserError for what keeps every item from running."""
        started = perf_counter()
        if self._opening is None:
            self._opening = asyncio.create_task(self._open(whole))
        await asyncio.shield(self._opening)
        for run in [self._run_beside] * _TOGETHER + [self._run_alone] * _ALONE:
            with suppress(WorkerDied):
                return self._ended(await run(item))
        told = {"kind": "worker_died", "message": _DEADLY, "retryable": True}
        seconds = round(perf_counter() - started, 3)
        return EndedItem(id=item.id, status="failed", output=None, usage=None, error=told, seconds=seconds)

    def waiting(self) -> Mapping[str, int]:
        """Return how many calls wait in all workers, how many items for a worker, and how many workers have died."""
        told = sum((Counter(worker.waiting) for worker in self._live), Counter[str]())
        return told + Counter({"worker": self._unserved, "died": self._deaths})

    async def close(self) -> None:
        """Let the workers end, and leave the cluster."""
        if self._opening is None:
            return
        for task in (self._opening, *self._starting):
            task.cancel()
        await asyncio.gather(self._opening, *self._starting, return_exceptions=True)
        await asyncio.gather(*(worker.close() for worker in {*self._live, self._extra} if worker))
        # Without a handle to it, it ends.
        self._ledger = None
        self._cluster.disconnect()

    def _ended(self, ended: EndedItem | Refusal) -> EndedItem:
        if isinstance(ended, Refusal):
            raise ended.error(ended.said)
        self._deaths_in_a_row = 0
        return ended

    async def _open(self, whole: Run) -> None:
        self._whole = whole
        self._check_context()
        self._count = most_workers(await asyncio.to_thread(self._cluster.connect), self._concurrency)
        _take_sigterm_back()
        self._slots = -(-self._concurrency // self._count)
        self._shares_elsewhere = settings().limits_url is not None
        self._ledger = None if self._shares_elsewhere else self._cluster.ledger()
        for number in range(self._count):
            self._begin(number)

    def _check_context(self) -> None:
        try:
            self._cluster.pickled(self._context)
        except Exception as error:  # noqa: BLE001 - whatever a value raises when it is pickled
            said = redact(f"{type(error).__name__}: {error}")
            raise UserError(f"the context cannot be sent to a worker ({said}); {_NAME_MODELS}") from None

    def _begin(self, number: int) -> None:
        task = asyncio.create_task(self._start(number))
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    async def _start(self, number: int) -> None:
        worker = self._made(self._slots, gone=partial(self._lost, number))
        try:
            refusal = await self._opened(worker, number)
        except WorkerDied:
            return
        except asyncio.CancelledError:
            worker.kill()
            raise
        if refusal:
            worker.kill()
            self._fail(refusal.error(f"a Ray worker cannot run the graph: {refusal.said}"))
            return
        self._live.add(worker)
        for _ in range(self._slots):
            self._free.put_nowait(worker)

    async def _opened(self, worker: RemoteWorker, number: int) -> Refusal | None:
        opening = asyncio.create_task(worker.open(self._order(number), self._ledger))
        try:
            while not (await asyncio.wait([opening], timeout=START_S))[0]:
                if not self._live:
                    self._fail(UserError(_NONE_FREE))
            return await opening
        finally:
            opening.cancel()

    def _made(self, slots: int, gone: Any = lambda *_: None, *, extra: bool = False) -> RemoteWorker:
        handle = self._cluster.worker(slots, extra=extra)
        return RemoteWorker(handle, self._cluster, self._whole.kept(Budget), gone)

    def _order(self, number: int) -> bytes:
        order = WorkerOrder(
            load=self._load,
            context=self._context,
            bounds=self._bounds,
            variables=variables_of(number, self._count),
            paths=self._cluster.paths,
            shares_elsewhere=self._shares_elsewhere,
        )
        return self._cluster.pickled(order)

    @property
    def _bounds(self) -> Mapping[str, float]:
        budget = self._whole.kept(Budget)
        return budget.limits if budget else {}

    def _lost(self, number: int, worker: RemoteWorker, why: Exception) -> None:
        """Start another worker in place of one that has died."""
        self._live.discard(worker)
        self._deaths += 1
        self._deaths_in_a_row += 1
        if isinstance(why, OSError):
            self._fail(why)
        elif self._deaths_in_a_row > 3 * self._count + 2:
            last = (str(why).strip().splitlines() or [type(why).__name__])[-1]
            self._fail(UserError(f"{_ALL_DIE}; the last one said: {redact(last)}"))
        elif not self._failure:
            self._begin(number)

    def _fail(self, error: Exception) -> None:
        self._failure = self._failure or error
        self._free.put_nowait(None)

    async def _free_worker(self) -> RemoteWorker:
        self._unserved += 1
        try:
            while (worker := await self._free.get()) is None or not worker.is_alive:
                if self._failure:
                    # For whoever else waits.
                    self._free.put_nowait(None)
                    raise self._failure
            return worker
        finally:
            self._unserved -= 1

    async def _run_beside(self, item: Item) -> EndedItem | Refusal:
        worker = await self._free_worker()
        try:
            return await worker.run(item)
        finally:
            if worker.is_alive:
                self._free.put_nowait(worker)

    async def _run_alone(self, item: Item) -> EndedItem | Refusal:
        async with self._alone:
            if self._extra is None or not self._extra.is_alive:
                self._extra = self._made(1, extra=True)
                if refusal := await self._extra.open(self._order(0), self._ledger):
                    return refusal
            return await self._extra.run(item)


def _take_sigterm_back() -> None:
    """Put the process's own handler of SIGTERM back in place of Ray's, which lets it live for three more seconds."""
    # Ray's is none of Python's, so Python does not know that its own was replaced.
    own = signal.getsignal(signal.SIGTERM)
    if own is not None and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, own)
