"""The model gateway: the one owner of bounds, time-outs, retries and repairs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_random_exponential

from fanloom import answers
from fanloom.context import Role
from fanloom.errors import BadModelOutput, RunError
from fanloom.faults import classify, hint_seconds
from fanloom.models.structured import Send
from fanloom.run import Run
from fanloom.usage import meter

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage

T = TypeVar("T")

MAX_WAIT_S = 60.0
_backoff = wait_random_exponential(multiplier=0.5, max=20)

_REPAIR = """Your last answer could not be used: {problem}.

<last_answer>
{answer}
</last_answer>

Answer the request above again, in full and in exactly the form it asks for."""


@dataclass(frozen=True)
class Request(Generic[T]):
    """One step's call: what to ask, of which role, and what type of answer is wanted."""

    step: str
    role: Role
    messages: Sequence[BaseMessage]
    output: type[T]
    metadata: dict[str, Any] = field(default_factory=dict)


async def call(run: Run, request: Request[T]) -> T:
    """Make one model call within the bounds of its run.

    At most `max_attempts` requests are made, whatever fails. A request that can succeed later is made again after the
    wait that the server asks for, else after an exponential back-off with full jitter; an answer that cannot be used
    is asked for once more, with what is wrong with it. Raises ModelUnavailable, ModelRefused or BadModelOutput.
    """
    name, send = await run.model_for(request.role, request.output)
    return await _Call(run, request, name, send).result()


class _Call(Generic[T]):
    def __init__(self, run: Run, request: Request[T], name: str, send: Send) -> None:
        self.run, self.request, self.name, self.send = run, request, name, send
        self.messages = list(request.messages)
        self.repaired = False

    async def result(self) -> T:
        retrying = AsyncRetrying(
            stop=stop_after_attempt(self.run.context.max_attempts),
            retry=retry_if_exception(self._again),
            wait=_wait,
            reraise=True,
        )
        async for attempt in retrying:
            with attempt:
                meter().attempted(attempt.retry_state.attempt_number)
                return await self._attempt()
        raise AssertionError("tenacity either returns or raises")

    async def _attempt(self) -> T:
        message = await self._send()
        meter().record(self.name, message)
        try:
            return answers.read(message, self.request.output)
        except BadModelOutput as error:
            self._ask_again(message, error)
            raise BadModelOutput(
                f"{self.request.step}: {self.name} gave an answer that cannot be used: {error}", kind=error.kind
            ) from None

    async def _send(self) -> AIMessage:
        config = {"run_name": self.request.step, "metadata": {"role": self.request.role, **self.request.metadata}}
        try:
            async with self.run.slots, asyncio.timeout(self.run.context.timeout_s):
                return await self.send(self.messages, config)
        except Exception as error:
            # Whatever the client raises: it is either the provider's or the network's, or it goes on as it is.
            if (known := classify(error, self.name)) is None:
                raise
            raise known from error

    def _ask_again(self, message: AIMessage, error: BadModelOutput) -> None:
        from langchain_core.messages import HumanMessage

        problem = _REPAIR.format(problem=error, answer=answers.shown(message) or "(nothing)")
        self.messages = [*self.request.messages, HumanMessage(problem)]

    def _again(self, error: BaseException) -> bool:
        if isinstance(error, BadModelOutput):
            first, self.repaired = not self.repaired, True
            return first
        return isinstance(error, RunError) and error.retryable


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, BadModelOutput):
        return 0.0
    hint = hint_seconds(error) if error else None
    return min(hint, MAX_WAIT_S) if hint is not None else _backoff(state)
