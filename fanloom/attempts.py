"""The requests that one model gets for one call: bounded, timed, judged, repeated only where that can help."""

from __future__ import annotations

import random
import sys
from asyncio import timeout
from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tenacity import AsyncRetrying, RetryCallState

from fanloom import answers
from fanloom.budget import UNANSWERED, Budget
from fanloom.candidate import Candidate
from fanloom.errors import BadModelOutput, BudgetExceeded, ModelUnavailable, RunError
from fanloom.faults import classify, set_apart
from fanloom.hints import hint_seconds
from fanloom.prices import cost_usd
from fanloom.request import Request
from fanloom.run import Run
from fanloom.tracing import TASK
from fanloom.usage import meter, usage_of

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

T = TypeVar("T")

# A server that asks for a longer wait than this has spent a quota, not a moment: better to say so.
MAX_WAIT_S = 60.0
_SMALLEST_OUTPUT_LIMIT = 4096
_DEAD = {"timeout", "connection", "server_error"}
_FIRST_BACKOFF_S, _LONGEST_BACKOFF_S = 0.5, 20.0

_REPAIR = """Your last answer could not be used: {problem}.

<last_answer>
{answer}
</last_answer>

Answer the request above again, in full and in exactly the form it asks for."""


class Attempts(Generic[T]):
    """The attempts of one call at one model; `sent` counts them, `bad` are the answers that could not be used.

    `before` are those of the call at other models; `has_next` says that there is one more to ask.
    """

    def __init__(
        self,
        run: Run,
        request: Request[T],
        candidate: Candidate,
        before: Sequence[Attempts[T]] = (),
        has_next: bool = False,
    ) -> None:
        self.run, self.request, self.candidate = run, request, candidate
        self.messages = list(request.messages)
        self.options: dict[str, Any] = {}
        self.tokens = request.characters // 4
        self.sent = 0
        self.sent_before = sum(attempts.sent for attempts in before)
        self.bad: list[AIMessage] = []
        self._tags = ["fallback"] if before else []
        self._breaker = candidate.limits.breaker if candidate.limits and has_next else None
        self._repairs_left = 1
        self._failures: list[tuple[str, str]] = []

    async def result(self) -> T:
        """Return the answer, after at most `max_attempts` requests.

        Raises ModelUnavailable, ModelRefused, BadModelOutput or BudgetExceeded.
        """
        return await AsyncRetrying(retry=self._again, wait=_wait_after)(self._attempt)

    def _again(self, state: RetryCallState) -> bool:
        # tenacity's own `stop` is asked after the wait has been chosen and the next attempt prepared.
        error = _error_of(state)
        left = self.run.context.max_attempts - state.attempt_number
        return left > 0 and isinstance(error, RunError) and self._can_help(error)

    async def _attempt(self) -> T:
        try:
            message = await self._within_budget()
            return self._read(message)
        except BudgetExceeded as error:
            raise BudgetExceeded(f"{error}{self._before()}") from None
        except RunError as error:
            self._failures.append((error.kind, str(error)))
            raise

    def _read(self, message: AIMessage) -> T:
        try:
            return answers.read(message, self.request.output)
        except BadModelOutput as error:
            self.bad.append(message)
            raise self._named(error) from None
        except ModelUnavailable as error:
            raise ModelUnavailable(f"{self.candidate.name}: {error}", kind=error.kind) from None

    async def _within_budget(self) -> AIMessage:
        budget = await self.run.budget()
        # The slot comes first, so that no more than the run's width reserves on estimates; offline needs none.
        async with self.run.slots if self.candidate.limits else nullcontext():
            if self._breaker and self._breaker.is_open():
                raise self._left_out()
            reserved = await budget.reserve(self.tokens, self._estimated_cost(budget)) if budget else None
            used, sent = None, self.sent
            try:
                message = await self._limited()
                used = usage_of(self.candidate.name, message)
                meter().record(self.candidate.name, self.request.step, used)
                return message
            finally:
                if budget and reserved:
                    budget.settle(reserved, used or (UNANSWERED if self.sent > sent else None))

    async def _limited(self) -> AIMessage:
        limits = self.candidate.limits
        if limits is None:
            return await self._send()
        ticket = await limits.acquire(self.run, self.tokens)
        if self._breaker and not self._breaker.allows():
            limits.release(ticket, 0, succeeded=False)
            raise self._left_out()
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
        handled = sys.exception()
        try:
            async with timeout(self.run.context.timeout_s):
                return await self.candidate.send(self.messages, self._config(), **self.options)
        except Exception as error:
            # Whatever the client raises: it is either the provider's or the network's, or it goes on as it is.
            set_apart(error, handled)
            if (known := classify(error, self.candidate.name)) is None:
                raise
            raise known from error

    def _estimated_cost(self, budget: Budget) -> float:
        return cost_usd(self.candidate.name, self.tokens, round(budget.expected_output_tokens)) or 0.0

    def _config(self) -> dict[str, Any]:
        """Return what the trace says of the next request: which attempt it is, and why it is made again."""
        told: dict[str, Any] = {"step": self.request.step, "role": self.request.role, "model": self.candidate.name}
        told |= {"attempt": self.sent_before + self.sent, **self.request.metadata}
        if task := TASK.get():
            told["task_id"] = task
        if self._failures:
            told["after"] = self._failures[-1][0]
        again = ["repair" if self.messages != self.request.messages else "retry"] if self._failures else []
        return {"run_name": self.request.step, "metadata": told, "tags": [*self._tags, *again]}

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

    def _can_help(self, error: RunError) -> bool:
        """Say whether one more request can help, and prepare it."""
        if isinstance(error, BadModelOutput):
            return self._longer() if error.kind == "truncated" else self._repair(error)
        if self._breaker and self._breaker.is_open():
            return False
        hint = hint_seconds(error)
        return error.retryable and (hint is None or hint <= MAX_WAIT_S)

    def _left_out(self) -> ModelUnavailable:
        """Say why nothing is sent: many calls can have come into the queues before the model was known to be down."""
        said = f"{self.candidate.name}: it failed several times in a row, so calls go to the next model for a while"
        return ModelUnavailable(said + self._before(), kind="server_error")

    def _before(self) -> str:
        return f" (the request before: {self._failures[-1][1]})" if self._failures else ""

    def _repair(self, error: BadModelOutput) -> bool:
        from langchain_core.messages import HumanMessage

        shown = answers.shown(self.bad[-1]) if self.bad else ""
        problem = _REPAIR.format(problem=error, answer=shown or "(nothing)")
        self.messages = [*self.request.messages, HumanMessage(problem)]
        self._repairs_left -= 1
        return self._repairs_left >= 0

    def _longer(self) -> bool:
        """Ask for the same again with twice the room, up to what the model can write."""
        option, most = self.candidate.output_limit, self.candidate.max_output_tokens
        if option is None or not self.bad:
            return False
        counted = self.bad[-1].usage_metadata
        written = counted["output_tokens"] if counted else 0
        before = max(written, self.options.get(option, 0))
        wanted = max(2 * before, _SMALLEST_OUTPUT_LIMIT)
        self.options[option] = min(wanted, most) if most else wanted
        return bool(self.options[option] > before)

    def _named(self, error: BadModelOutput) -> BadModelOutput:
        said = f"{self.request.step}: {self.candidate.name} gave an answer that cannot be used: {error}"
        return BadModelOutput(said, kind=error.kind)


def _wait_after(state: RetryCallState) -> float:
    error = _error_of(state)
    assert isinstance(error, RunError), "nothing else is tried again"
    return _wait(error, state.attempt_number)


def _error_of(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _wait(error: RunError, attempt: int) -> float:
    """Return the seconds before the next attempt: the server's hint, else exponential back-off with full jitter."""
    if isinstance(error, BadModelOutput):
        return 0.0
    hint = hint_seconds(error)
    most = min(_LONGEST_BACKOFF_S, _FIRST_BACKOFF_S * 2 ** (attempt - 1))
    return random.uniform(0, most) if hint is None else hint
