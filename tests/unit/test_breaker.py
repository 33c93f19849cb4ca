"""The breaker on simulated time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given, settings
from hypothesis import strategies as st

from fanloom.gateway.bounds.circuit_breaker import Breaker

FAILURES, OPEN_S = 3, 10.0


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def opened(clock: Clock) -> Breaker:
    breaker = Breaker(FAILURES, OPEN_S, clock)
    for _ in range(FAILURES):
        assert breaker.allows()
        breaker.failed()
    return breaker


def test_it_opens_after_failures_in_a_row_only() -> None:
    breaker = Breaker(FAILURES, OPEN_S, Clock())
    for _ in range(10):
        breaker.failed()
        breaker.failed()
        breaker.succeeded()
        assert breaker.allows()
    breaker.failed()
    breaker.failed()
    assert breaker.allows()
    breaker.failed()
    assert not breaker.allows()


def test_one_probe_in_each_interval_and_a_success_closes() -> None:
    clock = Clock()
    breaker = opened(clock)
    for _ in range(3):
        clock.now += OPEN_S - 1
        assert not breaker.allows()
        clock.now += 1
        assert [breaker.allows() for _ in range(3)] == [True, False, False]
        # Those that were in flight fail late; that neither brings the next probe nearer nor puts it off.
        breaker.failed()
    breaker.succeeded()
    assert all(breaker.allows() for _ in range(20))


def test_a_probe_that_is_never_heard_of_again_does_not_keep_it_shut() -> None:
    clock = Clock()
    breaker = opened(clock)
    for _ in range(2):
        clock.now += OPEN_S
        assert breaker.allows()


def test_who_asks_whether_it_is_open_takes_no_probe() -> None:
    clock = Clock()
    breaker = opened(clock)
    assert breaker.is_open()
    clock.now += OPEN_S
    assert not any(breaker.is_open() for _ in range(3))
    assert breaker.allows()
    assert breaker.is_open()
    breaker.succeeded()
    assert not breaker.is_open()


def test_of_many_threads_one_probes() -> None:
    clock = Clock()
    breaker, together = opened(clock), threading.Barrier(16)
    clock.now += OPEN_S

    def ask(_: int) -> bool:
        together.wait(20)
        return breaker.allows()

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(ask, range(16))) == 1


@settings(deadline=None)
@given(st.lists(st.one_of(st.sampled_from(["fails", "succeeds", "asks"]), st.integers(1, 12)), max_size=60))
def test_it_is_open_exactly_while_the_last_answers_were_failures(events: list[str | int]) -> None:
    clock = Clock()
    breaker, in_a_row, last = Breaker(FAILURES, OPEN_S, clock), 0, 0.0
    for event in events:
        if isinstance(event, int):
            clock.now += event
        elif event == "fails":
            breaker.failed()
            in_a_row += 1
            last = clock.now if in_a_row == FAILURES else last
        elif event == "succeeds":
            breaker.succeeded()
            in_a_row = 0
        else:
            probes = clock.now - last >= OPEN_S
            assert breaker.allows() == (in_a_row < FAILURES or probes)
            last = clock.now if in_a_row >= FAILURES and probes else last


def test_it_opens_once_all_has_been_throttled_for_a_while() -> None:
    clock = Clock()
    breaker = Breaker(FAILURES, OPEN_S, clock)
    for moment, is_open in ((0.0, False), (1.9, False), (2.0, True)):
        clock.now = 100.0 + moment
        breaker.throttled()
        assert breaker.is_open() == is_open
    assert breaker.kind == "throttled"
    breaker.succeeded()
    assert not breaker.is_open()
    # An hour later it is so anew.
    breaker.throttled()
    clock.now += 3600
    breaker.throttled()
    assert not breaker.is_open()


def test_while_a_quota_is_spent_nobody_probes() -> None:
    clock = Clock()
    breaker = Breaker(FAILURES, OPEN_S, clock)
    breaker.spent(600)
    assert (breaker.why, breaker.allows()) == ("its quota is spent", False)
    clock.now += 599
    assert not breaker.allows()
    clock.now += 1
    assert [breaker.allows(), breaker.allows()] == [True, False]
