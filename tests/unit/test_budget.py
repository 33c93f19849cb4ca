"""Budgets under every interleaving: kept, and nobody left waiting."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fanloom.gateway.bounds.budget
from fanloom import Context
from fanloom.errors import BudgetExceeded
from fanloom.gateway.bounds.budget import UNANSWERED, Amount, Budget, budgets_of
from fanloom.loops.promise import Promise
from fanloom.runs.current_run import Run
from fanloom.runs.usage import ModelUsage, Usage, no_usage

LIMITS = list(Amount._fields)


def usage(calls: int = 1, given: int = 0, made: int = 0, cost: float | None = 0.0) -> ModelUsage:
    return ModelUsage(model_calls=calls, input_tokens=given, output_tokens=made, cached_tokens=0, cost_usd=cost)


def spent(*args: Any) -> Usage:
    return Usage(**usage(*args), by_model={}, by_step={})


async def run_loop() -> None:
    """Let everything run that can run now."""
    for _ in range(6):
        await asyncio.sleep(0)


@dataclass
class Request:
    """What a request is expected to use, what it uses (None: it is never sent), and how far it has come."""

    tokens: int
    cost: float
    used: ModelUsage | None
    end: asyncio.Event = field(default_factory=asyncio.Event)
    reserved: Amount | None = None


class Requests:
    """Requests of one run; whatever they do, the promises of the budget are checked."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.tasks: list[asyncio.Task[None]] = []
        self.requests: list[Request] = []
        self.flying: list[Request] = []
        self.began: list[int] = []

    def start(self, request: Request) -> None:
        self.requests.append(request)
        self.tasks.append(asyncio.create_task(self._send(len(self.tasks), request)))

    async def _send(self, number: int, request: Request) -> None:
        request.reserved = await self.budget.reserve(request.tokens, request.cost)
        self.began.append(number)
        self.flying.append(request)
        used = None
        try:
            await request.end.wait()
            used = request.used
        finally:
            self.flying.remove(request)
            self.budget.settle(request.reserved, used)

    async def finish(self) -> list[Any]:
        """Let one after the other end; somebody who still waits when nobody is in flight waits for ever."""
        await run_loop()
        while self.flying:
            self.flying[0].end.set()
            await run_loop()
        assert all(task.done() for task in self.tasks), "somebody waits for ever"
        assert max(self.budget.reserved) == pytest.approx(0)
        return await asyncio.gather(*self.tasks, return_exceptions=True)


class Watched(Budget):
    """A budget that remembers which requests were in flight when the last one began, and what each used."""

    def __init__(self, context: Context, before: Usage) -> None:
        super().__init__(context, before)
        self.flying: list[Amount] = []
        self.last: list[Amount] = []
        self.used: dict[int, ModelUsage | None] = {}

    def turn(self) -> Promise[Amount | None]:
        budget = self

        class Turn(Promise[Amount | None]):
            def give(self, value: Amount | None) -> bool:
                came = super().give(value)
                if came and value:
                    budget.flying.append(value)
                    budget.last = list(budget.flying)
                return came

        return Turn()

    def settle(self, reserved: Amount, used: ModelUsage | None) -> None:
        self.flying = [other for other in self.flying if other is not reserved]
        self.used[id(reserved)] = used
        super().settle(reserved, used)

    def most(self, name: str) -> float:
        """Return how far a limit may be exceeded: by what the last ones used beyond what was set aside for them."""
        if len(self.last) == 1:
            return self._used(self.last[0], name)
        return sum(max(0, self._used(reserved, name) - getattr(reserved, name)) for reserved in self.last)

    def _used(self, reserved: Amount, name: str) -> float:
        used = self.used[id(reserved)] or usage(0)
        tokens = used["input_tokens"] + used["output_tokens"]
        return {"max_model_calls": used["model_calls"], "max_total_tokens": tokens}.get(name, used["cost_usd"] or 0.0)


