"""What finds a provider's limits, against providers on simulated time."""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from collections.abc import Callable
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanloom.gateway.bounds.adaptive_width import DOUBLES_AFTER_S, FIRST, AdaptiveWidth
from fanloom.gateway.bounds.rate_rules import MINUTE_S, Limiter, Ticket

ROUND_TRIP_S = 0.01


class Provider:
    """A provider that takes so many calls at once and so many a minute, and those who call it through a limiter.

    `bucket` is how many it takes in a burst, and how many more come to that a second.
    """

    def __init__(
        self,
        latency: Callable[[], float],
        *,
        held: int = 1000,
        a_minute: int = 10**9,
        bucket: tuple[float, float] = (10**9, 0),
    ) -> None:
        self.left, self.bucket, self._filled_at = bucket[0], bucket, 0.0
        self.latency, self.most, self.a_minute = latency, held, a_minute
        self.adaptive = AdaptiveWidth(64)
        self.limiter = Limiter(64, adaptive=self.adaptive)
        self.now = self.busy_s = 0.0
        self.held = self.refused = self.answered = self.peak = 0
        self.runs: list[object] = []
        self._minute: deque[float] = deque()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._wake_at = float("inf")

    def ask(self, calls: int, run: object = "run") -> None:
        """Queue some calls of a run."""
        for _ in range(calls):
            self._enter(run)
        self._grant()

    def live(self, until: float = float("inf")) -> None:
        """Let time pass until nothing happens any more, or until a time."""
        while self._events and self.now < until:
            at, _, happens = heapq.heappop(self._events)
            self.busy_s += self.held * (at - self.now)
            self.now = at
            happens()
            self._grant()

    def _enter(self, run: object) -> None:
        ticket = Ticket(run, 1, lambda: self._send(ticket, run))
        self.limiter.enter(ticket)

    def _at(self, seconds: float, happens: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._numbers), happens))

    def _grant(self) -> None:
        self._wake_at = float("inf") if self._wake_at <= self.now else self._wake_at
        # A clock never shows the very moment that was asked for.
        if (delay := self.limiter.grant(self.now)) is not None and self.now + delay + 1e-6 < self._wake_at:
            self._wake_at = self.now + delay + 1e-6
            self._at(delay + 1e-6, lambda: None)

    def _send(self, ticket: Ticket, run: object) -> bool:
        while self._minute and self._minute[0] <= self.now - MINUTE_S:
            self._minute.popleft()
        self.runs.append(run)
        burst, a_second = self.bucket
        self.left, self._filled_at = min(burst, self.left + a_second * (self.now - self._filled_at)), self.now
        if self.held >= self.most or len(self._minute) >= self.a_minute or self.left < 1:
            self._at(ROUND_TRIP_S, lambda: self._refuse(ticket, run))
        else:
            self.held += 1
            self.left -= 1
            self._minute.append(self.now)
            self._at(ROUND_TRIP_S + self.latency(), lambda: self._answer(ticket))
        return True

    def _refuse(self, ticket: Ticket, run: object) -> None:
        self.refused += 1
        self.limiter.refused(ticket, self.now)
        self.limiter.leave(ticket, None, False, self.now)
        self._enter(run)

    def _answer(self, ticket: Ticket) -> None:
        self.held -= 1
        self.answered += 1
        self.limiter.leave(ticket, 1, True, self.now)


def around(seconds: float) -> Callable[[], float]:
    """Latencies around so many seconds."""
    random_ = random.Random(1)
    return lambda: random_.uniform(seconds / 2, seconds * 1.5)


def with_a_tail(seconds: float) -> Callable[[], float]:
    """Log-normal latencies, their median so many seconds."""
    random_ = random.Random(1)
    return lambda: min(15 * seconds, seconds * math.exp(random_.gauss(0, 0.8)))


LATENCIES = pytest.mark.parametrize(
    "latency", [lambda: around(0.1), lambda: around(1.0), lambda: with_a_tail(0.8)], ids=["0.1", "1.0", "tail"]
)


