"""The background loop and the threads: nothing that a node does can stop them for the others."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
import time
import weakref
from contextvars import ContextVar
from typing import Any

import pytest

from fanloom import RunState
from fanloom.loops.background import in_thread, on_background, run_in_background
from tests.wiring import wired

LEAVING = """
from fanloom.loops.background import run_in_background

async def leave():
    raise {error}("bye")

async def stay():
    return "still here"

try:
    run_in_background(leave())
except {error}:
    print(run_in_background(stay()))
"""


@pytest.mark.parametrize("error", ["SystemExit", "KeyboardInterrupt", "GeneratorExit"])
def test_what_leaves_a_program_does_not_leave_the_loop(error: str) -> None:
    command = [sys.executable, "-c", LEAVING.format(error=error)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout.strip() == "still here", done.stderr


async def test_a_thread_carries_what_its_work_raises() -> None:
    def stop() -> Any:
        raise StopIteration(3)

    with pytest.raises(RuntimeError, match="StopIteration: 3"):
        await in_thread(stop)
    with pytest.raises(KeyError):
        await in_thread(lambda: {}["x"])


async def test_what_runs_in_the_background_ends_here_as_it_ended_there() -> None:
    seen: ContextVar[str] = ContextVar("seen", default="nothing")
    seen.set("what the caller set")

    async def work(error: type[BaseException] | None) -> str:
        await asyncio.sleep(0)
        if error:
            raise error("from there")
        return f"{seen.get()} in {threading.current_thread().name}"

    assert await on_background(work(None)) == "what the caller set in fanloom-loop"
    for error in (KeyError, asyncio.CancelledError):
        with pytest.raises(error):
            await on_background(work(error))


async def test_who_is_cancelled_here_is_cancelled_there() -> None:
    began, ended = threading.Event(), threading.Event()

    async def work() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    here = asyncio.create_task(on_background(work()))
    assert await asyncio.to_thread(began.wait, 20)
    here.cancel()
    with pytest.raises(asyncio.CancelledError):
        await here
    assert await asyncio.to_thread(ended.wait, 20)


class State(RunState, total=False):
    items: list[Any]


def fan_out(worker: Any) -> Any:
    return wired(State, worker).compile()


def test_synchronous_workers_that_call_graphs_do_not_wait_for_each_other() -> None:
    inner = fan_out(lambda task: task["item"])

    def call(task: dict[str, Any]) -> Any:
        return inner.invoke({"items": [task["item"]]})["outcomes"][0]["result"]

    result = fan_out(call).invoke({"items": list(range(20))})
    assert [outcome["result"] for outcome in result["outcomes"]] == list(range(20))


async def test_synchronous_workers_are_as_wide_as_asynchronous_ones() -> None:
    barrier = threading.Barrier(20)

    def meet(task: dict[str, Any]) -> int:
        barrier.wait(20)
        return 1

    result = await fan_out(meet).ainvoke({"items": list(range(20))})
    assert {outcome["status"] for outcome in result["outcomes"]} == {"done"}


def test_a_forked_or_second_use_finds_a_living_loop() -> None:
    async def now() -> float:
        return time.monotonic()

    assert run_in_background(now()) <= run_in_background(now())
    assert asyncio.run(asyncio.wait_for(in_thread(lambda: 5), 10)) == 5


def test_a_cancelled_timer_holds_on_to_no_run() -> None:
    class Large: ...

    variable: ContextVar[Large] = ContextVar("variable")

    async def timed() -> tuple[asyncio.TimerHandle, weakref.ref[Large]]:
        large = Large()
        variable.set(large)
        seen: asyncio.Future[Large] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(0, lambda: seen.set_result(variable.get()))
        # One that comes sees what was set, as in any loop.
        assert await seen is large
        timer = asyncio.get_running_loop().call_later(60, print)
        timer.cancel()
        return timer, weakref.ref(large)

    timer, large = run_in_background(timed())
    gc.collect()
    assert timer.cancelled()
    assert large() is None
