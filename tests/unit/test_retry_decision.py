"""What comes next after a request that failed, as a table."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanloom import BadModelOutput, ModelRefused, ModelUnavailable, RunError
from fanloom.gateway.retry_decision import MAX_WAIT_S, NextRequest, Tried, next_request

RETRY = NextRequest("retry", (0.0, 0.5))


def hinted(seconds: str, error: type[RunError] = ModelUnavailable) -> RunError:
    cause = RuntimeError("429")
    cause.headers = {"Retry-After": seconds}  # type: ignore[attr-defined]
    made = error("busy", kind="throttled")
    made.__cause__ = cause
    return made


def tried(attempts: int = 1, **others: Any) -> Tried:
    return Tried(attempts, **{"max_attempts": 3, **others})


def bad(kind: str) -> BadModelOutput:
    return BadModelOutput("no", kind=kind)


@pytest.mark.parametrize(
    ("error", "so_far", "upcoming"),
    [
        (ModelUnavailable("x"), tried(), RETRY),
        (ModelUnavailable("x"), tried(2), NextRequest("retry", (0.0, 1.0))),
        (ModelUnavailable("x"), tried(3), None),
        (ModelUnavailable("x"), tried(9, max_attempts=10), NextRequest("retry", (0.0, 20.0))),
        (ModelUnavailable("x"), tried(is_down=True), None),
        (ModelUnavailable("x", retryable=False), tried(), None),
        (hinted("7"), tried(), NextRequest("retry", (7.0, 7.0))),
        (hinted("60"), tried(), NextRequest("retry", (60.0, 60.0))),
        (hinted("61"), tried(), None),
        (hinted("7", ModelRefused), tried(), None),
        # All of a fan-out would ask again at the same moment.
        (hinted("0"), tried(), RETRY),
        (hinted("-5"), tried(), RETRY),
        (ModelUnavailable("x", kind="quota"), tried(), None),
        (ModelUnavailable("x", kind="unreadable"), tried(), RETRY),
        (ModelRefused("x", kind="auth"), tried(), None),
        (ModelRefused("x", kind="auth"), tried(has_new_key=True), NextRequest("retry")),
        (ModelRefused("x", kind="auth"), tried(3, has_new_key=True), None),
        (ModelRefused("x"), tried(), None),
        (RunError("x", retryable=True), tried(), RETRY),
        (bad("empty"), tried(), NextRequest("repair")),
        (bad("wrong_shape"), tried(2, repairs=1), None),
        (bad("wrong_shape"), tried(3), None),
        # What is down answers no more, but this answer has come: it may be repaired.
        (bad("not_data"), tried(is_down=True), NextRequest("repair")),
        (bad("truncated"), tried(), None),
        (bad("truncated"), tried(output_tokens=0), NextRequest("longer", output_tokens=4096)),
        (bad("truncated"), tried(output_tokens=5000), NextRequest("longer", output_tokens=10_000)),
        (
            bad("truncated"),
            tried(output_tokens=5000, max_output_tokens=8192),
            NextRequest("longer", output_tokens=8192),
        ),
        (bad("truncated"), tried(output_tokens=8192, max_output_tokens=8192), None),
        (bad("truncated"), tried(3, output_tokens=10), None),
    ],
)
def test_what_comes_next(error: RunError, so_far: Tried, upcoming: NextRequest | None) -> None:
    assert next_request(error, so_far) == upcoming


@given(
    st.sampled_from(
        [ModelUnavailable("x"), ModelRefused("x"), bad("empty"), bad("truncated"), hinted("3"), hinted("0.5")]
    ),
    st.builds(
        Tried,
        st.integers(1, 30),
        st.integers(1, 20),
        st.integers(0, 2),
        st.none() | st.integers(0, 10**6),
        st.none() | st.integers(1, 10**6),
        st.booleans(),
    ),
)
def test_requests_are_bounded_in_number_wait_and_room(error: RunError, so_far: Tried) -> None:
    upcoming = next_request(error, so_far)
    if upcoming is None:
        return
    least, most = upcoming.wait_s
    assert so_far.attempts < so_far.max_attempts
    assert 0 <= least <= most <= MAX_WAIT_S
    if upcoming.kind == "longer":
        assert upcoming.output_tokens is not None
        assert so_far.output_tokens is not None
        assert (
            so_far.output_tokens
            < upcoming.output_tokens
            <= (so_far.max_output_tokens or max(2 * 10**6, so_far.smallest_limit))
        )
