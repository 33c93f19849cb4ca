"""Slots and limits with real coroutines, on a clock of the test's own, and on several event loops at once."""

from __future__ import annotations

import asyncio
import heapq
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanloom.gateway.bounds import process_limits as limits
from fanloom.gateway.bounds.process_limits import ModelLimits, limits_of
from fanloom.gateway.bounds.rate_rules import Limiter, Ticket
from fanloom.gateway.bounds.slots import Slots

# What can happen, and to which of the calls: start one, end it, cancel it, or let the event loop run.
ACTIONS = st.lists(
    st.tuples(st.sampled_from(["start", "start", "end", "cancel", "run", "run"]), st.integers(0, 30)), max_size=60
)
THREADS, CALLS = 4, 150


class Time:
    """A clock and its timers, which only the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.timers: list[tuple[float, int, Callable[[], None]]] = []
        self.set = 0

    def call_later(self, delay: float, work: Callable[[], None]) -> None:
        self.set += 1
        heapq.heappush(self.timers, (self.now + delay, self.set, work))

    def clock(self) -> float:
        return self.now

    def next_timer(self) -> bool:
        """Move on to the next timer and return whether there was one."""
        if not self.timers:
            return False
        at, _, work = heapq.heappop(self.timers)
        self.now = max(self.now, at)
        work()
        return True


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    return _simulated(monkeypatch)


def _simulated(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    monkeypatch.setattr(limits, "call_later", time.call_later)
    return time


async def run_loop() -> None:
    """Let everything run that can run now."""
    for _ in range(6):
        await asyncio.sleep(0)


def immediately(work: Coroutine[Any, Any, Any]) -> Any:
    """Return what a coroutine returns without ever waiting."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    work.close()
    raise AssertionError("it waits")


class Calls:
    """Calls that begin when `acquire` lets them and end when the test says so."""

    def __init__(self, limit: int, acquire: Callable[[int], Any], release: Callable[[Any, int], None]) -> None:
        self.limit, self.acquire, self.release = limit, acquire, release
        self.tasks: list[asyncio.Task[None]] = []
        self.ends: list[asyncio.Event] = []
        self.began: list[int] = []
        self.inside: set[int] = set()

    async def _call(self, number: int) -> None:
        held = await self.acquire(number)
        self.began.append(number)
        self.inside.add(number)
        assert len(self.inside) <= self.limit
        try:
            await self.ends[number].wait()
        finally:
            self.inside.remove(number)
            self.release(held, number)

    async def do(self, action: str, number: int) -> None:
        if action == "run":
            await run_loop()
        elif action == "start":
            self.ends.append(asyncio.Event())
            self.tasks.append(asyncio.create_task(self._call(len(self.tasks))))
        elif number < len(self.tasks):
            self.ends[number].set() if action == "end" else self.tasks[number].cancel()

    async def finish(self, otherwise: Callable[[], bool] = lambda: False) -> None:
        """Let all calls end as soon as they have begun; `otherwise` is done when nothing goes on by itself."""
        for end in self.ends:
            end.set()
        while not all(task.done() for task in self.tasks):
            before = self.done
            await run_loop()
            assert self.done > before or otherwise(), "somebody waits for ever"
        for task in self.tasks:
            assert task.cancelled() or task.exception() is None, task.exception()
        assert not self.inside

    @property
    def done(self) -> int:
        return sum(task.done() for task in self.tasks)


@settings(deadline=None, max_examples=150)
@given(st.integers(1, 4), ACTIONS)
def test_slots_are_never_over_the_limit_nor_lost(limit: int, actions: list[tuple[str, int]]) -> None:
    async def check() -> None:
        slots = Slots(limit)
        calls = Calls(limit, lambda number: slots.acquire(), lambda held, number: slots.release())
        for action in actions:
            await calls.do(*action)
        await calls.finish()
        assert calls.began == sorted(calls.began), "not first come, first served"
        for _ in range(limit):
            immediately(slots.acquire())
        with pytest.raises(AssertionError, match="it waits"):
            immediately(slots.acquire())

    asyncio.run(check())


