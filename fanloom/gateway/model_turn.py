"""One model's turn at a call: requests, judged and repeated only where that can help."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from fanloom.errors import BadModelOutput, ModelUnavailable, RunError
from fanloom.gateway import answer_reading
from fanloom.gateway.attempt import Attempt
from fanloom.gateway.attempt_log import answer_noted
from fanloom.gateway.deferring.deferral import current_deferral
from fanloom.gateway.hedge import hedged, may_race
from fanloom.gateway.model_client import ModelClient
from fanloom.gateway.request import Request
from fanloom.gateway.retry_decision import SMALLEST_OUTPUT_LIMIT, NextRequest, Tried, next_request
from fanloom.gateway.run_models import RunModels
from fanloom.runlog.current_log import part, record
from fanloom.runs.answer_cache import cache_key, keep_answer, kept_answer
from fanloom.runs.current_run import Run
from fanloom.runs.usage import tokens_of

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

T = TypeVar("T")

_REPAIR = """Your last answer could not be used: {problem}.

<last_answer>
{answer}
</last_answer>

Answer the request above again, in full and in exactly the form it asks for."""


class ModelTurn(Generic[T]):
    """The requests of one call to one model; `sent` counts them, `bad` are the answers that could not be used.

    `before` are the turns of other models; `has_next` says that there is one more to ask.
    """

    def __init__(
        self, run: Run, request: Request[T], client: ModelClient, before: Sequence[ModelTurn[T]] = (), *, has_next: bool
    ) -> None:
        self.run, self.request, self.client = run, request, client
        self.before, self.has_next = before, has_next
        self.messages = list(request.messages)
        self.options: dict[str, Any] = {}
        self.sent = 0
        self.bad: list[AIMessage] = []
        self._attempts = self._repairs = 0
        self._last: RunError | None = None
        self._key: str | None = None

    async def answer(self) -> T:
        """Return the answer, after at most `max_attempts` requests.

        Raises ModelUnavailable, ModelRefused, BadModelOutput or BudgetExceeded.
        """
        self._key = self._cache_key()
        if self._key and (kept := await kept_answer(self._key)) is not None:
            record("call.cached", model=self.client.name)
            return self._judged(kept)
        while True:
            attempt, version = self._attempt(), self.client.credentials_version
            try:
                return await (hedged(attempt, self._answered) if may_race(attempt) else self._answered(attempt))
            except RunError as error:
                has_new_key = error.kind == "auth" and await self._has_new_key(version)
                upcoming = next_request(error, self._tried(attempt, has_new_key))
                if upcoming is None:
                    raise
                self._last = error
            await _pause(0.0 if attempt.client.is_deferred else wait_s(upcoming))
            self._prepare(upcoming)

    def _cache_key(self) -> str | None:
        # Offline answers cost nothing, and of a model that is its caller's nobody knows the options.
        if self.client.limits is None or self.client.named is None:
            return None
        asked = (self.request.messages, self.request.output)
        return cache_key(self.run, self.client.name, self.client.options, *asked)

    def _attempt(self) -> Attempt:
        number = sum(turn.sent for turn in (*self.before, self)) + 1
        attempt = Attempt(
            self.run,
            self.client,
            self.request,
            self.messages,
            self.options,
            number,
            after=self._last,
            is_fallback=bool(self.before),
            yields=self.has_next,
        )
        if deferral := current_deferral():
            attempt.client = deferral.client_for(attempt)
        return attempt

    async def _answered(self, attempt: Attempt) -> T:
        message = await self._made(attempt)
        answer = self._read(attempt, message)
        if self._key:
            await keep_answer(self._key, message)
        return answer

    async def _made(self, attempt: Attempt) -> AIMessage:
        self._attempts += 1
        deferral = current_deferral()
        try:
            with deferral.around(attempt) if deferral else nullcontext():
                return await attempt.answer()
        finally:
            self.sent += attempt.sent

    def _read(self, attempt: Attempt, message: AIMessage) -> T:
        try:
            answer = self._judged(message)
        except RunError as error:
            answer_noted(attempt.number, message, attempt.used, error)
            raise
        answer_noted(attempt.number, message, attempt.used)
        return answer

    def _judged(self, message: AIMessage) -> T:
        try:
            return answer_reading.read(message, self.request.output)
        except BadModelOutput as error:
            self.bad.append(message)
            said = f"{self.request.step}: {self.client.name} gave an answer that cannot be used: {error}"
            raise BadModelOutput(said, kind=error.kind) from None
        except ModelUnavailable as error:
            raise ModelUnavailable(f"{self.client.name}: {error}", kind=error.kind) from None

    async def _has_new_key(self, refused: int) -> bool:
        """Look for credentials that have taken the place of those that were refused, and take them."""
        found = await RunModels.of(self.run).renewed(self.client, refused, self.request.output)
        self.client = found or self.client
        return found is not None

    def _tried(self, attempt: Attempt, has_new_key: bool) -> Tried:
        return Tried(
            self._attempts,
            self.run.context.max_attempts,
            self._repairs,
            self._output_tokens(),
            self.client.max_output_tokens,
            attempt.is_down(),
            has_new_key,
            smallest_limit=0 if self.client.options.max_tokens else SMALLEST_OUTPUT_LIMIT,
        )

    def _output_tokens(self) -> int | None:
        """Return how much the last answer held or could hold, or None where more cannot be asked for."""
        option = self.client.output_limit
        if option is None or not self.bad:
            return None
        allowed: int = self.options.get(option) or self.client.options.max_tokens or 0
        return max(tokens_of(self.bad[-1]).output, allowed)

    def _prepare(self, upcoming: NextRequest) -> None:
        if upcoming.kind == "repair":
            self._repairs += 1
            self.messages = [*self.request.messages, self._repair()]
        elif upcoming.kind == "longer" and self.client.output_limit:
            self.options[self.client.output_limit] = upcoming.output_tokens

    def _repair(self) -> Any:
        from langchain_core.messages import HumanMessage

        shown = answer_reading.shown(self.bad[-1]) if self.bad else ""
        return HumanMessage(_REPAIR.format(problem=self._last, answer=shown or "(nothing)"))


async def _pause(seconds: float) -> None:
    if seconds > 0:
        with part("wait", reason="back_off", seconds=round(seconds, 3)):
            await asyncio.sleep(seconds)


def wait_s(upcoming: NextRequest) -> float:
    """Return how long to wait before a request, in seconds: at random within its bounds."""
    return random.uniform(*upcoming.wait_s)
