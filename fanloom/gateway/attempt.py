"""One request to one model: within the run's budget and width and the process's limits, timed, counted and traced."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fanloom.errors import BudgetExceeded, ModelUnavailable, RunError
from fanloom.gateway.bounds.budget import UNANSWERED, Budget, budgets_of
from fanloom.gateway.bounds.slots import in_turn
from fanloom.gateway.failures.classification import classify, set_apart
from fanloom.gateway.failures.retry_after import hint_seconds
from fanloom.gateway.model_client import ModelClient
from fanloom.gateway.request import Request
from fanloom.gateway.retry_decision import MAX_WAIT_S
from fanloom.loops.time_limit import time_limit
from fanloom.runs.current_run import Run
from fanloom.runs.prices import cost_usd
from fanloom.runs.usage import ModelUsage, meter, usage_of
from fanloom.tracing.langsmith_tracing import TASK

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage

_DEAD = {"timeout", "connection", "server_error"}


@dataclass
class Attempt:
    """One request; `number` counts those of its call, at all models, and `after` is why it is made again, if it is.

    `is_fallback` says that another model was asked before this one, `yields` that there is another one to ask after it,
    so that nothing is sent to one that is known to be down. Once `answer` has ended, `sent` says whether the request
    was sent, and `used` what it used, if it was answered.
    """

    run: Run
    client: ModelClient
    request: Request[Any]
    messages: Sequence[BaseMessage]
    options: Mapping[str, Any]
    number: int
    after: RunError | None = None
    is_fallback: bool = False
    yields: bool = False
    sent: bool = False
    used: ModelUsage | None = None

    async def answer(self) -> AIMessage:
        """Send the request and return the raw answer. Raises a RunError of whatever is in the way."""
        budgets = await budgets_of(self.run)
        # The slot comes first, so that no more than the run's width reserves on estimates; offline needs none.
        async with in_turn(self.run) if self.client.limits else nullcontext():
            if self.is_down():
                raise self._left_out()
            return await self._within(budgets)

    def is_down(self) -> bool:
        """Say whether the model is known to be down and another one is there."""
        return bool(self.yields and self.client.limits and self.client.limits.breaker.is_open())

    async def _within(self, budgets: Sequence[Budget]) -> AIMessage:
        if not budgets:
            return await self._limited()
        budget, *others = budgets
        tokens = self.request.tokens
        cost = cost_usd(self.client.name, tokens, round(budget.expected_output_tokens)) or 0.0
        try:
            reserved = await budget.reserve(tokens, cost)
        except BudgetExceeded as error:
            raise BudgetExceeded(f"{error}{self._before()}") from None
        try:
            return await self._within(others)
        finally:
            budget.settle(reserved, self.used or (UNANSWERED if self.sent else None))

    async def _limited(self) -> AIMessage:
        limits = self.client.limits
        if limits is None:
            return await self._counted()
        ticket = await limits.acquire(self.run.top, self.request.tokens)
        if self.yields and not limits.breaker.allows():
            limits.release(ticket, 0, succeeded=False)
            raise self._left_out()
        used, succeeded = None, False
        try:
            message = await self._counted()
            succeeded, used = True, message.usage_metadata["total_tokens"] if message.usage_metadata else None
            limits.breaker.succeeded()
            return message
        except RunError as error:
            self._report(error)
            raise
        finally:
            limits.release(ticket, used, succeeded=succeeded)

    async def _counted(self) -> AIMessage:
        self.sent = True
        meter().attempted(self.number)
        message = await self._send()
        self.used = usage_of(self.client.name, message)
        meter().record(self.client.name, self.request.step, self.used)
        return message

    async def _send(self) -> AIMessage:
        handled = sys.exception()
        try:
            async with time_limit(self.run.context.timeout_s):
                return await self.client.send(self.request, self.messages, self._traced(), self.options)
        except Exception as error:
            # Whatever the client raises: it is either the provider's or the network's, or it goes on as it is.
            set_apart(error, handled)
            if (known := classify(error, self.client.name)) is None:
                raise
            raise known from error

    def _report(self, error: RunError) -> None:
        """Tell the other calls of this process what this one has met."""
        limits = self.client.limits
        assert limits, "offline fails in no such way"
        if error.kind in _DEAD:
            limits.breaker.failed()
        else:
            # It answers, if only to refuse: it is not down.
            limits.breaker.succeeded()
        hint = hint_seconds(error)
        if hint is not None and hint <= MAX_WAIT_S:
            limits.cool_down(hint)

    def _left_out(self) -> ModelUnavailable:
        """Say why nothing is sent: many calls can have come into the queues before the model was known to be down."""
        said = f"{self.client.name}: it failed several times in a row, so calls go to the next model for a while"
        return ModelUnavailable(f"{said}{self._before()}", kind="server_error")

    def _before(self) -> str:
        return f" (the request before: {self.after})" if self.after else ""

    def _traced(self) -> dict[str, Any]:
        """Return what the trace says of the request: which attempt it is, and why it is made again."""
        told: dict[str, Any] = {"step": self.request.step, "role": self.request.role, "model": self.client.name}
        told |= {"attempt": self.number, **self.request.metadata}
        if task := TASK.get():
            told["task_id"] = task
        if self.after:
            told["after"] = self.after.kind
        again = ["repair" if self.messages != self.request.messages else "retry"] if self.after else []
        tags = [*(["fallback"] if self.is_fallback else []), *again]
        return {"run_name": self.request.step, "metadata": told, "tags": tags}
