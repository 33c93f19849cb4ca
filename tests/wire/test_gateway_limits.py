"""Waits, pauses, the fallback and the breaker, as the wire sees them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
from langgraph.runtime import Runtime

from fanloom import BadModelOutput, Context, ModelRefused, ModelUnavailable
from fanloom.gateway import model_turn
from fanloom.gateway.bounds import process_limits as limits
from fanloom.gateway.bounds.call_pace import FIRST_PAUSE_S
from fanloom.gateway.retry_decision import NextRequest
from tests.wire.conftest import BEDROCK, GEMINI, KINDS, OPENAI
from tests.wire.provider import FakeProvider, Reply, Request, bad_key, prose, reset, status
from tests.wire.steps import GOOD, PLAIN, QUESTION, SHARED, TYPED, asks, fan_out, one_step, run, side_by_side


async def reads(task: dict[str, Any], runtime: Runtime[Context]) -> str:
    """Ask a question about the documents."""
    return await SHARED.run(runtime, question=str(task["item"]), documents=task["documents"])


ONE = one_step(PLAIN)
MANY = fan_out(asks)
ASK = {"question": QUESTION}


class Clock:
    """The time of the limiter, which passes when it is told to, or when a call waits before its next attempt."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []
        self.passes = True
        self._timers: list[tuple[float, Callable[[], None]]] = []

    def later(self, delay: float, work: Callable[[], None]) -> None:
        """Call something once so much time has passed."""
        self._timers.append((self.now + delay, work))

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        due = [timer for timer in self._timers if timer[0] <= self.now]
        self._timers = [timer for timer in self._timers if timer[0] > self.now]
        for _, work in due:
            work()

    def wait(self, seconds: float) -> float:
        """Note that a call waits, and let that time pass at once."""
        self.waits.append(seconds)
        if self.passes:
            # A date is read twice, by the limiter a moment earlier; and what refuses calls one by one is left alone for
            # half a second, whichever wait is longer.
            self.advance(max(seconds, FIRST_PAUSE_S) + 0.1)
        return 0.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Take the place of the limiter's clock and timers, and of the waits between attempts."""
    clock, wanted, real = Clock(), model_turn.wait_s, limits.ModelLimits

    def wait(upcoming: NextRequest) -> float:
        return clock.wait(wanted(upcoming))

    monkeypatch.setattr(model_turn, "wait_s", wait)
    monkeypatch.setattr(limits, "ModelLimits", lambda limiter: real(limiter, clock=lambda: clock.now))
    monkeypatch.setattr(limits, "call_later", clock.later)
    return clock


def only(model: str) -> Callable[[Request], bool]:
    """Match the requests to one model's provider."""
    return lambda request: request.provider == KINDS[model]


class Calls(NamedTuple):
    """How many calls to a model are under way and how many are queued, at one moment."""

    in_flight: int
    waiting: int


def limiter_of(model: str) -> Calls:
    """Return what the limiter that the calls to a model share has in hand, never in the middle of a change."""
    shared = limits.limits_of(model)
    with shared._lock:
        return Calls(shared.limiter.in_flight, shared.limiter.waiting)


HINTS: list[tuple[str, Any]] = [
    (GEMINI, "native"),
    (GEMINI, "retry-after"),
    (GEMINI, "retry-after-date"),
    (BEDROCK, "retry-after"),
    (BEDROCK, "retry-after-date"),
    (BEDROCK, "x-amz-retry-after"),
    (OPENAI, "retry-after"),
    (OPENAI, "retry-after-date"),
]


@pytest.mark.parametrize("sync", [False, True], ids=["async", "sync"])
@pytest.mark.parametrize("code", [429, 503])
@pytest.mark.parametrize(("model", "hint"), HINTS)
async def test_the_wait_is_the_server_s_hint(
    wire: FakeProvider, clock: Clock, model: str, hint: Any, code: int, sync: bool
) -> None:
    wire.enqueue(status(code, hint_seconds=7, hint=hint))
    assert (await run(ONE, ASK, sync, model=model))["answer"] == "ok"
    assert clock.waits == [pytest.approx(7, abs=1.2 if "date" in hint else 0.01)]
    assert len(wire.requests) == 2


