"""One request to one model: within the run's budget and width and the process's limits, timed, counted and traced."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage

from fanloom.errors import BudgetExceeded, ModelUnavailable, RunError
from fanloom.gateway.attempt_log import attempt_begun, attempt_failed, breaker_noted, cool_down_noted
from fanloom.gateway.bounds.budget import UNANSWERED, Budget, budgets_of
from fanloom.gateway.bounds.process_limits import ModelLimits
from fanloom.gateway.bounds.slots import InTurn
from fanloom.gateway.failures.classification import classify, not_an_answer, set_apart
from fanloom.gateway.failures.quota import MAX_WAIT_S, spent_for_s
from fanloom.gateway.failures.retry_after import hint_seconds
from fanloom.gateway.model_client import ModelClient
from fanloom.gateway.request import Request
from fanloom.gateway.streaming.item_stream import callbacks_for
from fanloom.loops.time_limit import time_limit
from fanloom.runs.current_run import Run
from fanloom.runs.early_work import EARLY
from fanloom.runs.prices import cost_usd
from fanloom.runs.usage import ModelUsage, is_counted, meter, usage_of
from fanloom.tracing.langsmith_tracing import TASK

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

_DEAD = {"timeout", "connection", "server_error"}
_NOBODY = nullcontext()


@dataclass
class Attempt:
    """One request; `number` counts those of its call, at all models, and `after` is why it is made again, if it is.

    `is_fallback` says that another model was asked before this one, `yields` that there is another one to ask after it,
    so that nothing is sent to one that is known to be down. `watched` is around the request where another may race it,
    and `is_hedge` says that this is the other. Once `answer` has ended, `sent` says whether the request
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
    watched: AbstractContextManager[None] | None = None
    is_hedge: bool = False
    sent: bool = False
    used: ModelUsage | None = None

    async def answer(self) -> AIMessage:
        """Send the request and return the raw answer. Raises a RunError of whatever is in the way."""
        budgets = await budgets_of(self.run)
        # The slot comes first, so that no more than the run's width reserves on estimates; offline needs none.
        async with InTurn(self.run) if self.client.limits else _NOBODY:
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
            budget.settle(reserved, self.used or (self._unanswered() if self.sent else None))

    def _unanswered(self) -> ModelUsage:
        if not self.watched:
            return UNANSWERED
        # It lost its race: a provider has read it.
        read = self.request.tokens
        return {**UNANSWERED, "input_tokens": read, "cost_usd": cost_usd(self.client.name, read, 0)}

    async def _limited(self) -> AIMessage:
        if self.client.limits is None:
            return await self._counted()
        async with self.client.limits.head_start.given() if self.yields else _NOBODY:
            return await self._granted(self.client.limits)

    async def _granted(self, limits: ModelLimits) -> AIMessage:
        ticket = await limits.acquire(self.run.top, self.request.tokens, can_leave=self.yields, model=self.client.name)
        if ticket is None:
            raise self._left_out()
        if self.yields and not limits.breaker.allows():
            limits.release(ticket, 0, succeeded=False)
            raise self._left_out()
        succeeded = False
        try:
            message = await self._counted()
            succeeded = True
            was_down = bool(limits.breaker.kind)
            limits.breaker.succeeded()
            breaker_noted(self.client.name, limits.breaker, was_down)
            return message
        except RunError as error:
            self._report(limits, error)
            if error.kind == "throttled" and not hint_seconds(error):
                limits.refused(ticket)
            raise
        finally:
            used = self.used["input_tokens"] + self.used["output_tokens"] if self.used else None
            limits.release(ticket, used, succeeded=succeeded)

    async def _counted(self) -> AIMessage:
        self.sent = True
        counted = meter()
        counted.attempted(self.number)
        if self.is_hedge:
            counted.hedged()
        after = self.after.kind if self.after else None
        attempt_begun(self.number, self.client.name, self.messages, self._why(), after)
        try:
            with self.watched or _NOBODY:
                message = await self._send()
        except BaseException as error:
            # Also one that is cancelled, as the slower one of a race, was sent, and may have to be paid for.
            attempt_failed(self.number, error)
            if self._was_unanswered(error):
                counted.unanswered()
            raise
        self.used = self.client.charged(usage_of(self.client.name, message, self.request.tokens))
        counted.record(self.client.name, self.request.step, self.used, estimated=not is_counted(message))
        return message

    def _was_unanswered(self, error: BaseException) -> bool:
        if isinstance(error, asyncio.CancelledError):
            # It lost its race, or its task is not in the plan: the run goes on, and this was paid for.
            return bool(self.watched or EARLY.get())
        return isinstance(error, RunError) and self.client.limits is not None

    async def _send(self) -> AIMessage:
        handled = sys.exception()
        try:
            async with nullcontext() if self.client.is_deferred else time_limit(self.run.context.timeout_s):
                answer = await self.client.send(self.request, self.messages, self._traced(), self.options)
        except Exception as error:
            # Whatever the client raises: it is either the provider's or the network's, or it goes on as it is.
            set_apart(error, handled)
            known = classify(error, self.client.name)
            # The offline model has no client that could fail on what it reads: whatever does so is a defect.
            if known is None or (known.kind == "unreadable" and not self.client.limits):
                raise
            raise known from error
        if not isinstance(answer, AIMessage):
            raise not_an_answer(self.client.name, answer)
        return answer

    def _report(self, limits: ModelLimits, error: RunError) -> None:
        """Tell the other calls of this process what this one has met."""
        hint, was_down = hint_seconds(error) or 0.0, bool(limits.breaker.kind)
        if error.kind == "quota" or hint > MAX_WAIT_S:
            limits.breaker.spent(spent_for_s(error))
        elif error.kind == "throttled":
            limits.breaker.throttled()
        elif error.kind in _DEAD:
            limits.breaker.failed()
        else:
            # It answers, if only to refuse: it is not down.
            limits.breaker.succeeded()
        if error.kind != "quota" and 0 < hint <= MAX_WAIT_S:
            cool_down_noted(self.client.name, hint)
            limits.cool_down(hint)
        breaker_noted(self.client.name, limits.breaker, was_down)
        if limits.breaker.is_open():
            limits.send_away()

    def _left_out(self) -> ModelUnavailable:
        """Say why nothing is sent: many calls can have come into the queues before the model was known to be down."""
        assert self.client.limits, "offline is never left out"
        breaker = self.client.limits.breaker
        said = f"{self.client.name}: {breaker.why}, so calls go to the next model for a while"
        return ModelUnavailable(f"{said}{self._before()}", kind=breaker.kind or "server_error")

    def _before(self) -> str:
        return f" (the request before: {self.after})" if self.after else ""

    def _why(self) -> str:
        if self.is_hedge:
            return "hedge"
        if self.after is None:
            return "fallback" if self.is_fallback else "first"
        if self._is_repair():
            return "repair"
        return "longer" if self.after.kind == "truncated" else "retry"

    def _is_repair(self) -> bool:
        return self.after is not None and self.messages != self.request.messages

    def _traced(self) -> dict[str, Any]:
        """Return what the trace says of the request: which attempt it is, and why it is made again."""
        told: dict[str, Any] = {"step": self.request.step, "role": self.request.role, "model": self.client.name}
        told |= {"attempt": self.number, **self.request.metadata}
        if task := TASK.get():
            told["task_id"] = task
        if self.after:
            told["after"] = self.after.kind
        again = ["repair" if self._is_repair() else "retry"] if self.after else []
        tags = [*(["fallback"] if self.is_fallback else []), *again, *(["hedge"] if self.is_hedge else [])]
        # The offline model writes all at once.
        streamed = callbacks_for(self.request) if self.client.limits else {}
        return {"run_name": self.request.step, "metadata": told, "tags": tags, **streamed}
