"""Hedged calls: a second request beside a slow one, where it is in nobody's way."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, TypeVar

from langchain_core.runnables.config import ensure_config

from fanloom.gateway.attempt import Attempt
from fanloom.gateway.bounds.budget import Budget, budgets_of
from fanloom.gateway.bounds.slots import Slots
from fanloom.gateway.deferring.deferral import current_deferral
from fanloom.gateway.hedging.race import Race
from fanloom.gateway.hedging.slow_calls import WatchedCall
from fanloom.gateway.streaming.item_stream import is_read
from fanloom.runs.langgraph_internals import STREAM_READERS
from fanloom.runs.prices import cost_usd

T = TypeVar("T")


def may_race(attempt: Attempt) -> bool:
    """Say whether an attempt may get a second request beside it: its run asks for that, and nobody reads its stream.

    The second one counts as an attempt, so the last that `max_attempts` allows gets none.
    """
    context = attempt.run.context
    has_one_left = attempt.number < context.max_attempts
    may = context.hedge and attempt.client.limits and has_one_left and not current_deferral()
    return bool(may) and not _streams(attempt)


async def hedged(attempt: Attempt, answered: Callable[[Attempt], Coroutine[Any, Any, T]]) -> T:
    """Return the first good answer to an attempt, or to a second one that is made beside it once it is slow.

    `answered` makes an attempt and reads its answer. Raises what the first attempt raises, if neither is answered well.
    """
    budgets = await budgets_of(attempt.run)
    second = replace(attempt, number=attempt.number + 1, is_hedge=True)
    race = Race(lambda: answered(second))
    attempt.watched = _watched(attempt, WatchedCall(lambda: _is_harmless(attempt, budgets), race.slow))
    second.watched = _watched(second, WatchedCall(lambda: False, race.slow))
    return await race.won_by(answered(attempt))


def _watched(attempt: Attempt, call: WatchedCall) -> AbstractContextManager[None]:
    assert attempt.client.limits, "offline is never hedged"
    hedge = attempt.run.context.hedge
    after_s = None if hedge == "auto" else hedge
    # Prompts within a factor of four take about as long, and so do answers of the same step within the same bound.
    kind = (attempt.request.step, attempt.request.tokens.bit_length() // 2, tuple(attempt.options.items()), after_s)
    return attempt.client.limits.hedge_watch.watching(call, kind=kind, after_s=after_s, is_second=attempt.is_hedge)


def _is_harmless(attempt: Attempt, budgets: Sequence[Budget]) -> bool:
    limits, tokens = attempt.client.limits, attempt.request.tokens
    return (
        limits is not None
        and limits.is_idle(tokens)
        and all(Slots.of(run).is_idle for run in attempt.run.upwards())
        and all(budget.is_ample(tokens, _expected_cost(attempt, budget)) for budget in budgets)
    )


def _expected_cost(attempt: Attempt, budget: Budget) -> float:
    return cost_usd(attempt.client.name, attempt.request.tokens, round(budget.expected_output_tokens)) or 0.0


def _streams(attempt: Attempt) -> bool:
    """Say whether somebody reads the answer as it comes: a plan's items, `stream_mode="messages"`, events."""
    if is_read(attempt.request):
        return True
    callbacks = ensure_config().get("callbacks") or []
    handlers = callbacks if isinstance(callbacks, list) else callbacks.handlers
    return any(isinstance(handler, STREAM_READERS) for handler in handlers)