async def test_without_a_hint_the_waits_are_random_and_grow(wire: FakeProvider, clock: Clock, both: str) -> None:
    wire.reply = status(503)
    with pytest.raises(ModelUnavailable):
        await run(ONE, ASK, sync=False, model=both, max_attempts=8)
    assert all(0 <= wait <= min(20, 0.5 * 2**number) for number, wait in enumerate(clock.waits))
    assert len(set(clock.waits)) == len(wire.requests) - 1 == 7


@pytest.mark.parametrize("sync", [False, True], ids=["async", "sync"])
@pytest.mark.parametrize(("model", "hint"), HINTS)
async def test_a_hint_of_minutes_is_not_waited_for(
    wire: FakeProvider, clock: Clock, model: str, hint: Any, sync: bool
) -> None:
    wire.enqueue(status(429, hint_seconds=90, hint=hint))
    with pytest.raises(ModelUnavailable) as failed:
        await run(ONE, ASK, sync, model=model)
    assert (failed.value.kind, failed.value.retryable, clock.waits) == ("throttled", True, [])
    assert (await run(ONE, ASK, sync, model=model))["answer"] == "ok"
    assert len(wire.requests) == 2


async def test_a_hint_of_minutes_leads_to_the_fallback_at_once(wire: FakeProvider, clock: Clock) -> None:
    wire.enqueue(status(429, hint_seconds=90), when=only(GEMINI))
    assert (await run(ONE, ASK, sync=False, model=GEMINI, fallback_model=BEDROCK))["answer"] == "ok"
    assert ([request.provider for request in wire.requests], clock.waits) == (["gemini", "bedrock"], [])


@pytest.mark.parametrize("sync", [False, True], ids=["async", "sync"])
async def test_a_throttled_call_pauses_those_of_other_runs_which_then_ramp_up(
    provider: FakeProvider, clock: Clock, both: str, sync: bool
) -> None:
    seen: list[tuple[int, int]] = []

    async def reply(request: Request) -> str:
        ended = sum(each.ended is not None for each in provider.requests)
        seen.append((provider.in_flight, ended))
        # The third is not answered before there are two at once.
        if provider.requests.index(request) == 2:
            await provider.auntil(lambda _: provider.in_flight == 2)
        return "ok"

    provider.reply, provider.latency, clock.passes = reply, 0.03, False
    provider.enqueue(status(429, hint_seconds=5))
    limits._limits.clear()
    one = asyncio.create_task(run(ONE, ASK, sync, model=both))
    await provider.auntil(lambda _: limiter_of(both).waiting == 1)
    many = asyncio.create_task(run(MANY, {"items": list(range(15)), "documents": ""}, sync, model=both))
    await provider.auntil(lambda _: limiter_of(both).waiting == 16)
    clock.advance(4.9)
    assert (len(provider.requests), limiter_of(both).in_flight) == (1, 0)
    clock.advance(0.2)
    assert (await one)["answer"] == "ok"
    assert {outcome["status"] for outcome in (await many)["outcomes"]} == {"done"}
    # One request has ended with a 429; each one since that succeeds doubles the width.
    assert all(in_flight <= 2 ** (ended - 1) for in_flight, ended in seen)
    assert provider.requests[2].started >= (provider.requests[1].ended or 0)
    assert len(provider.requests) == 17


async def test_the_other_model_is_not_paused(wire: FakeProvider, clock: Clock) -> None:
    clock.passes = False
    wire.enqueue(status(429, hint_seconds=5), when=only(GEMINI))
    paused = asyncio.create_task(run(ONE, ASK, sync=False, model=GEMINI))
    await wire.auntil(lambda _: limiter_of(GEMINI).waiting == 1)
    assert (await run(ONE, ASK, sync=False, model=BEDROCK))["answer"] == "ok"
    clock.advance(5)
    assert (await paused)["answer"] == "ok"


async def settled(model: str, waiting: int) -> None:
    """Wait until so many calls are queued at the limiter, and all others have ended."""
    async with asyncio.timeout(20):
        while limiter_of(model) != (0, waiting):  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.002)


