"""What runs in a worker: the graph, imported there, and the items that the job's own process hands it one by one."""

from __future__ import annotations

import asyncio
import os
import pickle
import sys
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, redirect_stdout, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from fanloom.batch.ended_items import EndedItem
from fanloom.batch.engines.limits_ledger import RemoteLimits
from fanloom.batch.engines.remote_budget import RemoteBudget, Reply, Told
from fanloom.batch.inputs import Item
from fanloom.batch.one_item import run_item
from fanloom.errors import UserError
from fanloom.gateway.bounds.budget import Budget
from fanloom.gateway.bounds.process_limits import waiting_calls
from fanloom.gateway.bounds.shared_limits import share_through
from fanloom.redaction import redact
from fanloom.runs.context import MAX_WIDTH, Context
from fanloom.runs.current_run import Run, within
from fanloom.settings import settings

if TYPE_CHECKING:
    from langgraph.pregel import Pregel

Load: TypeAlias = "Callable[[AsyncExitStack], Awaitable[Pregel[Any, Any, Any, Any]]]"
"""Makes the graph; what must be closed after it goes on the stack."""
_NODE_THREADS = 64
_NEWS_S = 1.0
_SUPPLY = "set FANLOOM_LIMITS_URL where the workers run too: it is not passed on, since it may hold a password"


@dataclass
class WorkerOrder:
    """What a worker is told before its first item; `bounds` are those of the whole job."""

    load: Load
    context: Any
    bounds: Mapping[str, float] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    paths: tuple[str, ...] = ()
    shares_elsewhere: bool = False
    """Whether FANLOOM_LIMITS_URL says where limits are shared."""


class Refusal(NamedTuple):
    """What keeps every item from running."""

    error: type[UserError]
    said: str


class News(NamedTuple):
    """What a worker has to tell: of the budget, and what its calls wait for."""

    told: list[Told]
    waiting: dict[str, int]
    is_last: bool


class GraphWorker:
    """Runs items of a job, of which its own process writes down how they end.

    Whatever goes wrong is returned and not raised: an error that Ray sees is written with its traceback into files.
    """

    def __init__(self) -> None:
        self._closing = AsyncExitStack()
        self._told: list[Told] = []
        self._is_closed = False
        self._come = asyncio.Event()

    async def open(self, order: bytes, ledger: Any = None) -> Refusal | None:
        """Import the graph, as a pickled WorkerOrder says; `ledger` holds the limits that the workers share.

        Returns what keeps it from that, if anything does.
        """
        self._loop = asyncio.get_running_loop()
        # Sync nodes run in the loop's threads, of which there are 6 on two cores.
        self._loop.set_default_executor(ThreadPoolExecutor(_NODE_THREADS, "fanloom-node"))
        try:
            await self._open(pickle.loads(order), ledger)
        except UserError as error:
            return _refusal(error)
        # Unpickling and importing run anybody's code.
        except (Exception, SystemExit) as error:  # noqa: BLE001
            return Refusal(UserError, redact(f"the graph cannot be imported there: {type(error).__name__}: {error}"))
        return None

    async def _open(self, order: WorkerOrder, ledger: Any) -> None:
        os.environ.update(order.variables)
        sys.path += [path for path in order.paths if path not in sys.path]
        if order.shares_elsewhere and not settings().limits_url:
            raise UserError(_SUPPLY)
        if ledger is not None and not order.shares_elsewhere:
            share_through(RemoteLimits(ledger), "the ledger of this job")
        self._context = order.context
        with redirect_stdout(sys.stderr):
            self._graph = await order.load(self._closing)
        self._whole = Run(Context(max_concurrency=MAX_WIDTH, **order.bounds))
        if order.bounds:
            self._whole.keep(Budget, lambda run: RemoteBudget(run.context, self._tell))

    async def run(self, item: Item) -> EndedItem | Refusal:
        """Run an item and return how it ended, or what keeps every item from running."""
        try:
            with within(self._whole):
                return await run_item(self._graph, item, self._context)
        except UserError as error:
            return _refusal(error)

    async def news(self) -> News:
        """Wait until there is something to tell, no longer than a second, and tell it."""
        if not self._told and not self._is_closed:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._come.wait(), _NEWS_S)
        self._come.clear()
        told, self._told = self._told, []
        return News(told, dict(waiting_calls()), self._is_closed)

    async def reply(self, reply: Reply) -> None:
        """Take what the job's own process says about the budget."""
        budget = self._whole.kept(Budget)
        assert isinstance(budget, RemoteBudget), "it has asked"
        budget.take(reply)

    async def close(self) -> None:
        """Take the graph down, and let the last news be told."""
        await self._closing.aclose()
        self._is_closed = True
        self._come.set()

    def _tell(self, told: Told) -> None:
        # A sync node asks from another thread.
        self._told.append(told)
        self._loop.call_soon_threadsafe(self._come.set)


def _refusal(error: UserError) -> Refusal:
    return Refusal(type(error), redact(str(error)))
