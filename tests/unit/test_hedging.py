"""When a second request is sent: the rules on simulated time."""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable
from itertools import count
from statistics import median
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanloom.gateway.bounds.rate_rules import Limiter, Ticket
from fanloom.gateway.hedging.latencies import ENOUGH, Latencies
from fanloom.gateway.hedging.slow_calls import AGAIN_S, SLOW_SHARE, UNKNOWN_S, SlowCalls, WatchedCall
from fanloom.gateway.hedging.token_bucket import TokenBucket

SHARE = 0.05
SECONDS = st.floats(0.01, 10)


class FanOut:
    """A simulated fan-out of some items, all begun at once, of two calls each, and its second requests."""

    def __init__(self, items: int, latency: Callable[[], float], *, hedged: bool, steps: int = 2) -> None:
        self.latency, self.hedged = latency, hedged
        self.now = self.ended = 0.0
        self.first = self.second = 0
        self.most = 0.0
        bucket = TokenBucket(SHARE, 512)
        self.kinds = [SlowCalls(bucket) for _ in range(steps)]
        self.unhedged = [0.0] * items
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        for item in range(items):
            self._call(item, 0)
        for kind in self.kinds:
            self._look(kind)

    def wall(self) -> float:
        """Let it happen and return how long it takes."""
        while self._events:
            self.now, _, happens = heapq.heappop(self._events)
            happens()
            self.most = max(self.most, self.second - SHARE * self.first)
        return self.ended

    def _at(self, seconds: float, happens: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._numbers), happens))

    def _call(self, item: int, step: int) -> None:
        calls: list[WatchedCall] = []

        def send(*, is_second: bool) -> None:
            call = WatchedCall(lambda: self.hedged, lambda: send(is_second=True))
            calls.append(call)
            seconds = self.latency()
            self.kinds[step].begin(call, self.now, is_second=is_second)
            if is_second:
                self.second += 1
            else:
                self.first += 1
                self.unhedged[item] += seconds

            def ends() -> None:
                if call in calls:
                    self._end(calls, call, item, step)

            self._at(seconds, ends)

        send(is_second=False)

    def _end(self, calls: list[WatchedCall], winner: WatchedCall, item: int, step: int) -> None:
        for call in calls:
            self.kinds[step].end(call, self.now, answered=call is winner)
        calls.clear()
        self.ended = self.now
        if step + 1 < len(self.kinds):
            self._call(item, step + 1)

    def _look(self, kind: SlowCalls) -> None:
        def looks() -> None:
            kind.tell(self.now)
            if any(event[2].__name__ == "ends" for event in self._events):
                self._look(kind)

        self._at(AGAIN_S, looks)


def tailed(random_: random.Random) -> Callable[[], float]:
    """Latencies with a median of 0.2 s and a long tail, of 3 s at most."""
    return lambda: min(3.0, 0.2 * math.exp(random_.gauss(0, 0.8)))


def test_a_tail_is_cut_to_less_than_three_quarters_for_one_request_in_twenty() -> None:
    ratios, more = [], []
    for seed in range(60):
        fan_out = FanOut(256, tailed(random.Random(seed)), hedged=True)
        ratios.append(fan_out.wall() / max(fan_out.unhedged))
        more.append(fan_out.second / fan_out.first)
    assert median(ratios) <= 0.72
    assert max(more) <= 0.06


@pytest.mark.slow
def test_it_is_the_same_where_all_takes_ten_times_as_long() -> None:
    ratios = []
    for seed in range(40):
        latency = tailed(random.Random(seed))
        fan_out = FanOut(256, lambda latency=latency: 10 * latency(), hedged=True)  # type: ignore[misc]
        ratios.append(fan_out.wall() / max(fan_out.unhedged))
    assert median(ratios) <= 0.75


def test_nothing_is_sent_twice_where_all_calls_take_as_long() -> None:
    fan_out = FanOut(100, lambda: 0.5, hedged=True)
    fan_out.wall()
    assert fan_out.second == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(SECONDS, min_size=1, max_size=300), st.integers(1, 60), st.randoms(use_true_random=False))
