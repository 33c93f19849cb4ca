"""The model gateway: every model call of every graph goes through here.

budget -> the run's slots -> the process's limiter -> the client, its own retries off -> what came back is classified
and judged -> wait and retry, repair, fall back, keep what is valid, or raise one typed error.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TypeVar

from fanloom.answers import salvage
from fanloom.attempts import Attempts
from fanloom.candidate import Candidate
from fanloom.errors import BadModelOutput, ModelRefused, ModelUnavailable, RunError
from fanloom.request import Request
from fanloom.run import Run

T = TypeVar("T")


async def call(run: Run, request: Request[T]) -> T:
    """Make one model call within the bounds of its run and of the process.

    The role's model gets at most `max_attempts` requests; if it stays unavailable or keeps answering badly, the
    fallback model gets as many, and at once while the first is known to be down. Of a list whose items are not all
    valid, the valid ones are kept at last. Raises ModelUnavailable, ModelRefused, BadModelOutput or BudgetExceeded.
    """
    candidates = await run.candidates(request.role, request.output)
    prefix = request.prefix if run.context.cache_first else None
    async with run.alone_first((candidates[0].name, prefix)) if prefix else nullcontext():
        return await _down_the_ladder(run, request, candidates)


async def _down_the_ladder(run: Run, request: Request[T], candidates: list[Candidate]) -> T:
    tried: list[Attempts[T]] = []
    errors: list[RunError] = []
    for candidate in candidates:
        tried.append(Attempts(run, request, candidate, before=tried[:], has_next=candidate is not candidates[-1]))
        try:
            return await tried[-1].result()
        except (ModelUnavailable, BadModelOutput, ModelRefused) as error:
            # A refusal is the caller's to mend and no reason to fall back; but one of the fallback's comes on top.
            if isinstance(error, ModelRefused) and not errors:
                raise
            errors.append(error)
    return _what_is_valid(tried, request) or _raise(errors)


def _what_is_valid(tried: list[Attempts[T]], request: Request[T]) -> T | None:
    kept = (salvage(attempts.bad, request.output) for attempts in tried)
    return next((answer for answer in kept if answer is not None), None)


def _raise(errors: list[RunError]) -> T:  # type: ignore[type-var]
    if len(errors) == 1:
        raise errors[0]
    last = errors[-1]
    raise type(last)(" And then: ".join(map(str, errors)), kind=last.kind, retryable=last.retryable) from last