USED = st.one_of(
    st.none(),
    st.just(UNANSWERED),
    st.builds(usage, st.just(1), st.integers(0, 40), st.integers(0, 400), st.sampled_from([None, 0.0, 0.5, 2])),
)
REQUESTS = st.tuples(st.integers(0, 60), st.sampled_from([0.0, 0.25, 1]), USED)
ACTIONS = st.lists(
    st.one_of(REQUESTS, REQUESTS, st.tuples(st.sampled_from(["end", "cancel", "run"]), st.integers(0, 25))), max_size=50
)
BUDGETS = st.fixed_dictionaries(
    {},
    optional={
        "max_model_calls": st.integers(0, 8),
        "max_total_tokens": st.integers(0, 3000),
        "max_cost_usd": st.integers(0, 20).map(lambda quarters: quarters / 4),
    },
)
BEFORE = st.one_of(st.just(no_usage()), st.builds(spent, st.integers(1, 4), st.integers(0, 99), st.integers(0, 999)))


@settings(deadline=None, max_examples=250)
@given(BUDGETS, BEFORE, ACTIONS)
def test_a_budget_is_kept_and_nobody_waits_for_ever(bounds: dict[str, Any], before: Usage, actions: list[Any]) -> None:
    async def check() -> None:
        budget = Watched(Context(**bounds), before)
        patch.setattr(fanloom.gateway.bounds.budget, "Promise", budget.turn)
        requests = Requests(budget)
        for action in actions:
            match action:
                case "run", int():
                    await run_loop()
                case str(), int(number):
                    if number < len(requests.tasks):
                        requests.requests[number].end.set() if action[0] == "end" else requests.tasks[number].cancel()
                case _:
                    requests.start(Request(*action))
        ends = await requests.finish()
        assert requests.began == sorted(requests.began), "not first come, first served"
        for name, limit in bounds.items() if budget.last else ():
            assert getattr(budget.spent, name) <= limit + (name != "max_model_calls") * budget.most(name) + 1e-6
        for end in ends:
            assert end is None or isinstance(end, (BudgetExceeded, asyncio.CancelledError))
            if isinstance(end, BudgetExceeded):
                assert any(getattr(budget.spent, name) >= limit for name, limit in bounds.items())

    with pytest.MonkeyPatch.context() as patch:
        asyncio.run(check())


async def test_calls_wait_while_those_in_flight_could_use_up_the_rest() -> None:
    requests = Requests(Budget(Context(max_model_calls=2), no_usage()))
    for used in (None, usage(), usage(), usage(), usage()):
        requests.start(Request(1, 0.0, used))
    await run_loop()
    assert requests.began == [0, 1]
    # The first one is given up before it is sent, which costs nothing: another one may go.
    requests.requests[0].end.set()
    await run_loop()
    assert requests.began == [0, 1, 2]
    ends = await requests.finish()
    assert [type(end) for end in ends] == [type(None)] * 3 + [BudgetExceeded] * 2
    assert "max_model_calls=2" in str(ends[-1])


async def test_only_what_is_in_flight_when_the_budget_runs_out_can_exceed_it() -> None:
    requests = Requests(Budget(Context(max_total_tokens=1000), no_usage()))
    for _ in range(50):
        requests.start(Request(44, 0.0, usage(1, 44, 856)))
    await run_loop()
    # Before the first answer nobody knows how long one is: it goes alone. The next one does not fit, and is the last.
    assert len(requests.flying) == 1
    ends = await requests.finish()
    assert requests.budget.spent.max_total_tokens == 2 * 900
    assert sum(end is None for end in ends) == 2


@pytest.mark.parametrize("name", LIMITS)
async def test_a_resumed_run_starts_from_what_was_spent(name: str) -> None:
    used = spent(3, 100, 200, 0.5)
    have = dict(zip(LIMITS, (3, 300, 0.5), strict=True))[name]
    with pytest.raises(BudgetExceeded, match=name):
        await Budget(Context(**{name: have}), used).reserve(1, 0.0)
    assert await Budget(Context(**{name: have + 1}), used).reserve(1, 0.0)


