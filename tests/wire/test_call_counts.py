"""What an evaluation counts of a run's model calls, through the real clients."""

from __future__ import annotations

from typing import Any

import pytest

from fanloom.evaluation.item_run import run_item
from tests.wire.conftest import BEDROCK, GEMINI
from tests.wire.provider import FakeProvider, Reply, status
from tests.wire.steps import GOOD, PLAIN, TYPED, asks, fan_out, one_step

BAD = {"answer": "yes"}
HALF = {**GOOD, "sources": [{"title": "Wind"}, {"name": "none"}]}
CUT = Reply(text='{"answer": "ye', finish="max_tokens", output_tokens=30)
ONE = {"calls": 1, "repaired": 0, "salvaged": 0, "fell_back": 0, "truncated": 0, "failed": 0, "planned": 0, "done": 0}


@pytest.mark.parametrize(
    ("answers", "ended"),
    [
        ([GOOD], {}),
        ([BAD, GOOD], {"repaired": 1}),
        ([CUT, GOOD], {"repaired": 1, "truncated": 1}),
        ([HALF, HALF], {"salvaged": 1}),
        ([BAD, BAD], {"failed": 1}),
    ],
    ids=["well", "repaired", "cut off", "kept in part", "given up"],
)
@pytest.mark.parametrize("model", [GEMINI, BEDROCK])
async def test_how_a_call_went(wire: FakeProvider, model: str, answers: list[Any], ended: dict[str, int]) -> None:
    wire.enqueue(*answers)
    run = await run_item(one_step(TYPED), {"question": "?"}, {"model": model}, 30)
    assert run.counts == {**ONE, **ended}
    assert bool(run.error) == ("failed" in ended)
    # What was paid for is counted whether or not there is a result.
    assert run.used()["model calls"].hits == len(answers)
    assert run.used()["tokens out"].hits > 0
    shares = run.reliability()
    assert shares["calls repaired"] == (ended.get("repaired", 0), 1)
    assert shares["runs answered"] == ("failed" not in ended, 1)


async def test_a_call_that_another_model_answers(wire: FakeProvider, waits: list[float]) -> None:
    wire.reply = lambda request: status(503) if request.provider == "gemini" else "yes"
    run = await run_item(one_step(PLAIN), {"question": "?"}, {"model": GEMINI, "fallback_model": BEDROCK}, 30)
    assert run.counts == {**ONE, "fell_back": 1}


async def test_tasks_that_were_planned_and_done(wire: FakeProvider) -> None:
    wire.reply = lambda request: Reply(finish="safety") if "boom" in request.text else "yes"
    run = await run_item(fan_out(asks), {"items": ["a", "boom", "c"]}, {"model": GEMINI}, 30)
    assert (run.counts["calls"], run.counts["failed"]) == (3, 1)
    assert run.reliability()["tasks done"] == (2, 3)
