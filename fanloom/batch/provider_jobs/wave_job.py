"""A job whose model calls go to providers' batch modes: each item goes on until it waits, then a wave is sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Container, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast, get_args

from fanloom.batch.ended_items import EndedItem
from fanloom.batch.engines.items_in_flight import ItemsInFlight
from fanloom.batch.inputs import Item
from fanloom.batch.job import Job, lacks_budget
from fanloom.batch.job_folder import JobFolder
from fanloom.batch.one_item import run_item
from fanloom.batch.provider_jobs.batch_service import BatchServices
from fanloom.batch.provider_jobs.calls_file import FOLDER
from fanloom.batch.provider_jobs.item_calls import ItemCalls
from fanloom.batch.provider_jobs.job_spending import JobSpending
from fanloom.batch.provider_jobs.postponed_clients import PostponedClients
from fanloom.batch.provider_jobs.wave_count import waves_needed
from fanloom.batch.provider_jobs.wave_ledger import WaveLedger
from fanloom.batch.provider_jobs.wave_options import WaveOptions
from fanloom.batch.provider_jobs.wave_sending import WaveSending
from fanloom.durable.checkpointer import open_checkpointer, with_checkpointer
from fanloom.errors import UserError
from fanloom.gateway.bounds.budget import Amount
from fanloom.gateway.deferring.deferral import deferred_to
from fanloom.loops.background import in_thread
from fanloom.models.names import is_local
from fanloom.models.options import ModelOptions
from fanloom.runs.context import Context, Role
from fanloom.runs.prices import cost_usd

# What stands for an item in the engine's results while it waits; nobody else sees it.
_WAITS = cast(EndedItem, {"status": "waits"})


@dataclass
class WaveJob(Job):
    """Runs items in passes: each as far as its answers reach, then what all have asked is sent as a wave.

    Where an item stands is kept in a thread of its own, so that what a node has done is not done again.
    """

    waves: WaveOptions = field(default_factory=WaveOptions)

    def __post_init__(self) -> None:
        """Raises UserError for a job that is not kept in a folder, or is divided into shards."""
        super().__post_init__()
        if self.folder is None:
            raise UserError("--provider-batch needs a folder: answers come days later")
        if self.folder.shard[1] > 1:
            raise UserError("--provider-batch takes no --shard: the provider spreads a job itself")
        if self.engine is not None:
            raise UserError("--provider-batch asks from this process: leave out --engine ray")
        if isinstance(self.source, Iterator) or getattr(self.source, "place", "") == "-":
            raise UserError("--provider-batch reads its input again and again: give a file, a folder or a list")
        self._lacking: dict[str, str] = {}
        self._is_first_pass = True
        self._sending: WaveSending | None = None
        self._services = BatchServices(self.waves)
        self._clients = PostponedClients()

    def stop(self, why: str = "stopped") -> None:
        """Let what is in flight end, and wait for no provider's job."""
        super().stop(why)
        if self._sending:
            self._sending.stopped = True

    def waiting(self) -> dict[str, int]:
        """Return how many calls wait, by the provider's job that they wait for."""
        ledger = getattr(self, "_ledger", None)
        jobs = ledger.open_jobs() if ledger else []
        return {f"provider job {job.name}{f' ({job.note})' if job.note else ''}": job.calls for job in jobs}

    async def check(self) -> None:
        """Raise UserError for what keeps the job from being sent, before anything is paid for."""
        chosen = _models_of(self.graph, self.context)
        await self._clients.prepare(chosen)
        for model, _ in chosen:
            await in_thread(partial(self._services.of, model))
            if self.bounds.max_cost_usd is not None and cost_usd(model, 0, 0) is None:
                raise UserError(f"the price of {model!r} is not known, so --max-cost-usd cannot be kept")

    async def _check_waves(self) -> None:
        """Raise UserError where one item takes more waves than there may be, as far as that can be known."""
        if self._ledger.waves() or not self.waves.count_waves:
            return
        needed = await waves_needed(self.graph, self.items_left(), self.context)
        if needed is not None and needed > self.waves.max_waves:
            raise UserError(
                f"graph {self.graph.name!r} needs about {needed} waves, counted on an item with the offline model, and "
                f"--max-waves is {self.waves.max_waves}; raise it, or run the job without --provider-batch"
            )

    async def results(self) -> AsyncGenerator[EndedItem, None]:
        """Yield how items end, in the order in which they end; each is written down before it is handed on.

        Raises UserError for what keeps every item from running, and RunError for a job that a provider refuses.
        """
        assert self.folder is not None, "looked at when the job was made"
        with self._worked_in():
            self.folder.mend()
            self._again = set(self.folder.ended()) if self.retry_failed else set()
            async with self._opened(self.folder):
                await self.check()
                await self._check_waves()
                async with aclosing(self._passes()) as found:
                    async for result in found:
                        yield result

    @asynccontextmanager
    async def _opened(self, folder: JobFolder) -> AsyncIterator[None]:
        self._ledger = WaveLedger(folder.folder)
        try:
            self._ledger.keep_options(self.waves)
            limits = self.bounds.of_shard(1)
            self._spending = JobSpending(limits, self._ledger)
            self._sending = WaveSending(self._ledger, self._services, self.waves)
            async with open_checkpointer(f"sqlite:///{folder.folder.resolve()}/{FOLDER}/threads.db") as saver:
                self._saver = saver
                self._kept = with_checkpointer(self.graph, saver)
                yield
        finally:
            self._services.close()
            self._ledger.close()

    async def _passes(self) -> AsyncGenerator[EndedItem, None]:
        while True:
            lacking, self._lacking, spent = self._lacking, {}, self._ledger.spent
            self._in_flight = ItemsInFlight(self._go_on, self.concurrency)
            waiting = 0
            async with aclosing(self._in_flight.results(self._ready(lacking))) as ended:
                async for result in ended:
                    waiting += result is _WAITS
                    if result is not _WAITS:
                        yield result
            self._is_first_pass = False
            if self.stopped_by:
                return
            if not (await self._wave() or self._has_room(spent)):
                if waiting:
                    self.stop(f"{waiting} items could not go on")
                return

    def _ready(self, lacking: Container[str]) -> Iterator[Item]:
        """Yield the items that can go on: later on those that have begun, and those that lacked budget."""
        for item in self.items_left():
            begun = self._is_first_pass or item.id in lacking or self._ledger.has_begun(_named(item))
            if begun and not self._ledger.waits(_named(item)):
                yield item

    async def _wave(self) -> bool:
        """Send what is asked, wait for the answers, and say whether items can go on."""
        assert self._sending is not None, "made when the job was opened"
        asks, waits = bool(self._ledger.unsent()), bool(self._ledger.open_jobs())
        if asks and not waits and self._ledger.waves() >= self.waves.max_waves:
            self.stop(f"it needs more than {self.waves.max_waves} waves; raise --max-waves to go on")
            return False
        if asks and not waits:
            self._sending.seal()
        if why := await self._sending.answered():
            self.stop(why)
            return False
        return asks or waits

    def _has_room(self, before: Amount) -> bool:
        """Say whether calls that lacked budget may have some now, since answers have used less than was expected."""
        if self._lacking and not self.stopped_by and self._ledger.spent == before:
            self.stop(f"the budget of the whole job is spent: {next(iter(self._lacking.values()))}; raise it to go on")
        return bool(self._lacking) and not self.stopped_by

    async def _go_on(self, item: Item) -> EndedItem:
        if item.id in self._again:
            self._again.remove(item.id)
            await self._forget(_named(item))
        calls = ItemCalls(_named(item), self._ledger, self._clients, self._spending, online=self.waves.online)
        result = await self._as_far_as_it_goes(item, calls)
        if calls.lacks:
            self._lacking[item.id] = calls.lacks
        if result is None:
            self._ledger.ask(calls.asked, calls.counted)
            return _WAITS
        # It has ended without them.
        self._ledger.give_back(calls.asked)
        if calls.lacks and lacks_budget(result):
            # It has not ended: with a larger budget it would have been done.
            await self._forget(_named(item))
            return _WAITS
        self._note(result)
        await self._saver.adelete_thread(_named(item))
        self._ledger.ended(_named(item))
        return result

    async def _as_far_as_it_goes(self, item: Item, calls: ItemCalls) -> EndedItem | None:
        """Return how an item ends, or None where it waits for answers."""
        place: Any = {"configurable": {"thread_id": _named(item)}}
        begun = await self._saver.aget_tuple(place)
        # Said of the graph and not of the run: of a run that is kept for its caller, a log would be written.
        graph = self._kept.with_config(place)
        with deferred_to(calls):
            left = item._replace(given=cast(Any, None)) if begun else item
            running = asyncio.create_task(run_item(graph, left, self.context))
        waiting = asyncio.create_task(calls.quiet())
        try:
            await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
            return running.result() if running.done() else None
        finally:
            for task in (running, waiting):
                task.cancel()
            for task in (running, waiting):
                # What the run raises was raised above, or is the cancelling itself.
                with suppress(asyncio.CancelledError, Exception):
                    await task

    async def _forget(self, item: str) -> None:
        await self._saver.adelete_thread(item)
        self._ledger.forget(item)


def _named(item: Item) -> str:
    """Return what an item is called in the files of its waves: they take no half characters and no empty names."""
    return json.dumps(item.id)


def _models_of(graph: Any, given: Mapping[str, Any] | None) -> list[tuple[str, ModelOptions]]:
    """Return the models that a graph may ask, with their options. Raises UserError for one that has no batch mode."""
    schema = graph.context_schema
    kind = schema if isinstance(schema, type) and issubclass(schema, Context) else Context
    context = kind.of(given) if kind is schema else Context.fitting(given)
    found: list[tuple[str, ModelOptions]] = []
    for role in get_args(Role):
        for model in filter(None, (context.model_for(role), context.fallback())):
            if not isinstance(model, str):
                raise UserError("--provider-batch takes models by their names, not instances")
            if is_local(model):
                raise UserError(
                    f"{model!r} has no batch mode: choose a model with --model, or give no --provider-batch"
                )
            if (model, context.options_for(role)) not in found:
                found.append((model, context.options_for(role)))
    return found