@LATENCIES
@pytest.mark.parametrize("held", [3, 5, 20, 50])
def test_a_provider_that_holds_some_is_used_and_hardly_exceeded(
    held: int, latency: Callable[[], Callable[[], float]]
) -> None:
    provider = Provider(latency(), held=held)
    provider.ask(4000)
    provider.live()
    assert provider.answered == 4000
    assert provider.refused <= 0.02 * (provider.answered + provider.refused)
    assert provider.busy_s / provider.now >= 0.9 * held


@pytest.mark.parametrize(("a_minute", "refused"), [(60, 0.06), (300, 0.02), (1200, 0.02)])
@LATENCIES
def test_a_provider_that_takes_some_a_minute_is_used_and_hardly_exceeded(
    a_minute: int, refused: float, latency: Callable[[], Callable[[], float]]
) -> None:
    provider = Provider(latency(), a_minute=a_minute)
    provider.ask(12 * a_minute)
    provider.live(until=600)
    # Where few are taken the first meeting, some three dozen where answers come at once, is a larger share.
    assert provider.refused <= refused * (provider.answered + provider.refused)
    assert provider.answered >= 0.9 * a_minute * 10


@pytest.mark.parametrize("burst", [60, 10])
def test_a_bucket_that_fills_by_the_second_is_emptied_as_it_fills(burst: int) -> None:
    provider = Provider(around(0.5), bucket=(burst, 2.0))
    provider.ask(2000)
    provider.live(until=600)
    assert provider.answered >= 0.8 * 2.0 * 600
    assert provider.refused <= 0.1 * (provider.answered + provider.refused)


def test_what_comes_back_late_is_read_before_more_is_sent() -> None:
    adaptive, now = AdaptiveWidth(64), 0.0
    assert adaptive.wait_s(FIRST, now) == DOUBLES_AFTER_S
    # Nobody but a timer widens it, and one that is late only the second time.
    assert (adaptive.wait_s(FIRST, now + 1, None) or 0.0) > 0
    assert adaptive.wait_s(FIRST, now + 1, 0.9) == DOUBLES_AFTER_S
    assert adaptive.width == FIRST
    assert adaptive.wait_s(FIRST, now + 2, 0.9) == 0
    assert adaptive.width == 2 * FIRST


def test_a_provider_that_takes_all_is_asked_for_all_within_an_eighth_of_a_second() -> None:
    provider = Provider(lambda: 1.0)
    provider.ask(64)
    provider.live()
    assert provider.now < 1.0 + ROUND_TRIP_S + 3 * DOUBLES_AFTER_S + 0.01
    assert FIRST * 2**3 == 64


def test_a_limit_that_is_raised_is_found_again() -> None:
    provider = Provider(around(0.1), held=10)
    provider.ask(20_000)
    provider.live(until=10)
    provider.most = 1000
    provider.live()
    assert provider.adaptive.width == 64


def test_a_provider_that_becomes_slow_where_it_has_refused_is_asked_for_less() -> None:
    provider = Provider(lambda: 0.1, held=20)
    provider.ask(2000)
    provider.live(until=5)
    before = provider.adaptive.width
    provider.latency = lambda: 0.5
    provider.live(until=20)
    assert provider.adaptive.width < before


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=5),
    st.integers(1, 80),
    st.integers(20, 400),
    st.floats(0.02, 2),
)
def test_every_call_is_answered_at_last_and_runs_take_turns(
    runs: list[int], held: int, a_minute: int, seconds: float
) -> None:
    provider = Provider(around(seconds), held=held, a_minute=a_minute)
    for number, calls in enumerate(runs):
        provider.ask(calls, number)
    provider.live()
    assert provider.answered == sum(runs)
    assert provider.limiter.in_flight == 0
    assert 1 <= provider.adaptive.width <= 64


def test_a_timer_that_is_late_makes_calls_no_rarer() -> None:
    adaptive, now = AdaptiveWidth(64), 0.0
    adaptive.pace.gap_s = 0.2
    for _ in range(100):
        now += max(0.0, adaptive.wait_s(0, now) or 0.0) + 0.03
        adaptive.begin(now)
    assert now <= 100 * 0.2 + 1
    # A pause is not made up for.
    adaptive.begin(now + 60)
    assert adaptive.wait_s(0, now + 60) == pytest.approx(0.2)