@settings(deadline=None, max_examples=150)
@given(
    st.integers(1, 4),
    st.one_of(st.none(), st.integers(1, 5)),
    st.one_of(st.none(), st.integers(1, 40)),
    st.lists(st.integers(0, 50), min_size=60, max_size=60),
    ACTIONS,
    st.sampled_from([None, 0, 5, 70]),
)
def test_limits_are_never_over_the_bounds_nor_lost(
    width: int, rpm: int | None, tpm: int | None, tokens: list[int], actions: list[tuple[str, int]], pause: int | None
) -> None:
    async def check(time: Time) -> None:
        model = ModelLimits(Limiter(width, rpm, tpm), time.clock)
        begun: list[float] = []

        async def acquire(number: int) -> Ticket:
            ticket = await model.acquire(number % 3, tokens[number])
            begun.append(ticket.begun or 0.0)
            return ticket

        calls = Calls(width, acquire, lambda held, number: model.release(held, tokens[-number], succeeded=True))
        for action, number in actions:
            await calls.do(action, number)
            if action == "cancel" and number % 5 == 0:
                time.next_timer()
            if action == "end" and number % 7 == 0 and pause is not None:
                model.cool_down(pause)
        await calls.finish(time.next_timer)
        assert model.limiter.in_flight == model.limiter.waiting == 0
        if rpm is not None:
            assert all(later - first >= 60 for first, later in zip(sorted(begun), sorted(begun)[rpm:], strict=False))

    with pytest.MonkeyPatch.context() as patch:
        asyncio.run(check(_simulated(patch)))


async def test_a_slot_that_comes_as_its_waiter_is_cancelled_goes_to_the_next() -> None:
    slots = Slots(1)
    await slots.acquire()
    first, second = asyncio.create_task(slots.acquire()), asyncio.create_task(slots.acquire())
    await run_loop()
    slots.release()
    first.cancel()
    await run_loop()
    assert first.cancelled()
    assert second.done()


@pytest.mark.parametrize("moment", ["queued", "granted", "in flight"])
async def test_a_cancelled_call_leaves_its_place(time: Time, moment: str) -> None:
    model = ModelLimits(Limiter(1), time.clock)
    held = await model.acquire("a", 1)
    first, second = (asyncio.create_task(model.acquire("a", 1)) for _ in range(2))
    await run_loop()
    if moment == "queued":
        first.cancel()
    model.release(held, None, succeeded=True)
    if moment == "granted":
        first.cancel()
    await run_loop()
    if moment == "in flight":
        model.release(first.result(), None, succeeded=False)
        await run_loop()
    assert first.cancelled() == (moment != "in flight")
    model.release(second.result(), None, succeeded=True)
    assert model.limiter.in_flight == model.limiter.waiting == 0


async def test_a_call_cancelled_before_it_was_sent_uses_no_tokens(time: Time) -> None:
    model = ModelLimits(Limiter(1, tpm=10), time.clock)
    held = await model.acquire("a", 1)
    waits = asyncio.create_task(model.acquire("a", 9))
    await run_loop()
    model.release(held, None, succeeded=True)
    waits.cancel()
    await run_loop()
    assert waits.cancelled()
    immediately(model.acquire("a", 9))


async def test_what_stood_behind_a_large_call_goes_on_when_that_is_cancelled(time: Time) -> None:
    model = ModelLimits(Limiter(4, tpm=10), time.clock)
    await model.acquire("a", 5)
    large, small = asyncio.create_task(model.acquire("a", 9)), asyncio.create_task(model.acquire("a", 5))
    await run_loop()
    assert not small.done()
    large.cancel()
    await run_loop()
    assert small.done()
    assert time.now == 1000


async def test_all_calls_wait_for_a_cool_down_and_then_ramp_up(time: Time) -> None:
    model = ModelLimits(Limiter(4), time.clock)
    held = await model.acquire("a", 1)
    model.cool_down(30)
    tasks = [asyncio.create_task(model.acquire(run, 1)) for run in "abcdefg"]
    await run_loop()
    model.release(held, None, succeeded=False)
    begun = []
    time.next_timer()
    for _ in range(3):
        await run_loop()
        begun.append([task for task in tasks if task.done()])
        for task in begun[-1]:
            tasks.remove(task)
            model.release(task.result(), None, succeeded=True)
    assert time.now == 1030
    assert [len(group) for group in begun] == [1, 2, 4]


