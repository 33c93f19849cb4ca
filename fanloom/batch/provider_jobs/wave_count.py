"""How many waves the items of a job take: counted on one of them with the offline model, before anything is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

from langchain_core.messages import AIMessage

from fanloom.batch.inputs import Item
from fanloom.batch.one_item import run_item
from fanloom.batch.provider_jobs.job_spending import PRICE_SHARE
from fanloom.batch.provider_jobs.quiet_item import QuietItem
from fanloom.errors import RunError
from fanloom.gateway.deferring.deferral import deferred_to
from fanloom.models.names import OFFLINE
from fanloom.models.structured_output import Send
from fanloom.runs.context import Context, Role

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from fanloom.gateway.attempt import Attempt
    from fanloom.gateway.model_client import ModelClient

_MOST, _LONGEST_S = 200, 120


class EffectNotMade(RunError):
    """A node would do something to the world, and this run only counts."""

    kind = "effect"


async def waves_needed(graph: Any, items: Iterable[Item], context: Mapping[str, Any] | None) -> int | None:
    """Return how many times the first of some items waits for answers, or None where that cannot be known.

    It runs with the offline model, whose answers are other ones than a model's, and as far as the first effect that
    has a key: what an item needs may be more. Nothing of it is kept.
    """
    schema = graph.context_schema
    first = next(iter(items), None)
    if first is None or not (isinstance(schema, type) and issubclass(schema, Context)):
        return None
    models = {f"{role}_model": OFFLINE for role in get_args(Role)}
    offline = {**(context or {}), "model": OFFLINE, "fallback_model": OFFLINE, **models}
    calls = _CountedCalls()
    with deferred_to(calls):
        running = asyncio.create_task(run_item(graph, first, offline))
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST_S):
                while not running.done() and calls.rounds < _MOST:
                    await calls.next_round(running)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await running
    return calls.rounds


async def in_waves(
    estimate: Mapping[str, Any], graph: Any, items: Iterable[Item], context: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return what a job would take at the price of batch modes, and how many waves, where that can be known."""
    cost = estimate["expected"]["cost_usd"]
    expected = {**estimate["expected"], "cost_usd": None if cost is None else round(cost * PRICE_SHARE, 6)}
    return {**estimate, "expected": expected, "waves": await waves_needed(graph, items, context)}


class _CountedCalls(QuietItem):
    """Lets calls be answered in rounds: all that wait at once, when nothing else of the item goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.rounds = 0
        self._gate: asyncio.Future[None] | None = None

    def before_effect(self) -> None:
        """Keep a node from it. Raises EffectNotMade."""
        raise EffectNotMade("a run that counts waves makes no effects")

    def around(self, attempt: Attempt) -> AbstractContextManager[None]:
        """Put nothing around an attempt."""
        return nullcontext()

    def client_for(self, attempt: Attempt) -> ModelClient:
        """Return a client that answers in the next round."""
        return replace(attempt.client, ask=self._in_turn(attempt.client.ask), is_deferred=True)

    def _in_turn(self, ask: Send) -> Send:
        async def asked(messages: Sequence[BaseMessage], config: Any, /, **options: Any) -> AIMessage:
            self._gate = self._gate or asyncio.get_running_loop().create_future()
            with self.held():
                await asyncio.shield(self._gate)
            return await ask(messages, config, **options)

        return asked

    async def next_round(self, running: asyncio.Task[Any]) -> None:
        """Wait until all that can be asked is, or the run has ended, and answer it."""
        waiting = asyncio.create_task(self.quiet())
        await asyncio.wait({waiting, running}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._gate is not None:
            self.rounds += 1
            gate, self._gate = self._gate, None
            gate.set_result(None)
