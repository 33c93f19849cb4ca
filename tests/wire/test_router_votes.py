"""Voting in the support router through the real clients of both providers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from graphs.support_router import graph
from tests.wire.provider import FakeProvider, Request, no_access
from tests.wire.steps import run

QUERY = {"query": "I was charged twice for March."}
BILLING, TECHNICAL = "Billing Inquiry", "Technical Support"


@pytest.mark.parametrize("sync", [False, True], ids=["async", "sync"])
async def test_as_many_requests_as_votes_and_all_at_once(wire: FakeProvider, both: str, sync: bool) -> None:
    labels, all_asked = [BILLING, TECHNICAL, BILLING, BILLING, TECHNICAL], asyncio.Event()

    async def reply(request: Request) -> Any:
        if request.schema is None:
            return "An answer."
        label = labels.pop()
        if not labels:
            all_asked.set()
        # No vote is given before all five are asked for.
        await asyncio.wait_for(all_asked.wait(), 20)
        return {"intent": label}

    wire.reply = reply
    result = await run(graph, QUERY, sync, model=both, votes=5)
    assert (result["intent"], result["tally"]) == (BILLING, {BILLING: 3, TECHNICAL: 2})
    assert len(wire.requests) == result["usage"]["model_calls"] == 6
    assert len({request.text for request in wire.requests[:5]}) == 1
    assert result["usage"]["by_step"]["classify"]["model_calls"] == 5


async def test_one_vote_is_one_request(wire: FakeProvider, both: str) -> None:
    wire.reply = lambda request: "An answer." if request.schema is None else {"intent": BILLING}
    result = await run(graph, QUERY, sync=False, model=both)
    assert (result["tally"], len(wire.requests)) == ({BILLING: 1}, 2)


async def test_a_vote_that_is_refused_is_left_out(wire: FakeProvider, both: str) -> None:
    answers = [{"intent": TECHNICAL}, no_access(), {"intent": TECHNICAL}]
    wire.reply = lambda request: "An answer." if request.schema is None else answers.pop()
    result = await run(graph, QUERY, sync=False, model=both, votes=3)
    assert (result["intent"], result["tally"]) == (TECHNICAL, {TECHNICAL: 2})