async def test_timers_do_not_multiply(time: Time) -> None:
    model = ModelLimits(Limiter(100, tpm=100), time.clock)
    held = []
    for _ in range(50):
        held.append(await model.acquire("a", 2))
        time.now += 0.5
    waits = [asyncio.create_task(model.acquire("a", 100)) for _ in range(30)]
    await run_loop()
    for ticket in reversed(held):
        # Each brings the moment nearer at which there is room.
        model.release(ticket, 0, succeeded=True)
    replaced = time.set
    while time.next_timer():
        await run_loop()
    assert all(task.done() for task in waits)
    assert time.set - replaced <= len(waits)


async def test_a_real_timer_wakes_who_waits() -> None:
    model = ModelLimits(Limiter(1))
    model.cool_down(0.02)
    async with asyncio.timeout(20):
        await model.acquire("a", 1)


@pytest.mark.parametrize("kind", ["slots", "limits"])
def test_several_event_loops_share_a_limit_and_lose_nothing(kind: str) -> None:
    """Half of the calls are cancelled, at whatever point they have reached by then."""
    slots, model = Slots(5), ModelLimits(Limiter(5))
    inside, peak, lock = 0, 0, threading.Lock()

    async def hold() -> None:
        nonlocal inside, peak
        with lock:
            inside += 1
            peak = max(peak, inside)
        try:
            await asyncio.sleep(0)
        finally:
            with lock:
                inside -= 1

    async def call(run: int) -> None:
        if kind == "slots":
            async with slots:
                return await hold()
        ticket = await model.acquire(run, 1)
        try:
            return await hold()
        finally:
            model.release(ticket, None, succeeded=True)

    async def many(run: int) -> int:
        tasks = [asyncio.create_task(call(run)) for _ in range(CALLS)]
        for number in range(len(tasks)):
            await asyncio.sleep(0)
            if number % 2:
                tasks[-number].cancel()
        async with asyncio.timeout(30):
            done = await asyncio.gather(*tasks, return_exceptions=True)
        return sum(end is None for end in done)

    with ThreadPoolExecutor(THREADS) as pool:
        finished = list(pool.map(lambda run: asyncio.run(many(run)), range(THREADS)))
    assert min(finished) >= CALLS // 2
    assert peak <= 5
    assert inside == model.limiter.in_flight == model.limiter.waiting == 0
    for _ in range(5):
        immediately(slots.acquire())
        immediately(model.acquire("a", 1))


def test_a_model_has_one_set_of_limits_made_from_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_limits", limits._limits.copy())
    monkeypatch.setenv("FANLOOM_MAX_CONCURRENCY", "7")
    monkeypatch.setenv("FANLOOM_RPM", "8")
    mine = limits_of("google_genai:gemini-2.5-flash")
    assert (mine.limiter.width, mine.limiter.rpm, mine.limiter.tpm) == (7, 8, None)
    assert limits_of("google_genai:gemini-2.5-flash") is mine
    assert limits_of("google_genai:gemini-2.5-pro") is not mine


def test_the_limits_of_a_model_in_use_are_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_limits", limits._limits.copy())
    used = limits_of("google_genai:gemini-2.5-flash")
    for number in range(600):
        limits_of(f"another model {number}")
        assert limits_of("google_genai:gemini-2.5-flash") is used
    assert len(limits._limits) <= 256


class Instance:
    """A model that its caller has made."""


def test_an_instance_has_limits_of_its_own_and_leaves_them_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_limits", limits._limits.copy())
    one, other = Instance(), Instance()
    mine = limits_of("m", one)
    assert limits_of("m", one) is mine
    assert mine not in (limits_of("m", other), limits_of("m"))
    # As if the next instance stood where the one before it was.
    monkeypatch.setattr(limits, "id", lambda instance: 7, raising=False)
    dead = Instance()
    gone = limits_of("m", dead)
    del dead
    assert limits_of("m", Instance()) is not gone
