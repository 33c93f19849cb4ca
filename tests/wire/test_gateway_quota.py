"""A spent quota, a model that throttles all, a key that is refused: where calls go, and what they cost in time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fanloom import ModelRefused, ModelUnavailable
from fanloom.gateway.bounds.process_limits import limits_of
from tests.wire.conftest import BEDROCK, GEMINI, ONE_QUICK
from tests.wire.provider import FakeProvider, bad_key, expired_token, raw, status, unknown_model
from tests.wire.steps import PLAIN, QUESTION, asks, fan_out, one_step

ONE, MANY = one_step(PLAIN), fan_out(asks)
ASK, TEN = {"question": QUESTION}, {"items": [f"q{number}" for number in range(10)]}


def gemini_quota(quota: str) -> Any:
    """Refuse as Gemini does, also with a wait of half a second where a day's quota is spent."""
    details = [
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": quota}]},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.5s"},
    ]
    return raw({"error": {"code": 429, "message": "Quota exceeded", "details": details}}, 429)


SPENT = {
    "per day": (GEMINI, BEDROCK, gemini_quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier")),
    "none at all": (GEMINI, BEDROCK, status(429, "Quota exceeded for metric: x, limit: 0, model: y", hint_seconds=0.5)),
    "tokens per day": (
        BEDROCK,
        GEMINI,
        status(429, "Too many tokens per day, please wait before trying again.", hint_seconds=0.5),
    ),
    "no money": (BEDROCK, GEMINI, raw({"message": "You have insufficient funds."}, 402)),
    "an hour": (BEDROCK, GEMINI, status(429, hint_seconds=3600)),
}


def asked(wire: FakeProvider, model: str) -> int:
    """Count the requests to a model."""
    return sum(request.provider == provider_of(model) for request in wire.requests)


def provider_of(model: str) -> str:
    """Return what the wire calls a model's provider."""
    return {GEMINI: "gemini", BEDROCK: "bedrock"}.get(model, "openai")


@pytest.mark.parametrize("name", SPENT)
async def test_a_fan_out_beside_a_healthy_fallback_asks_a_spent_model_once(
    wire: FakeProvider, waits: list[float], name: str
) -> None:
    model, fallback, fault = SPENT[name]
    wire.reply = lambda request: fault if request.provider == ("gemini" if model == GEMINI else "bedrock") else "ok"
    context = {"model": model, "fallback_model": fallback, "max_concurrency": 8}
    result = await MANY.ainvoke(TEN, context=context)
    assert {outcome["status"] for outcome in result["outcomes"]} == {"done"}
    assert (asked(wire, model), asked(wire, fallback), waits) == (1, 10, [])
    assert result["usage"]["unanswered_calls"] == 1
    # It counts as spent, and nothing is slowed down or asked twice by it.
    assert limits_of(model).limiter.paused_until == 0
    await MANY.ainvoke(TEN, context=context)
    assert asked(wire, model) == 1


@pytest.mark.parametrize("name", [name for name in SPENT if name != "an hour"])
async def test_without_a_fallback_a_spent_quota_is_said_at_once(
    wire: FakeProvider, waits: list[float], name: str
) -> None:
    model, _, wire.reply = SPENT[name]
    with pytest.raises(ModelUnavailable, match="quota of this account is spent") as failed:
        await ONE.ainvoke(ASK, context={"model": model})
    assert (failed.value.kind, len(wire.requests), waits) == ("quota", 1, [])


async def test_what_throttles_all_is_left_after_some_seconds_for_the_whole_fan_out(
    wire: FakeProvider, both: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fanloom.gateway.bounds.circuit_breaker.PATIENCE_S", 0.3)
    fallback = BEDROCK if both == GEMINI else GEMINI
    busy = status(429, hint_seconds=0.2)
    wire.reply = lambda request: busy if request.provider == provider_of(both) else "ok"
    items = {"items": [f"q{number}" for number in range(50)]}
    context = {"model": both, "fallback_model": fallback, "max_attempts": 20}
    result = await MANY.ainvoke(items, context=context)
    assert {outcome["status"] for outcome in result["outcomes"]} == {"done"}
    # One by one they would have asked a thousand times.
    assert asked(wire, both) < 10
    assert asked(wire, fallback) == 50


async def test_who_waits_for_a_model_that_goes_down_does_not_wait_on(wire: FakeProvider, both: str) -> None:
    limits, fallback = limits_of(both), BEDROCK if both == GEMINI else GEMINI
    limits.cool_down(600)
    waiting = [
        asyncio.create_task(ONE.ainvoke(ASK, context={"model": both, "fallback_model": fallback})) for _ in range(5)
    ]
    async with asyncio.timeout(20):
        while limits.limiter.waiting < 5:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.002)
        limits.breaker.spent(600)
        limits.send_away()
        assert {answer["answer"] for answer in await asyncio.gather(*waiting)} == {"ok"}
    assert (asked(wire, both), limits.limiter.waiting, limits.limiter.in_flight) == (0, 0, 0)


@pytest.mark.parametrize("both", ONE_QUICK)
async def test_a_hint_of_nothing_backs_off(wire: FakeProvider, waits: list[float], both: str) -> None:
    wire.reply = status(429, hint_seconds=0, hint="retry-after")
    with pytest.raises(ModelUnavailable):
        await ONE.ainvoke(ASK, context={"model": both, "max_attempts": 6})
    assert len(set(waits)) == 5
    assert all(0 < wait <= 0.5 * 2**number for number, wait in enumerate(waits))


REFUSED = {"a key": bad_key(), "a token": expired_token(), "a retired model": unknown_model(), "gone": status(410)}


@pytest.mark.parametrize("name", REFUSED)
async def test_a_refused_key_and_a_retired_model_use_the_fallback_unless_told_otherwise(
    wire: FakeProvider, both: str, name: str
) -> None:
    fallback = BEDROCK if both == GEMINI else GEMINI
    fault = REFUSED[name]
    wire.reply = lambda request: fault if request.provider == provider_of(both) else "ok"
    context = {"model": both, "fallback_model": fallback}
    assert (await ONE.ainvoke(ASK, context=context))["answer"] == "ok"
    assert (asked(wire, both), asked(wire, fallback)) == (1, 1)
    with pytest.raises(ModelRefused):
        await ONE.ainvoke(ASK, context={**context, "on_auth_error": "fail"})
    assert (asked(wire, both), asked(wire, fallback)) == (2, 1)


async def test_a_request_that_does_not_fit_uses_no_fallback(wire: FakeProvider) -> None:
    wire.reply = status(400)
    with pytest.raises(ModelRefused):
        await ONE.ainvoke(ASK, context={"model": GEMINI, "fallback_model": BEDROCK})
    assert len(wire.requests) == 1