@pytest.mark.parametrize("name", LIMITS)
async def test_a_budget_of_nothing_refuses_the_first_call(name: str) -> None:
    with pytest.raises(BudgetExceeded, match=f"{name}=0; raise it"):
        await Budget(Context(**{name: 0}), no_usage()).reserve(0, 0.0)


async def test_a_request_is_expected_to_use_as_much_as_the_largest_before_it_also_after_a_resume() -> None:
    budget = Budget(Context(max_total_tokens=10_000), spent(4, 400, 1200, 2.0))
    first = await budget.reserve(50, 0.1)
    # Of the calls before the resume only the mean is known.
    assert first == Amount(1, 400, 0.5)
    budget.settle(first, usage(1, 50, 800, 0.0))
    budget.settle(await budget.reserve(70, 9), usage(1, 70, 10, 0.0))
    assert (await budget.reserve(70, 9)) == Amount(1, 70 + 800, 9)


async def test_a_request_larger_than_the_rest_goes_alone() -> None:
    requests = Requests(Budget(Context(max_total_tokens=100), no_usage()))
    requests.start(Request(5000, 0.0, usage(1, 10, 10)))
    requests.start(Request(1, 0.0, usage(1, 10, 10)))
    await run_loop()
    assert requests.began == [0]
    await requests.finish()
    assert requests.began == [0, 1]


async def test_a_cancelled_waiter_does_not_hold_up_who_stands_behind_it() -> None:
    requests = Requests(Budget(Context(max_total_tokens=10_000), no_usage()))
    for tokens in (300, 8000, 10):
        requests.start(Request(tokens, 0.0, usage()))
    await run_loop()
    assert requests.began == [0]
    requests.tasks[1].cancel()
    await run_loop()
    assert requests.began == [0, 2]
    await requests.finish()


async def test_a_reservation_that_comes_as_its_waiter_is_cancelled_is_given_back() -> None:
    budget = Budget(Context(max_model_calls=1), no_usage())
    held = await budget.reserve(1, 0.0)
    first, second = (asyncio.create_task(budget.reserve(1, 0.0)) for _ in range(2))
    await run_loop()
    budget.settle(held, None)
    first.cancel()
    await run_loop()
    assert first.cancelled()
    budget.settle(second.result(), usage())
    assert budget.reserved == Amount()


def test_a_budget_of_calls_is_exact_over_threads() -> None:
    budget, lock, sent = Budget(Context(max_model_calls=100), no_usage()), threading.Lock(), 0

    async def send(number: int) -> None:
        nonlocal sent
        reserved = await budget.reserve(1, 0.0)
        used = None
        try:
            await asyncio.sleep(0)
            # Of every three one is answered, one is sent in vain, and one is not sent.
            used = (usage(), UNANSWERED, None)[number % 3]
            with lock:
                sent += used is not None
                assert sent <= 100
        finally:
            budget.settle(reserved, used)

    async def many(_: int) -> None:
        tasks = [asyncio.create_task(send(number)) for number in range(150)]
        await asyncio.sleep(0)
        for task in tasks[::5]:
            task.cancel()
        async with asyncio.timeout(30):
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(end) for end in ends} <= {type(None), BudgetExceeded, asyncio.CancelledError}

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda run: asyncio.run(many(run)), range(4)))
    assert sent == budget.spent.max_model_calls == 100
    assert budget.reserved == Amount()


@pytest.mark.parametrize("bounds", [{}, *({name: 0} for name in LIMITS)], ids=["none", *LIMITS])
async def test_a_run_has_one_budget_if_its_context_sets_one(bounds: dict[str, Any]) -> None:
    run = Run(Context(**bounds))
    budgets = await budgets_of(run)
    assert len(budgets) == bool(bounds)
    assert await budgets_of(run) == budgets
