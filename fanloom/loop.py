"""One event loop in the background: for async nodes in synchronous graphs, and for the clients' connections.

A client keeps its connections on the loop that opened them. With one loop for all of them no `asyncio.run`, thread or
notebook leaves a session behind, and none meets a loop that is closed.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from fanloom.errors import GraphError

T = TypeVar("T")

_lock = threading.Lock()
# Keyed by process, since a thread does not survive a fork.
_loops: dict[int, asyncio.AbstractEventLoop] = {}


def run_in_background(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the background loop and wait for it, from any thread and inside any running loop.

    The coroutine sees the caller's context variables. Raises GraphError when called on the background loop itself,
    which would wait for itself for ever.
    """
    loop = _background_loop()
    if _running_loop() is loop:
        work.close()
        raise GraphError("an async node calls graph.invoke or graph.stream; await graph.ainvoke or graph.astream there")
    future = asyncio.run_coroutine_threadsafe(work, loop)
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


async def on_background(work: Coroutine[Any, Any, T]) -> T:
    """Await a coroutine that runs on the background loop, from any loop; cancelling it here cancels it there."""
    loop = _background_loop()
    if asyncio.get_running_loop() is loop:
        return await work
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, loop))


def call_later(delay: float, work: Callable[[], None]) -> None:
    """Call a function on the background loop after some seconds."""
    loop = _background_loop()
    loop.call_soon_threadsafe(loop.call_later, delay, work)


def _background_loop() -> asyncio.AbstractEventLoop:
    with _lock:
        if os.getpid() not in _loops:
            loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="fanloom-loop", daemon=True).start()
            _loops[os.getpid()] = loop
        return _loops[os.getpid()]


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
