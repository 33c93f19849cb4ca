"""What comes next after a request that failed: a pure function of the error and of what was tried."""

from __future__ import annotations

from typing import Literal, NamedTuple

from fanloom.errors import BadModelOutput, RunError
from fanloom.gateway.failures.quota import MAX_WAIT_S
from fanloom.gateway.failures.retry_after import hint_seconds

SMALLEST_OUTPUT_LIMIT = 4096
_FIRST_BACKOFF_S, _LONGEST_BACKOFF_S = 0.5, 20.0


class Tried(NamedTuple):
    """What one model has been asked for one call: `attempts` of `max_attempts` are made.

    `output_tokens` is how much the last answer held or was allowed to hold, None where that cannot be set;
    `max_output_tokens` the most that the model can write, if known. `is_down` says that calls go elsewhere for now,
    `has_new_key` that the request was refused with credentials which others have taken the place of meanwhile.
    `smallest_limit` is the least room worth asking for, which is less where the caller has set a limit himself.
    """

    attempts: int
    max_attempts: int
    repairs: int = 0
    output_tokens: int | None = None
    max_output_tokens: int | None = None
    is_down: bool = False
    has_new_key: bool = False
    smallest_limit: int = SMALLEST_OUTPUT_LIMIT


class NextRequest(NamedTuple):
    """One more request: the same again, with a word on what was wrong, or with more room for the answer.

    It is sent after a time between the two of `wait_s`, in seconds; `output_tokens` is the room of a `longer` one.
    """

    kind: Literal["retry", "repair", "longer"]
    wait_s: tuple[float, float] = (0.0, 0.0)
    output_tokens: int | None = None


def next_request(error: RunError, tried: Tried) -> NextRequest | None:
    """Return the next request to the same model, or None where no other can help."""
    if tried.attempts >= tried.max_attempts:
        return None
    if isinstance(error, BadModelOutput):
        return _longer(tried) if error.kind == "truncated" else _repair(tried)
    if tried.has_new_key:
        return NextRequest("retry")
    # A hint of nothing would have all of a fan-out ask again at the same moment.
    hint = hint_seconds(error) or None
    if not error.retryable or error.kind == "quota" or tried.is_down or (hint or 0.0) > MAX_WAIT_S:
        return None
    return NextRequest("retry", _backoff_s(tried.attempts) if hint is None else (hint, hint))


def _repair(tried: Tried) -> NextRequest | None:
    return None if tried.repairs else NextRequest("repair")


def _longer(tried: Tried) -> NextRequest | None:
    """Ask for the same again with twice the room, up to what the model can write."""
    if tried.output_tokens is None:
        return None
    wanted = max(2 * tried.output_tokens, tried.smallest_limit)
    room = min(wanted, tried.max_output_tokens or wanted)
    return NextRequest("longer", output_tokens=room) if room > tried.output_tokens else None


def _backoff_s(attempts: int) -> tuple[float, float]:
    """Return the bounds of exponential back-off with full jitter."""
    return 0.0, min(_LONGEST_BACKOFF_S, _FIRST_BACKOFF_S * 2 ** (attempts - 1))
