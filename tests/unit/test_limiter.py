"""The limiter's rules on simulated time: what it decides is compared with what the rules say, word by word."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from fanloom.gateway.bounds.rate_rules import MINUTE_S, Limiter, Ticket

RUNS = ["a", "b", "c", "d"]
MINUTES = st.one_of(st.none(), st.integers(1, 6))
# Quarters of a second are exact in binary, so that "when the minute is over" has one answer.
QUARTERS = st.integers(0, 360).map(lambda quarters: quarters / 4)


@dataclass
class World:
    """A limiter with its clock, and the rules as a reader of its docstrings would check them."""

    limiter: Limiter
    now: float = 1000.0
    queued: list[Ticket] = field(default_factory=list)
    line: list[object] = field(default_factory=list)
    dead: list[Ticket] = field(default_factory=list)
    flying: list[Ticket] = field(default_factory=list)
    begun: list[Ticket] = field(default_factory=list)
    turns: list[str] = field(default_factory=list)
    pause_ends: float = 0.0
    cooled: bool = False
    successes: int = 0
    overtaken: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def enter(self, run: str, tokens: int = 1) -> Ticket:
        ticket = Ticket(run, tokens, lambda: self.granted(ticket))
        self.queued.append(ticket)
        if run not in self.line:
            self.line.append(run)
        self.limiter.enter(ticket)
        return ticket

    def withdraw(self, ticket: Ticket) -> None:
        self.limiter.withdraw(ticket)
        self._dequeue(ticket)

    def leave(self, ticket: Ticket, tokens: int | None = None, succeeded: bool = True) -> None:
        self.flying.remove(ticket)
        self.limiter.leave(ticket, tokens, succeeded)
        assert ticket.begun is not None
        self.successes += succeeded and ticket.begun >= self.pause_ends

    def cool_down(self, seconds: float) -> None:
        self.limiter.cool_down(self.now + seconds)
        self.pause_ends, self.cooled, self.successes = max(self.pause_ends, self.now + seconds), True, 0

    def grant(self) -> float | None:
        delay = self.limiter.grant(self.now)
        assert self.limiter.in_flight == len(self.flying)
        assert self.limiter.waiting == len(self.queued)
        if delay is None:
            assert not self.queued or len(self.flying) >= self.allowed
        else:
            assert delay == self.earliest() - self.now > 0
        return delay

    def finish(self, rounds: int = 10_000) -> None:
        """Let everything end, as calls do: whoever has begun leaves, and the clock moves as far as it is told to."""
        for _ in range(rounds):
            delay = self.grant()
            if not (self.queued or self.flying):
                return
            for ticket in list(self.flying):
                self.leave(ticket)
            self.now += delay or 0.0
        raise AssertionError(f"{self.queued} never begin")

    @property
    def allowed(self) -> int:
        width = self.limiter.width
        return min(width, 2 ** min(self.successes, 20)) if self.cooled else width

    def earliest(self) -> float:
        """Return when the call that is next in line may begin, by trying every moment at which that can change."""
        ends = [ticket.begun + MINUTE_S for ticket in self.begun if ticket.begun is not None]
        head = next(ticket for ticket in self.queued if ticket.run == self.line[0])
        moments = sorted({self.now, max(self.now, self.pause_ends), *(end for end in ends if end > self.now)})
        return next(moment for moment in moments if self.may_begin(head, moment))

    def may_begin(self, ticket: Ticket, moment: float) -> bool:
        recent = self.in_window(moment)
        rpm, tpm = self.limiter.rpm, self.limiter.tpm
        tokens = ticket.tokens + sum(other.tokens for other in recent)
        return (
            moment >= self.pause_ends
            and (rpm is None or len(recent) < rpm)
            and (tpm is None or not recent or tokens <= tpm)
        )

    def in_window(self, moment: float) -> list[Ticket]:
        """Return the calls that began in the minute that ends at a moment."""
        return [ticket for ticket in self.begun if ticket.begun is not None and ticket.begun > moment - MINUTE_S]

    def granted(self, ticket: Ticket) -> bool:
        """Check each rule at the moment at which a call may begin."""
        assert ticket in self.queued, "lost, withdrawn or granted twice"
        assert ticket is next(other for other in self.queued if other.run == self.line[0]), "out of turn"
        self._dequeue(ticket)
        if ticket in self.dead:
            return False
        assert len(self.flying) < self.allowed <= self.limiter.width
        assert self.may_begin(ticket, self.now)
        self._note_turn(str(ticket.run))
        self.flying.append(ticket)
        self.begun.append(ticket)
        # A ticket forgets its run once it has begun.
        self.turns.append(str(ticket.run))
        return True

    def _dequeue(self, ticket: Ticket) -> None:
        self.queued = [other for other in self.queued if other is not ticket]
        if all(other.run != ticket.run for other in self.queued):
            self.line.remove(ticket.run)
            self.overtaken.pop(str(ticket.run), None)

    def _note_turn(self, run: str) -> None:
        if run in self.line:
            self.line.append(self.line.pop(self.line.index(run)))
        for other in {str(name) for name in self.line} - {run}:
            self.overtaken[other][run] += 1
            assert self.overtaken[other][run] == 1, "a run had two turns while another waited for one"
        self.overtaken.pop(run, None)


class AnySchedule(RuleBasedStateMachine):
    """Every order in which calls can come, be withdrawn, end, be throttled and wait."""

    world: World

    @initialize(width=st.integers(1, 5), rpm=MINUTES, tpm=st.one_of(st.none(), st.integers(1, 30)))
    def begin(self, width: int, rpm: int | None, tpm: int | None) -> None:
        self.world = World(Limiter(width, rpm, tpm))

    @rule(run=st.sampled_from(RUNS), tokens=st.lists(st.integers(0, 40), min_size=1, max_size=4))
    def enter(self, run: str, tokens: list[int]) -> None:
        for number in tokens:
            self.world.enter(run, number)
        self.world.grant()

    @precondition(lambda self: self.world.queued)
    @rule(data=st.data(), asks_again=st.booleans())
    def withdraw(self, data: st.DataObject, asks_again: bool) -> None:
        self.world.withdraw(data.draw(st.sampled_from(self.world.queued)))
        if asks_again:
            self.world.grant()

    @precondition(lambda self: self.world.queued)
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        """A waiter is cancelled, and the limiter has not been told yet."""
        self.world.dead.append(data.draw(st.sampled_from(self.world.queued)))

    @precondition(lambda self: self.world.begun)
    @rule(data=st.data())
    def withdraw_once_more(self, data: st.DataObject) -> None:
        """A withdrawal that comes too late changes nothing."""
        self.world.limiter.withdraw(data.draw(st.sampled_from(self.world.begun)))

    @precondition(lambda self: self.world.flying)
    @rule(data=st.data(), tokens=st.one_of(st.none(), st.integers(0, 60)), succeeded=st.booleans())
    def leave(self, data: st.DataObject, tokens: int | None, succeeded: bool) -> None:
        self.world.leave(data.draw(st.sampled_from(self.world.flying)), tokens, succeeded)
        self.world.grant()

    @rule(seconds=QUARTERS)
    def cool_down(self, seconds: float) -> None:
        self.world.cool_down(seconds)

    @rule(seconds=QUARTERS)
    def time_passes(self, seconds: float) -> None:
        self.world.now += seconds
        self.world.grant()

    @rule()
    def wait_as_long_as_told(self) -> None:
        delay, begun, dead = self.world.grant(), len(self.world.begun), len(self.world.dead)
        if delay is not None:
            self.world.now += delay
            self.world.grant()
            assert len(self.world.begun) > begun or dead, "it was not worth asking again"

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.finish()
            assert len(set(map(id, self.world.begun))) == len(self.world.begun)


AnySchedule.TestCase.settings = settings(max_examples=120, stateful_step_count=30, deadline=None)
TestAnySchedule = AnySchedule.TestCase


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.tuples(st.sampled_from(RUNS), st.integers(0, 50)), max_size=30),
    st.integers(1, 4),
    MINUTES,
    st.one_of(st.none(), st.integers(1, 40)),
    st.floats(0, 1e7, allow_nan=False),
    st.floats(0, 100),
)
def test_all_begin_on_a_clock_of_any_fraction(
    calls: list[tuple[str, int]], width: int, rpm: int | None, tpm: int | None, now: float, pause: float
) -> None:
    limiter, begun = Limiter(width, rpm, tpm), list[Ticket]()
    tickets = [Ticket(run, tokens, lambda: True) for run, tokens in calls]
    limiter.cool_down(now + pause)
    for ticket in tickets:
        limiter.enter(ticket)
    for _ in range(4 * len(tickets) + 4):
        now += limiter.grant(now) or 0.0
        for ticket in tickets:
            if ticket.begun is not None and ticket not in begun:
                begun.append(ticket)
                limiter.leave(ticket, None, succeeded=True)
    assert len(begun) == len(tickets)
    assert limiter.waiting == limiter.in_flight == 0


def test_a_run_with_one_call_waits_for_one_call_of_a_run_with_500() -> None:
    world = World(Limiter(1))
    for _ in range(500):
        world.enter("wide")
    world.grant()
    lone = world.enter("narrow")
    while lone in world.queued:
        world.leave(world.flying[0])
        world.grant()
    assert world.turns == ["wide", "wide", "narrow"]


def test_runs_take_turns_and_each_is_first_come_first_served() -> None:
    world = World(Limiter(1))
    tickets = {run: [world.enter(run) for _ in range(3)] for run in "abc"}
    world.finish()
    assert world.turns == ["a", "b", "c"] * 3
    assert all([ticket for ticket in world.begun if ticket in tickets[run]] == tickets[run] for run in "abc")


def test_calls_that_began_before_a_cool_down_do_not_widen_what_comes_after_it() -> None:
    world = World(Limiter(16))
    for _ in range(200):
        world.enter("a")
    world.grant()
    world.cool_down(10)
    for ticket in world.flying[:8]:
        world.leave(ticket)
    world.now += 10
    # And those that end only after it say nothing about it either.
    for ticket in list(world.flying):
        world.leave(ticket)
    widths = []
    while world.queued:
        world.grant()
        widths.append(len(world.flying))
        world.leave(world.flying[0])
    assert widths[:6] == [1, 2, 4, 8, 16, 16]


def test_a_provider_that_fails_after_a_cool_down_gets_one_call_at_a_time_until_it_answers() -> None:
    world = World(Limiter(8))
    world.cool_down(5)
    for _ in range(20):
        world.enter("a")
    assert world.grant() == 5
    world.now += 5
    for _ in range(10):
        world.grant()
        assert len(world.flying) == 1
        world.leave(world.flying[0], succeeded=False)
    world.grant()
    world.leave(world.flying[0])
    world.grant()
    assert len(world.flying) == 2
    world.finish()


def test_a_shorter_hint_does_not_end_a_longer_pause() -> None:
    world = World(Limiter(8))
    world.cool_down(30)
    world.cool_down(1)
    world.enter("a")
    assert world.grant() == 30


@pytest.mark.parametrize("tokens", [11, 1000])
def test_a_call_larger_than_the_window_has_one_for_itself(tokens: int) -> None:
    world = World(Limiter(8, tpm=10))
    world.enter("a", 1)
    large = world.enter("a", tokens)
    world.enter("a", 1)
    world.finish()
    assert [second.begun - first.begun for first, second in pairwise(world.begun)] == [60, 60]  # type: ignore[operator]
    assert world.begun[1] is large


@pytest.mark.parametrize(("used", "delay"), [(0, None), (6, None), (7, 60.0), (None, 60.0), (40, 60.0)])
def test_what_a_call_really_used_makes_or_takes_room(used: int | None, delay: float | None) -> None:
    world = World(Limiter(8, tpm=10))
    world.enter("a", 8)
    world.grant()
    world.leave(world.flying[0], used)
    world.enter("a", 4)
    assert world.grant() == delay


def test_one_request_a_minute_is_one_request_a_minute() -> None:
    world = World(Limiter(8, rpm=1))
    for _ in range(3):
        world.enter("a")
    world.finish()
    assert [ticket.begun for ticket in world.begun] == [1000, 1060, 1120]


def test_a_clock_that_stands_still_gives_the_same_answer() -> None:
    world = World(Limiter(2, rpm=1))
    world.enter("a")
    world.enter("a")
    assert [world.grant() for _ in range(3)] == [60, 60, 60]


def test_a_waiter_that_is_gone_does_not_cost_its_run_a_turn() -> None:
    world = World(Limiter(1))
    gone, next_of_a, first_of_b = world.enter("a"), world.enter("a"), world.enter("b")
    world.dead.append(gone)
    world.finish()
    assert world.begun == [next_of_a, first_of_b]
