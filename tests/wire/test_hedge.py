"""A second request for a slow call, as the wire sees it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler

from fanloom import ModelUnavailable
from fanloom.gateway.bounds.process_limits import limits_of
from fanloom.runs.run_log import run_logs
from tests.wire.provider import FakeProvider, Reply, Request, prose, status
from tests.wire.steps import PLAIN, QUESTION, TYPED, asks, fan_out, one_step, run

ONE = one_step(PLAIN)
ASK = {"question": QUESTION}
NEVER = Reply("too late", latency=3600)


@pytest.mark.parametrize("sync", [False, True], ids=["async", "sync"])
async def test_the_second_answers_and_the_first_is_cancelled_at_the_socket(
    wire: FakeProvider, both: str, sync: bool
) -> None:
    wire.enqueue(NEVER)
    result = await run(ONE, ASK, sync, model=both, hedge=0.05)
    assert result["answer"] == "ok"
    used = result["usage"]
    assert (used["model_calls"], used["hedged"], used["unanswered_calls"]) == (1, 1, 1)
    await wire.auntil(lambda provider: provider.in_flight == 0, timeout=8)
    assert len(wire.requests) == 2


async def test_the_first_answers_if_the_second_is_slower(wire: FakeProvider, both: str) -> None:
    wire.enqueue(Reply("first", latency=0.5), NEVER)
    result = await run(ONE, ASK, False, model=both, hedge=0.05)
    assert result["answer"] == "first"
    await wire.auntil(lambda provider: provider.in_flight == 0, timeout=8)
    assert result["usage"]["hedged"] == 1


@pytest.mark.parametrize("bad", [status(500), prose()], ids=["error", "prose"])
async def test_an_answer_that_is_no_good_does_not_win(wire: FakeProvider, both: str, bad: Any) -> None:
    slow = Reply(data={"answer": "first", "sources": [{"title": "Wind"}], "best": {"title": "Wind"}}, latency=0.6)
    wire.enqueue(slow, bad)
    result = await run(one_step(TYPED), ASK, False, model=both, hedge=0.05)
    assert result["answer"]["answer"] == "first"
    assert len(wire.requests) == 2


async def test_if_neither_is_any_good_the_call_fails_as_it_would_have(wire: FakeProvider, both: str) -> None:
    wire.enqueue(replace(status(503), latency=0.3), status(503))
    with pytest.raises(ModelUnavailable):
        await run(ONE, ASK, False, model=both, hedge=0.05, max_attempts=2)
    assert len(wire.requests) == 2


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"max_attempts": 1},
        {"max_concurrency": 1},
        {"max_model_calls": 2},
        {"max_total_tokens": 5_000},
    ],
    ids=["off", "attempts", "width", "calls", "tokens"],
)
async def test_nothing_is_sent_where_it_would_pass_a_bound(
    wire: FakeProvider, both: str, given: dict[str, Any]
) -> None:
    wire.enqueue(Reply("first", latency=0.3))
    hedge = {} if not given else {"hedge": 0.05}
    result = await run(ONE, ASK, False, model=both, **hedge, **given)
    assert result["answer"] == "first"
    assert len(wire.requests) == 1
    assert result["usage"]["hedged"] == 0


async def test_nothing_is_sent_for_a_call_that_streams_to_somebody(wire: FakeProvider, both: str) -> None:
    wire.enqueue(Reply("first", latency=0.3))
    context = {"model": both, "hedge": 0.05}
    parts = [part async for part in ONE.astream(ASK, context=context, stream_mode="messages")]
    assert parts
    assert len(wire.requests) == 1


async def test_who_cancels_the_run_cancels_both(wire: FakeProvider, both: str) -> None:
    wire.enqueue(NEVER, NEVER)
    running = asyncio.create_task(run(ONE, ASK, False, model=both, hedge=0.05))
    await wire.auntil(lambda provider: provider.in_flight == 2, timeout=8)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await wire.auntil(lambda provider: provider.in_flight == 0, timeout=8)


async def test_a_budget_counts_both(wire: FakeProvider, both: str) -> None:
    wire.enqueue(NEVER)
    graph = fan_out(asks)
    given = {"items": [str(number) for number in range(7)]}
    # So late that no other call is as slow, on a busy machine neither: a second one is sent for one of them only.
    result = await run(graph, given, False, model=both, hedge=1.0, max_model_calls=20, max_concurrency=8)
    assert result["usage"]["hedged"] == 1
    assert len(wire.requests) == 8
    assert result["usage"]["model_calls"] + result["usage"]["unanswered_calls"] == 8


class Tags(BaseCallbackHandler):
    """What a trace is told of each request: its tags and its number."""

    def __init__(self) -> None:
        self.seen: list[tuple[list[str], int]] = []

    def on_chat_model_start(self, *args: Any, tags: list[str], metadata: dict[str, Any], **kwargs: Any) -> None:
        self.seen.append((tags, metadata["attempt"]))


async def test_the_log_and_the_trace_show_which_is_the_second(
    wire: FakeProvider, both: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FANLOOM_RUN_LOG", "all")
    wire.enqueue(NEVER)
    traced = Tags()
    await ONE.ainvoke(ASK, {"callbacks": [traced]}, context={"model": both, "hedge": 0.05})
    assert [("hedge" in tags, attempt) for tags, attempt in traced.seen] == [(False, 1), (True, 2)]
    assert run_logs("all").writer.flush()
    events = list(run_logs().store.events(run_logs().store.runs(limit=1)[0].run))
    assert [(event["n"], event["why"]) for event in events if event["type"] == "attempt.started"] == [
        (1, "first"),
        (2, "hedge"),
    ]
    ended = {event["n"]: event["outcome"] for event in events if event["type"] == "attempt.ended"}
    assert ended == {1: "cancelled", 2: "ok"}


@pytest.mark.parametrize("near", ["cool_down", "rpm"])
async def test_nothing_is_sent_while_the_model_cools_down_or_is_near_its_limit(
    wire: FakeProvider, both: str, near: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if near == "rpm":
        monkeypatch.setenv("FANLOOM_RPM", "2")

    def reply(request: Request) -> Reply:
        if near == "cool_down":
            limits_of(both).cool_down(0.4)
        return Reply("first", latency=0.3)

    wire.reply = reply
    result = await run(ONE, ASK, False, model=both, hedge=0.05)
    assert (result["answer"], result["usage"]["hedged"], len(wire.requests)) == ("first", 0, 1)
