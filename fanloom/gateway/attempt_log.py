"""What a run log tells of an attempt: why it is made, what is asked, how it ends, what it used."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fanloom.errors import RunError
from fanloom.gateway import answer_reading
from fanloom.gateway.failures.classification import status_of
from fanloom.gateway.failures.retry_after import hint_seconds
from fanloom.runlog.current_log import here, is_kept, record
from fanloom.runlog.recorder import Content

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage

    from fanloom.gateway.attempt import Attempt
    from fanloom.gateway.bounds.circuit_breaker import Breaker


def attempt_begun(attempt: Attempt) -> None:
    """Write down that an attempt begins; `attempt_failed` or `answer_noted` tells how it ends."""
    if is_kept():
        prompt = [part for message in attempt.messages for part in _parts(message)]
        record("attempt.started", {"prompt": prompt}, **_place(attempt), **_begun(attempt))


def attempt_failed(attempt: Attempt, error: BaseException) -> None:
    """Write down how an attempt fails, also one that is cancelled, as the slower one of a race."""
    if is_kept():
        record("attempt.ended", **_place(attempt), **_failed(error))


def answer_noted(attempt: Attempt, message: AIMessage, problem: RunError | None = None) -> None:
    """Write down what a model has answered, and what is wrong with it, if anything is."""
    if not is_kept():
        return
    used: Any = attempt.used or {}
    shown = {"answer": answer_reading.shown(message), "data": answer_reading.data_shown(message)}
    contents = {name: Content(text, is_output=True) for name, text in shown.items() if text is not None}
    told = {
        "outcome": problem.kind if problem else "ok",
        "message": str(problem) if problem else None,
        "answered": True,
        "cost_usd": used.get("cost_usd"),
        "gen_ai.usage.input_tokens": used.get("input_tokens"),
        "gen_ai.usage.output_tokens": used.get("output_tokens"),
        "gen_ai.usage.cache_read.input_tokens": used.get("cached_tokens"),
        "gen_ai.response.finish_reasons": [answer_reading.finish_reason(message)],
    }
    record("attempt.ended", contents, **_place(attempt), **told)


def cool_down_noted(model: str, hint_s: float) -> None:
    """Write down that a provider asks for a pause."""
    record("limiter.cool_down", model=model, until=_in_ms(hint_s), hint_s=hint_s)


def breaker_noted(model: str, breaker: Breaker, was_open: bool) -> None:
    """Write down that a model has come to be left out, or is asked again."""
    if breaker.kind and not was_open:
        record("breaker.opened", model=model, reason=breaker.kind, until=_in_ms(breaker.rests_s))
    elif was_open and not breaker.kind:
        record("breaker.closed", model=model)


def _in_ms(seconds: float) -> int:
    """Return the moment in so many seconds, in milliseconds since the epoch."""
    return int((time.time() + seconds) * 1000)


def _place(attempt: Attempt) -> dict[str, Any]:
    place = here()
    return {"call": place.call if place else "", "n": attempt.number}


def _begun(attempt: Attempt) -> dict[str, Any]:
    provider, colon, _ = attempt.client.name.partition(":")
    return {
        "why": _why(attempt),
        "after": attempt.after.kind if attempt.after else None,
        "gen_ai.request.model": attempt.client.name,
        "gen_ai.provider.name": provider if colon else "custom",
    }


def _why(attempt: Attempt) -> str:
    if attempt.is_hedge:
        return "hedge"
    if attempt.after is None:
        return "fallback" if attempt.is_fallback else "first"
    if attempt.messages != attempt.request.messages:
        return "repair"
    return "longer" if attempt.after.kind == "truncated" else "retry"


def _parts(message: BaseMessage) -> Iterator[dict[str, Any]]:
    content = [message.content] if isinstance(message.content, str) else message.content
    for part in content:
        text = part if isinstance(part, str) else str(part.get("text", ""))
        yield {"role": message.type, "text": Content(text)}


def _failed(error: BaseException) -> dict[str, Any]:
    kind = error.kind if isinstance(error, RunError) else "error" if isinstance(error, Exception) else "cancelled"
    return {
        "outcome": kind,
        "message": str(error) if isinstance(error, RunError) else type(error).__name__,
        "http.response.status_code": status_of(error),
        "hint_s": hint_seconds(error),
    }
