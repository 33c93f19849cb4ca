"""Limits that nobody has said: the provider is used to them and hardly over them, as the wire sees it."""

from __future__ import annotations

import asyncio
import random

import pytest

from tests.wire.conftest import ONE_QUICK
from tests.wire.provider import FakeProvider, Reply, Request, status
from tests.wire.provider.exchange import Answer
from tests.wire.steps import asks, fan_out, run

CALLS, HELD = 400, 20
# How many are sent before a refusal has come back hangs on how busy the machine is.
FIRST = 100
MANY = fan_out(asks)


class Held:
    """A provider that answers no more than some requests at once, and refuses the rest without a word of when."""

    def __init__(self, provider: FakeProvider) -> None:
        self.provider = provider
        self.in_flight: list[int] = []
        self.random = random.Random(1)

    def __call__(self, request: Request) -> Answer:
        """Answer or refuse, and note how many are in flight."""
        self.in_flight.append(self.provider.in_flight)
        return status(429) if self.provider.in_flight > HELD else Reply("ok", latency=self.random.uniform(0.2, 1.0))


@pytest.mark.parametrize("both", ONE_QUICK)
async def test_twenty_in_flight_are_found_without_any_setting(wire: FakeProvider, both: str) -> None:
    wire.reply = held = Held(wire)
    given = {"items": [str(number) for number in range(CALLS)]}
    # The first call of a process waits for its client to be made.
    await run(MANY, {"items": ["first"]}, False, model=both)
    result = await run(MANY, given, False, model=both, max_tasks=CALLS, max_concurrency=64, max_attempts=5)
    assert {outcome["status"] for outcome in result["outcomes"]} == {"done"}
    first, later = held.in_flight[:FIRST], held.in_flight[FIRST:]
    assert max(first) > HELD
    assert sum(number > HELD for number in later) <= 0.04 * len(later)
    # What a call finds when it comes is less than what is held on the whole.
    assert sum(later) / len(later) >= 0.7 * HELD


@pytest.mark.parametrize("name", ["FANLOOM_MAX_CONCURRENCY", "FANLOOM_RPM", "FANLOOM_TPM"])
async def test_what_is_said_is_believed(
    wire: FakeProvider, both: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "1000")
    wire.hold()
    running = run(MANY, {"items": list(map(str, range(30)))}, True, model=both)
    task = asyncio.ensure_future(running)
    await wire.auntil(lambda provider: provider.in_flight == 30)
    wire.release()
    await task
