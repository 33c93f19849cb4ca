"""Event loops, threads and connections: what calls share, and what they leave behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from fanloom import ModelRefused, ModelUnavailable, chat_model
from tests.slow import slow
from tests.wire.conftest import BEDROCK, GEMINI, OPENAI
from tests.wire.provider import FakeProvider, Request, hang, no_access, trickle
from tests.wire.steps import PLAIN, QUESTION, asked, asks, fan_out, one_step, run

ROOT = Path(__file__).parents[2]
ONE, MANY = one_step(PLAIN), fan_out(asks)
ASK = {"question": QUESTION}
WIDTH = 20


async def test_one_model_serves_many_loops_and_threads(wire: FakeProvider, both: str) -> None:
    async def three() -> list[str]:
        results = await asyncio.gather(*(run(ONE, ASK, sync, model=both) for sync in (False, False, True)))
        return [result["answer"] for result in results]

    def loops() -> list[str]:
        return [answer for _ in range(3) for answer in asyncio.run(three())]

    answers = await asyncio.gather(*(asyncio.to_thread(loops) for _ in range(4)))
    assert answers == [["ok"] * 9] * 4
    assert len(wire.requests) == 36


@pytest.mark.parametrize("model", [GEMINI, slow(OPENAI)])
async def test_fifty_failed_and_cancelled_fan_outs_leak_no_connection(provider: FakeProvider, model: str) -> None:
    all_there = asyncio.Event()

    async def reply(request: Request) -> Any:
        if asked(request) == "boom":
            await all_there.wait()
            return no_access()
        return hang()

    async def fail() -> None:
        items = ["boom", *range(WIDTH - 1)]
        all_there.clear()
        running = asyncio.create_task(run(MANY, {"items": items}, sync=False, model=model, on_failure="fail_fast"))
        await provider.auntil(lambda server: server.in_flight == WIDTH)
        provider._loop.call_soon_threadsafe(all_there.set)
        with pytest.raises(ModelRefused):
            await running

    async def cancel() -> None:
        running = asyncio.create_task(run(MANY, {"items": list(range(WIDTH))}, sync=False, model=model))
        await provider.auntil(lambda server: server.in_flight == WIDTH)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    provider.reply = reply
    for number in range(50):
        await (cancel() if number % 2 else fail())
        await provider.auntil(lambda server: server.in_flight == 0)
    await provider.auntil(lambda server: server.connections <= WIDTH + 5)
    provider.reply = "ok"
    assert (await run(ONE, ASK, sync=False, model=model, timeout_s=60))["answer"] == "ok"
    results = await run(MANY, {"items": list(range(WIDTH))}, sync=True, model=model)
    assert {outcome["status"] for outcome in results["outcomes"]} == {"done"}
    assert provider.connections <= WIDTH + 5


async def test_calls_that_time_out_give_up_their_connections(provider: FakeProvider, both: str) -> None:
    provider.reply = hang()
    for sync in (False, True) * 2:
        result = await run(MANY, {"items": list(range(WIDTH))}, sync, model=both, timeout_s=0.3, max_attempts=1)
        assert {outcome["status"] for outcome in result["outcomes"]} == {"timed_out"}
    await provider.auntil(lambda server: server.in_flight == 0 and server.connections <= WIDTH + 5)
    provider.reply = "ok"
    assert (await run(ONE, ASK, sync=False, model=both, timeout_s=60))["answer"] == "ok"


@pytest.mark.parametrize("way", ["async", "sync", "streamed"])
async def test_an_answer_that_trickles_leaves_neither_connection_nor_thread(
    provider: FakeProvider, both: str, way: str
) -> None:
    async def call(timeout_s: float) -> Any:
        context = {"model": both, "timeout_s": timeout_s, "max_attempts": 1}
        if way != "streamed":
            return await run(ONE, ASK, way == "sync", **context)
        return [part async for part in ONE.astream(ASK, context=context, stream_mode="messages")]

    # Those of other tests that gave a silent provider up.
    before = set(threading.enumerate())
    provider.reply = trickle()
    with pytest.raises(ModelUnavailable) as failed:
        await call(timeout_s=0.5)
    assert failed.value.kind == "timeout"
    await provider.auntil(lambda server: server.in_flight == server.connections == 0)
    await provider.auntil(lambda _: not working(before))
    provider.reply = "ok"
    assert await call(timeout_s=60)


async def test_a_call_that_is_given_up_before_it_is_sent_is_never_sent(wire: FakeProvider) -> None:
    model: Any = await asyncio.to_thread(chat_model, BEDROCK)
    making, go_on = threading.Event(), threading.Event()

    def sign(**_: Any) -> None:
        making.set()
        go_on.wait(20)

    before = set(threading.enumerate())
    model.client.meta.events.register("before-sign.bedrock-runtime", sign)
    try:
        call = asyncio.create_task(model.ainvoke("Hello"))
        assert await asyncio.to_thread(making.wait, 20)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        go_on.set()
        await wire.auntil(lambda _: not working(before))
    finally:
        model.client.meta.events.unregister("before-sign.bedrock-runtime", sign)
    assert wire.requests == []


def working(before: set[threading.Thread]) -> list[threading.Thread]:
    """Return the threads in which calls are being made, but for those that were there before."""
    return [thread for thread in threading.enumerate() if thread.name == "fanloom-work" and thread not in before]


SCRIPT = """
import asyncio, sys
from tests.wire.steps import PLAIN, asks, fan_out, one_step
context = {"model": sys.argv[1], "timeout_s": 600}
if sys.argv[2] == "sync":
    one_step(PLAIN).invoke({"question": "?"}, context=context)
else:
    asyncio.run(fan_out(asks).ainvoke({"items": list(range(8))}, context=context))
"""


# In a synchronous run of several tasks LangGraph itself waits for the threads of its nodes, so there is none here.
@pytest.mark.parametrize(
    ("model", "world", "width"),
    [slow(BEDROCK, "async", 8), (BEDROCK, "sync", 1), (GEMINI, "async", 8), slow(OPENAI, "async", 8)],
)
def test_a_cancelled_call_keeps_no_process_from_ending(
    provider: FakeProvider, model: str, world: str, width: int
) -> None:
    provider.reply = hang()
    command = [sys.executable, "-c", SCRIPT, model, world]
    with subprocess.Popen(command, cwd=ROOT, env=dict(os.environ), stderr=subprocess.PIPE, text=True) as process:
        try:
            provider.until(lambda server: server.in_flight == width, timeout=30)
            process.send_signal(signal.SIGINT)
            # The calls would go on for ten minutes.
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
    assert "KeyboardInterrupt" in said


@pytest.mark.parametrize("model", [GEMINI, BEDROCK, OPENAI])
async def test_a_cancelled_run_gives_its_places_back(wire: FakeProvider, model: str) -> None:
    wire.reply = hang()
    for _ in range(5):
        running = asyncio.create_task(run(MANY, {"items": list(range(70))}, sync=False, model=model, max_tasks=70))
        before = len(wire.requests)
        await wire.auntil(lambda server, before=before: len(server.requests) >= before + 32)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    wire.reply = "ok"
    assert (await run(ONE, ASK, sync=False, model=model, timeout_s=20))["answer"] == "ok"
