"""The requests that one model gets for one call: bounded, timed, judged, repeated only where that can help."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_random_exponential

from fanloom import answers
from fanloom.budget import Budget
from fanloom.candidate import Candidate
from fanloom.errors import BadModelOutput, RunError
from fanloom.faults import classify
from fanloom.hints import hint_seconds
from fanloom.prices import cost_usd
from fanloom.request import Request
from fanloom.run import Run
from fanloom.usage import ModelUsage, meter, usage_of

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

T = TypeVar("T")

# A server that asks for a longer wait than this has spent a quota, not a moment: better to say so.
MAX_WAIT_S = 60.0
_SMALLEST_OUTPUT_LIMIT = 4096
_DEAD = {"timeout", "connection", "server_error"}
_backoff = wait_random_exponential(multiplier=0.5, max=20)

_REPAIR = """Your last answer could not be used: {problem}.

<last_answer>
{answer}
</last_answer>

Answer the request above again, in full and in exactly the form it asks for."""


class Attempts(Generic[T]):
    """The attempts of one call at one model; `sent` counts them, `bad` is the last answer that could not be used."""

    def __init__(self, run: Run, request: Request[T], candidate: Candidate, sent_before: int = 0) -> None:
        self.run, self.request, self.candidate = run, request, candidate
        self.messages = list(request.messages)
        self.options: dict[str, Any] = {}
        self.tokens = sum(len(message.text) for message in request.messages) // 4
        self.sent_before, self.sent = sent_before, 0
        self.bad: AIMessage | None = None
        self._repairs_left = 1
        self._failures: list[str] = []

    async def result(self) -> T:
        """Return the answer, after at most `max_attempts` requests.

        Raises ModelUnavailable, ModelRefused, BadModelOutput or BudgetExceeded.
        """
        retrying = AsyncRetrying(
            stop=stop_after_attempt(self.run.context.max_attempts),
            retry=retry_if_exception(self._can_help),
            wait=_wait,
            reraise=True,
        )
        async for attempt in retrying:
            with attempt:
                return await self._attempt()
        raise AssertionError("tenacity either returns or raises")

    async def _attempt(self) -> T:
        try:
            message = await self._within_budget()
            return self._read(message)
        except RunError as error:
            self._failures.append(error.kind)
            raise

    def _read(self, message: AIMessage) -> T:
        try:
            return answers.read(message, self.request.output)
        except BadModelOutput as error:
            self.bad = message
            raise self._named(error) from None

    async def _within_budget(self) -> AIMessage:
        budget = await self.run.budget()
        # The slot comes first, so that no more than the run's width reserves on estimates; offline needs none.
        async with self.run.slots if self.candidate.limits else nullcontext():
            reserved = await budget.reserve(self.tokens, self._estimated_cost(budget)) if budget else None
            used: ModelUsage | None = None
            try:
                message = await self._limited()
                used = usage_of(self.candidate.name, message)
                meter().record(self.candidate.name, self.request.step, used)
                return message
            finally:
                if budget and reserved:
                    budget.settle(reserved, used)

    async def _limited(self) -> AIMessage:
        limits = self.candidate.limits
        if limits is None:
            return await self._send()
        ticket = await limits.acquire(self.run, self.tokens)
        used, succeeded = None, False
        try:
            message = await self._send()
            succeeded, used = True, message.usage_metadata["total_tokens"] if message.usage_metadata else None
            limits.breaker.succeeded()
            return message
        except RunError as error:
            self._report(error)
            raise
        finally:
            limits.release(ticket, used, succeeded=succeeded)

    async def _send(self) -> AIMessage:
        self.sent += 1
        meter().attempted(self.sent_before + self.sent)
        try:
            async with asyncio.timeout(self.run.context.timeout_s):
                return await self.candidate.send(self.messages, self._config(), **self.options)
        except Exception as error:
            # Whatever the client raises: it is either the provider's or the network's, or it goes on as it is.
            if (known := classify(error, self.candidate.name)) is None:
                raise
            raise known from error

    def _estimated_cost(self, budget: Budget) -> float:
        return cost_usd(self.candidate.name, self.tokens, round(budget.expected_output_tokens)) or 0.0

    def _config(self) -> dict[str, Any]:
        told = {"role": self.request.role, "model": self.candidate.name, "attempt": self.sent_before + self.sent}
        after = {"after": self._failures[-1]} if self._failures else {}
        return {"run_name": self.request.step, "metadata": {**self.request.metadata, **told, **after}}

    def _report(self, error: RunError) -> None:
        """Tell the other calls of this process what this one has met."""
        limits = self.candidate.limits
        if limits is None:
            return
        if error.kind in _DEAD:
            limits.breaker.failed()
        else:
            # It answers, if only to refuse: it is not down.
            limits.breaker.succeeded()
        hint = hint_seconds(error)
        if hint is not None and hint <= MAX_WAIT_S:
            limits.cool_down(hint)

    def _can_help(self, error: BaseException) -> bool:
        """Say whether one more request can help, and prepare it."""
        if isinstance(error, BadModelOutput):
            return self._longer() if error.kind == "truncated" else self._repair(error)
        hint = hint_seconds(error)
        return isinstance(error, RunError) and error.retryable and (hint is None or hint <= MAX_WAIT_S)

    def _repair(self, error: BadModelOutput) -> bool:
        from langchain_core.messages import HumanMessage

        shown = answers.shown(self.bad) if self.bad else ""
        problem = _REPAIR.format(problem=error, answer=shown or "(nothing)")
        self.messages = [*self.request.messages, HumanMessage(problem)]
        self._repairs_left -= 1
        return self._repairs_left >= 0

    def _longer(self) -> bool:
        """Ask for the same again with twice the room, up to what the model can write."""
        option, most = self.candidate.output_limit, self.candidate.max_output_tokens
        if option is None or self.bad is None:
            return False
        written = self.bad.usage_metadata["output_tokens"] if self.bad.usage_metadata else 0
        before = max(written, self.options.get(option, 0))
        wanted = max(2 * before, _SMALLEST_OUTPUT_LIMIT)
        self.options[option] = min(wanted, most) if most else wanted
        return bool(self.options[option] > before)

    def _named(self, error: BadModelOutput) -> BadModelOutput:
        said = f"{self.request.step}: {self.candidate.name} gave an answer that cannot be used: {error}"
        return BadModelOutput(said, kind=error.kind)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, BadModelOutput):
        return 0.0
    hint = hint_seconds(error) if error else None
    return hint if hint is not None else _backoff(state)
