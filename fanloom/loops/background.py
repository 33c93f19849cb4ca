"""One event loop in the background: for async nodes in synchronous graphs, and for the clients' connections.

A client keeps its connections on the loop that opened them. With one loop for all of them no `asyncio.run`, thread or
notebook leaves a session behind, and none meets a loop that is closed.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar, TypeVarTuple

from fanloom.errors import GraphError
from fanloom.loops.promise import Promise, running_loop

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_lock = threading.Lock()
# Keyed by process, since a thread does not survive a fork.
_loops: dict[int, asyncio.AbstractEventLoop] = {}


def run_in_background(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the background loop and wait for it, from any thread and inside any running loop.

    The coroutine sees the caller's context variables. Raises GraphError when called on the background loop itself,
    which would wait for itself for ever.
    """
    loop = _background_loop()
    if running_loop() is loop:
        work.close()
        raise GraphError("an async node calls graph.invoke or graph.stream; await graph.ainvoke or graph.astream there")
    future = asyncio.run_coroutine_threadsafe(work, loop)
    try:
        return future.result()
    except BaseException:
        # Also for Ctrl-C in the thread that waits: nobody would read the result.
        future.cancel()
        raise


async def on_background(work: Coroutine[Any, Any, T]) -> T:
    """Await a coroutine that runs on the background loop, from any loop; cancelling it here cancels it there."""
    loop = _background_loop()
    if asyncio.get_running_loop() is loop:
        return await work
    begun: list[asyncio.Task[T]] = []
    ended: Promise[asyncio.Task[T]] = Promise()

    def begin() -> None:
        begun.append(loop.create_task(work))
        begun[0].add_done_callback(ended.give)

    loop.call_soon_threadsafe(begin)
    try:
        return (await ended.wait()).result()
    except asyncio.CancelledError:
        # It has begun by then: a loop does what it is told in order.
        loop.call_soon_threadsafe(lambda: begun[0].cancel())
        raise


async def in_thread(work: Callable[[], T]) -> T:
    """Run blocking work in a daemon thread of its own, with the caller's context variables.

    The loop's own pool has 6 threads on 2 cores, which work that waits for other work of the pool can lock for ever;
    and its threads keep a process from exiting. How much runs at once is bounded by who calls this.
    """
    future: Future[T] = Future()
    context = contextvars.copy_context()

    def run() -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(context.run(work))
        except StopIteration as error:
            # No future can carry this one.
            future.set_exception(RuntimeError(f"StopIteration: {error}"))
        except BaseException as error:  # noqa: BLE001 - the thread only carries what happened to the caller
            future.set_exception(error)

    threading.Thread(target=run, name="fanloom-work", daemon=True).start()
    return await asyncio.wrap_future(future)


def call_later(delay: float, work: Callable[[], None]) -> None:
    """Call a function on the background loop after some seconds."""
    loop = _background_loop()
    # Without the caller's context variables: a timer would keep them, and with them all of a run.
    loop.call_soon_threadsafe(loop.call_later, delay, work, context=contextvars.Context())


def begin_if_running(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Begin a coroutine on the background loop, if there is one; a finalizer can do so, at any moment."""
    # Without the lock, which the thread that the collector interrupts may hold.
    if (loop := _loops.get(os.getpid())) is not None:
        loop.call_soon_threadsafe(lambda: loop.create_task(work()), context=contextvars.Context())


def _background_loop() -> asyncio.AbstractEventLoop:
    with _lock:
        if os.getpid() not in _loops:
            # Not in the context of whoever comes first: the loop would keep that for ever.
            loop = contextvars.Context().run(_Loop)
            threading.Thread(target=_run_for_ever, args=[loop], name="fanloom-loop", daemon=True).start()
            _loops[os.getpid()] = loop
        return _loops[os.getpid()]


if sys.platform == "win32":
    _EventLoop = asyncio.ProactorEventLoop
else:
    _EventLoop = asyncio.SelectorEventLoop


class _Loop(_EventLoop):
    """An event loop whose timers, once cancelled, let go of their context variables, and with them of all of a run.

    asyncio keeps a cancelled timer for up to a minute, without its function and arguments, but with its context: the
    clients set one for each request. Here the context is one of the arguments.
    """

    def __init__(self) -> None:
        super().__init__()
        self._empty = contextvars.Context()

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        """Call a function at a moment on the loop's clock, in the context of now or the one that is given."""
        inside = contextvars.copy_context() if context is None else context
        return super().call_at(when, inside.run, callback, *args, context=self._empty)


def _run_for_ever(loop: asyncio.AbstractEventLoop) -> None:
    while True:
        try:
            loop.run_forever()
            return
        except (SystemExit, KeyboardInterrupt):
            # asyncio lets these two out of the loop too; the task that raised has them, and its caller gets them.
            continue
