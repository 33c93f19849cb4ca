"""Deleting the checkpoints of threads in the background, and what is written down of their runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from fanloom.loops.background import in_thread
from fanloom.runs.run_log import log_mode, run_logs

_logger = logging.getLogger(__name__)


def with_its_logs(delete: Callable[[str], Awaitable[None]]) -> Callable[[str], Awaitable[None]]:
    """Let what is written down of a thread's runs go with the thread."""

    async def deleted(thread_id: str) -> None:
        await delete(thread_id)
        if log_mode(has_thread=True) is not None:
            # To open them blocks.
            logs = await in_thread(run_logs)
            await in_thread(lambda: logs.writer.flush() and logs.store.delete(thread=thread_id))

    return deleted


class Deletion:
    """Deletes threads' checkpoints without making the caller wait.

    langgraph-runtime-inmem 0.36 looks a thread's place in its list up, awaits this, and then removes what is at that
    place: when two runs without a thread ended together, it removed another thread, and a client waited for ever.
    """

    def __init__(self, delete: Callable[[str], Awaitable[None]]) -> None:
        self._delete = delete
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self, thread_id: str) -> None:
        """Begin to delete a thread's checkpoints; the running loop does not turn in here."""
        task = asyncio.get_running_loop().create_task(self._deleted(thread_id))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    async def end(self) -> None:
        """Wait until all that has begun is deleted."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _deleted(self, thread_id: str) -> None:
        await self._delete(thread_id)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _logger.error("checkpoints of a deleted thread are still there: %s", type(error).__name__)
