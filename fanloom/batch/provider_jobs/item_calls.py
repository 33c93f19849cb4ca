"""The model calls of one item while it goes on as far as it can without an answer that is still to come."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage
from langgraph.config import get_config

from fanloom.batch.provider_jobs.job_spending import PRICE_SHARE, JobSpending
from fanloom.batch.provider_jobs.postponed_clients import PostponedClients
from fanloom.batch.provider_jobs.quiet_item import QuietItem
from fanloom.batch.provider_jobs.wave_ledger import AskedCall, WaveLedger
from fanloom.errors import BudgetExceeded, ModelUnavailable
from fanloom.models.deferred.call_wire import CallWire, RequestCaptured, WireAnswer, on_wire
from fanloom.models.structured_output import Send
from fanloom.runs.usage import ModelUsage, usage_of

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from fanloom.gateway.attempt import Attempt
    from fanloom.gateway.model_client import ModelClient

_NOTHING = ModelUsage(model_calls=0, input_tokens=0, output_tokens=0, cached_tokens=0, cost_usd=0.0)


class ItemCalls(QuietItem):
    """Answers the calls of an item that have an answer, and holds up the others until none of the item can go on.

    `lacks` says which budget has no room for a call of it. With `online` a call that a provider's job has not answered
    is asked again at once.
    """

    def __init__(
        self, item: str, ledger: WaveLedger, clients: PostponedClients, spending: JobSpending, *, online: bool
    ) -> None:
        super().__init__()
        self._item, self._ledger, self._clients, self._spending, self._online = item, ledger, clients, spending, online
        self._times: Counter[str] = Counter()
        self.asked: list[AskedCall] = []
        self.counted: list[str] = []
        self.lacks = ""

    def before_effect(self) -> None:
        """Keep no node from anything: a thread knows what it has done."""

    def around(self, attempt: Attempt) -> AbstractContextManager[None]:
        """Hold up no item whose call waits its turn to be asked at once."""
        return self.working() if attempt.client.limits else nullcontext()

    def client_for(self, attempt: Attempt) -> ModelClient:
        """Return a client that gives the answer that is known, or waits for one."""
        if attempt.client.limits is None:
            return attempt.client
        key = self._key(attempt)
        state, answer, counted = self._ledger.find(key)
        if state in ("online", "at_once") or (not state and self._online and _was_not_answered(attempt)):
            return replace(attempt.client, ask=self._at_once(attempt, key, answer))
        return replace(
            attempt.client,
            ask=self._postponed(attempt, key, answer),
            limits=None,
            is_deferred=True,
            charged=self._charged(key, counted),
        )

    def _key(self, attempt: Attempt) -> str:
        """Return what names a call: the same whenever its node runs again, and no other call's."""
        namespace = str((get_config().get("configurable") or {}).get("checkpoint_ns", ""))
        # The graphs that a node calls may get other ids each time; the node itself keeps its own.
        node = namespace.partition("|")[0]
        options = {**attempt.client.options.given(), **attempt.options}
        said = [[message.type, message.content] for message in attempt.messages]
        told = [self._item, node, attempt.request.step, attempt.client.name, attempt.request.output.__name__]
        asked = json.dumps([*told, options, said], sort_keys=True, default=str)
        self._times[asked] += 1
        return sha256(f"{self._times[asked]}{asked}".encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def _postponed(self, attempt: Attempt, key: str, answer: WireAnswer | None) -> Send:
        async def ask(messages: Sequence[BaseMessage], config: Any, /, **options: Any) -> AIMessage:
            wire = CallWire(answer)
            with self.working():
                send = await self._clients.send(attempt)
                try:
                    with on_wire(wire):
                        return await send(messages, config, **options)
                except RequestCaptured:
                    self._ask(attempt, key, wire)
            return await self._held_up()

        return ask

    def _ask(self, attempt: Attempt, key: str, wire: CallWire) -> None:
        if self._ledger.find(key)[0]:
            # It was asked before, and its answer is still to come.
            return
        expected = self._spending.expected(attempt.client.name, len(wire.body), PRICE_SHARE)
        if lacks := self._spending.lacks(expected):
            self.lacks = lacks
            return
        self._ledger.expect(expected)
        self.asked.append(AskedCall(key, self._item, attempt.client.name, wire.model, wire.body, expected))

    async def _held_up(self) -> AIMessage:
        answer: asyncio.Future[AIMessage] = asyncio.get_running_loop().create_future()
        with self.held():
            # It never comes here: the item is set aside, and asks again once there is one.
            return await answer

    def _charged(self, key: str, counted: bool) -> Callable[[ModelUsage], ModelUsage]:
        def charged(used: ModelUsage) -> ModelUsage:
            if counted:
                # By the thread, in an earlier wave.
                return _NOTHING
            cost = used["cost_usd"]
            paid = ModelUsage(**{**used, "cost_usd": None if cost is None else cost * PRICE_SHARE})
            self._ledger.used(key, paid)
            self._spending.saw(paid)
            self.counted.append(key)
            return paid

        return charged

    def _at_once(self, attempt: Attempt, key: str, answer: WireAnswer | None) -> Send:
        online = attempt.client.ask

        async def ask(messages: Sequence[BaseMessage], config: Any, /, **options: Any) -> AIMessage:
            if answer:
                return AIMessage.model_validate_json(answer.body)
            expected = self._spending.expected(attempt.client.name, 4 * attempt.request.tokens, 1.0)
            if self._ledger.find(key)[0] != "at_once":
                if lacks := self._spending.lacks(expected):
                    self.lacks = lacks
                    raise BudgetExceeded(f"the budget of the whole job is spent: {lacks}")
                self._ledger.expect(expected)
            message = await online(messages, config, **options)
            told = json.dumps(message.model_dump(mode="json")).encode()
            call = AskedCall(key, self._item, attempt.client.name, "", b"", expected)
            self._ledger.answered_online(call, told)
            self._ledger.used(key, usage_of(attempt.client.name, message, attempt.request.tokens))
            return message

        return ask


def _was_not_answered(attempt: Attempt) -> bool:
    return isinstance(attempt.after, ModelUnavailable)
