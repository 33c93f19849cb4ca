"""The graphs that a task has begun side by side: when one stops the task, the others come to rest before it ends.

`asyncio.gather` raises what the first of several raises, and lets the others run on. Whoever called the graph around
them may close the checkpointer then, and what they had finished would be lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any


class _Inside:
    """A graph that runs inside a task: in which of the loop's tasks, and when it has ended."""

    def __init__(self) -> None:
        self.runs_in = asyncio.current_task()
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def to_wait_for(self, *, only_cancelled: bool) -> set[asyncio.Future[Any]]:
        """Return what of it to wait for from another of the loop's tasks; who left it half read will not read on."""
        task = self.runs_in
        is_elsewhere = task is not None and task is not asyncio.current_task() and not task.done()
        if task is None or not is_elsewhere or (only_cancelled and not task.cancelling()):
            return set()
        return {task, self.ended}


_BEGUN: ContextVar[set[_Inside] | None] = ContextVar("fanloom_graphs_inside", default=None)


@asynccontextmanager
async def all_at_rest() -> AsyncIterator[None]:
    """Let no graph that was begun in this block run on when it raises; if it is cancelled, only what is so too."""
    begun: set[_Inside] = set()
    token = _BEGUN.set(begun)
    try:
        yield
    except BaseException as error:
        # However it ends: what would run on could write after its saver is closed.
        await _rest(begun, only_cancelled=isinstance(error, asyncio.CancelledError))
        raise
    finally:
        _BEGUN.reset(token)


async def running_inside(events: AsyncIterator[Any]) -> AsyncIterator[Any]:
    """Yield the events of a graph that a task calls, and tell the task's block until when it runs."""
    begun = _BEGUN.get()
    inside = _Inside()
    if begun is not None:
        begun.add(inside)
    try:
        async for event in events:
            yield event
    finally:
        if begun is not None:
            begun.discard(inside)
        if not inside.ended.done():
            inside.ended.set_result(None)


async def _rest(begun: set[_Inside], *, only_cancelled: bool) -> None:
    for inside in list(begun):
        if waited := inside.to_wait_for(only_cancelled=only_cancelled):
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