@pytest.mark.parametrize("sync", [False, True], ids=["async", "sync"])
async def test_no_more_requests_are_sent_in_a_minute_than_are_allowed(
    wire: FakeProvider, clock: Clock, both: str, sync: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FANLOOM_RPM", "4")
    running = asyncio.create_task(run(MANY, {"items": list(range(10))}, sync, model=both))
    for sent in (4, 8):
        await settled(both, waiting=10 - sent)
        assert len(wire.requests) == sent
        clock.advance(59.9)
        assert (limiter_of(both).in_flight, limiter_of(both).waiting) == (0, 10 - sent)
        clock.advance(0.2)
    assert {outcome["status"] for outcome in (await running)["outcomes"]} == {"done"}
    assert len(wire.requests) == 10


async def test_a_retry_is_a_request_of_its_minute_too(
    wire: FakeProvider, clock: Clock, both: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FANLOOM_RPM", "2")
    clock.passes = False
    wire.enqueue(status(503), status(503))
    running = asyncio.create_task(run(ONE, ASK, sync=False, model=both))
    await settled(both, waiting=1)
    assert len(wire.requests) == 2
    clock.advance(60.1)
    assert (await running)["answer"] == "ok"


@dataclass(frozen=True)
class Tokens:
    """A prompt's length, what each answer says it used, the limit, and how many of ten calls a minute takes."""

    document: int
    used: int
    tpm: int
    width: int
    sent: int


TOKENS = {
    # Estimated at some twenty tokens each, all ten would fit.
    "more than estimated": Tokens(document=0, used=400, tpm=1000, width=1, sent=3),
    # Estimated at a thousand, there is room for one.
    "less than estimated": Tokens(document=4000, used=100, tpm=1600, width=1, sent=6),
    "side by side": Tokens(document=4000, used=1100, tpm=3500, width=10, sent=3),
}


@pytest.mark.parametrize("sync", [False, True], ids=["async", "sync"])
@pytest.mark.parametrize("case", TOKENS)
async def test_the_tokens_of_a_minute_are_estimated_and_then_settled_by_what_the_answers_used(
    wire: FakeProvider, clock: Clock, both: str, case: str, sync: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = TOKENS[case]
    monkeypatch.setenv("FANLOOM_TPM", str(tokens.tpm))
    wire.reply = Reply("ok", input_tokens=tokens.used - 10, output_tokens=10)
    given = {"items": list(range(10)), "documents": "x" * tokens.document}
    running = asyncio.create_task(run(fan_out(reads), given, sync, model=both, max_concurrency=tokens.width))
    for sent in range(tokens.sent, 10, tokens.sent):
        await settled(both, waiting=min(10 - sent, tokens.width))
        assert len(wire.requests) == sent
        clock.advance(60.1)
    assert {outcome["status"] for outcome in (await running)["outcomes"]} == {"done"}
    assert len(wire.requests) == 10


async def test_the_process_s_bound_holds_over_runs_and_queueing_costs_no_timeout(
    provider: FakeProvider, both: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FANLOOM_MAX_CONCURRENCY", "3")
    await run(ONE, ASK, sync=False, model=both)
    provider.latency = 0.16
    given = {"items": list(range(30)), "documents": ""}
    both_worlds = [run(MANY, given, sync, model=both, timeout_s=3) for sync in (False, True)]
    results = await asyncio.gather(*both_worlds)
    assert {outcome["status"] for result in results for outcome in result["outcomes"]} == {"done"}
    assert provider.peak == 3
    # Sixty calls, three at a time: the last one has waited for longer than its time-out.
    assert provider.requests[-1].started - provider.requests[1].started > 3


@pytest.mark.parametrize("sync", [False, True], ids=["async", "sync"])
async def test_a_run_s_own_bound_holds(provider: FakeProvider, both: str, sync: bool) -> None:
    provider.reply = side_by_side(provider, 4)
    await run(MANY, {"items": list(range(12)), "documents": ""}, sync, model=both, max_concurrency=4)
    assert (provider.peak, len(provider.requests)) == (4, 12)


PAIRS = [
    pytest.param(GEMINI, BEDROCK, id="to-bedrock"),
    pytest.param(BEDROCK, OPENAI, id="to-openai"),
    pytest.param(OPENAI, GEMINI, id="to-gemini"),
]
TROUBLES = {"503": (status(503), 3), "429": (status(429), 3), "reset": (reset(), 3), "prose": (prose(), 2)}


@pytest.mark.parametrize("sync", [False, True], ids=["async", "sync"])
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize(("first", "second"), PAIRS)
async def test_the_fallback_on_the_other_provider_answers(
    wire: FakeProvider, clock: Clock, first: str, second: str, trouble: str, sync: bool
) -> None:
    fault, requests = TROUBLES[trouble]
    wire.reply = lambda request: fault if only(first)(request) else GOOD
    result = await run(one_step(TYPED), ASK, sync, model=first, fallback_model=second)
    assert result["answer"] == GOOD
    assert [only(first)(request) for request in wire.requests] == [True] * requests + [False]
    # A model that never answered has used nothing.
    assert list(result["usage"]["by_model"]) == ([first, second] if trouble == "prose" else [second])


@pytest.mark.parametrize(("first", "second"), PAIRS)
async def test_when_both_fail_the_error_tells_of_both(
    wire: FakeProvider, clock: Clock, first: str, second: str
) -> None:
    wire.reply = lambda request: status(503) if only(first)(request) else prose()
    with pytest.raises(BadModelOutput) as failed:
        await run(one_step(TYPED), ASK, sync=False, model=first, fallback_model=second)
    assert failed.value.kind == "not_data"
    assert first in str(failed.value)
    assert second in str(failed.value)
    assert len(wire.requests) == 5


@pytest.mark.parametrize(("first", "second"), PAIRS)
async def test_a_fallback_that_is_refused_does_not_hide_why_it_was_asked(
    wire: FakeProvider, clock: Clock, first: str, second: str
) -> None:
    wire.reply = lambda request: status(503) if only(first)(request) else bad_key()
    with pytest.raises(ModelRefused, match=r"fails on its side.*key") as failed:
        await run(ONE, ASK, sync=False, model=first, fallback_model=second)
    assert failed.value.kind == "auth"


@pytest.mark.parametrize(("first", "second"), PAIRS)
async def test_what_is_valid_is_kept_when_the_fallback_fails_too(
    wire: FakeProvider, clock: Clock, first: str, second: str
) -> None:
    partly = {**GOOD, "sources": [{"title": "Wind"}, {"name": "no title"}]}
    for trouble in (prose(), status(503), bad_key()):
        wire.reply = lambda request, trouble=trouble: partly if only(first)(request) else trouble
        result = await run(one_step(TYPED), ASK, sync=False, model=first, fallback_model=second)
        assert result["answer"] == GOOD


@pytest.mark.parametrize(("first", "second"), PAIRS)
async def test_a_dead_provider_is_left_alone_and_probed_after_a_while(
    wire: FakeProvider, clock: Clock, first: str, second: str
) -> None:
    dead = True
    wire.reply = lambda request: reset() if dead and only(first)(request) else "ok"

    async def calls(count: int) -> list[int]:
        before = len(wire.requests)
        for _ in range(count):
            await run(ONE, ASK, sync=False, model=first, fallback_model=second, max_attempts=1)
        new = wire.requests[before:]
        return [sum(only(model)(request) for request in new) for model in (first, second)]

    assert await calls(9) == [5, 9]
    assert await calls(9) == [0, 9]
    clock.advance(31)
    assert await calls(5) == [1, 5]
    dead = False
    clock.advance(31)
    assert await calls(5) == [5, 0]


async def test_without_a_fallback_there_is_no_breaker(wire: FakeProvider, clock: Clock, both: str) -> None:
    wire.reply = reset()
    for _ in range(3):
        with pytest.raises(ModelUnavailable):
            await run(ONE, ASK, sync=False, model=both)
    assert len(wire.requests) == 9