def test_second_requests_never_exceed_their_share(latencies: list[float], items: int, random_: random.Random) -> None:
    fan_out = FanOut(items, lambda: random_.choice(latencies), hedged=True)
    fan_out.wall()
    assert fan_out.most <= 1 + 1e-6
    assert fan_out.first == 2 * items


@settings(max_examples=100, deadline=None)
@given(st.floats(0, 0.5), st.integers(1, 50), st.lists(st.booleans(), max_size=400))
def test_of_so_many_requests_in_a_row_no_more_than_their_share_is_sent_twice(
    share: float, kept_for: int, wishes: list[bool]
) -> None:
    bucket, taken = TokenBucket(share, kept_for), []
    for wish in wishes:
        bucket.earn()
        taken.append(0)
        while wish and bucket.take():
            taken[-1] += 1
    for end in range(len(taken)):
        assert sum(taken[max(0, end + 1 - kept_for) : end + 1]) <= 1 + share * min(end + 1, kept_for) + 1e-6


@settings(max_examples=100, deadline=None)
@given(st.lists(SECONDS, min_size=ENOUGH, max_size=200))
def test_of_calls_that_have_all_ended_the_quantile_is_the_one_of_the_books(latencies: list[float]) -> None:
    known = Latencies()
    for number, seconds in enumerate(latencies):
        known.begin(number, 0.0)
        known.end(number, seconds, answered=True)
    expected = sorted(latencies)[math.ceil(SLOW_SHARE * len(latencies) - 1e-6) - 1]
    assert known.quantile(SLOW_SHARE, 100.0) == pytest.approx(expected)


@settings(max_examples=100, deadline=None)
@given(st.integers(ENOUGH, 200), st.integers(1, 50))
def test_the_fast_ones_say_nothing_of_those_that_are_under_way(fast: int, waiting: int) -> None:
    known = Latencies()
    for number in range(fast + waiting):
        known.begin(number, 0.0)
    for number in range(fast):
        known.end(number, 0.1, answered=True)
    is_known = fast >= SLOW_SHARE * (fast + waiting) - 1e-6
    assert (known.quantile(SLOW_SHARE, 0.2) is not None) == is_known


def test_too_few_calls_are_slow_after_a_while_only() -> None:
    bucket = TokenBucket(SHARE, 512)
    calls, told = SlowCalls(bucket), []
    calls.begin(WatchedCall(lambda: True, lambda: told.append(1)), 0.0)
    assert calls.tell(UNKNOWN_S - 0.1) is not None
    assert not told
    assert calls.tell(UNKNOWN_S + 0.1) is None
    assert told


def test_the_longest_under_way_gets_the_last_token_and_none_is_taken_where_it_would_be_in_the_way() -> None:
    bucket = TokenBucket(0.0, 512)
    calls, told = SlowCalls(bucket, after_s=1.0), []
    for number, allowed in enumerate([False, True, True]):
        calls.begin(_named(told, number, allowed), number / 10)
    calls.tell(5.0)
    assert told == [1]


def _named(told: list[Any], name: int, allowed: bool) -> WatchedCall:
    return WatchedCall(lambda: allowed, lambda: told.append(name))


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 20),
    st.one_of(st.none(), st.integers(1, 20)),
    st.one_of(st.none(), st.integers(10, 200)),
    st.lists(st.integers(1, 20), max_size=30),
    st.booleans(),
)
def test_an_idle_limiter_begins_one_more_at_once_and_keeps_room(
    width: int, rpm: int | None, tpm: int | None, tokens: list[int], cooling: bool
) -> None:
    limiter = Limiter(width, rpm, tpm)
    begun: list[Ticket] = []
    for size in tokens:
        ticket = Ticket("run", size, lambda: True)
        begun.append(ticket)
        limiter.enter(ticket)
    limiter.grant(100.0)
    if cooling:
        limiter.cool_down(101.0)
    if limiter.is_idle(5, 100.0):
        assert not cooling
        before = limiter.in_flight
        limiter.enter(Ticket("run", 5, lambda: True))
        assert limiter.grant(100.0) is None
        assert limiter.in_flight == before + 1 <= width
        assert limiter.waiting == 0
        assert rpm is None or len(tokens) + 1 <= rpm
        assert tpm is None or sum(tokens) + 5 <= tpm
