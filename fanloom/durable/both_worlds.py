"""A synchronous saver that asynchronous graphs can use too.

In a synchronous run an async worker may await a graph of its own, and that one keeps its record in the same saver.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver

from fanloom.loops.background import in_thread


class InBothWorlds(BaseCheckpointSaver[str]):
    """The asynchronous methods of a saver by its synchronous ones, each in a thread; they come before its own."""

    async def aget_tuple(self, *given: Any, **named: Any) -> Any:
        """Return one checkpoint."""
        return await in_thread(lambda: self.get_tuple(*given, **named))

    async def alist(self, *given: Any, **named: Any) -> AsyncIterator[Any]:
        """Yield checkpoints."""
        for found in await in_thread(lambda: list(self.list(*given, **named))):
            yield found

    async def aput(self, *given: Any, **named: Any) -> Any:
        """Store a checkpoint."""
        return await in_thread(lambda: self.put(*given, **named))

    async def aput_writes(self, *given: Any, **named: Any) -> None:
        """Store what a task has written."""
        await in_thread(lambda: self.put_writes(*given, **named))

    async def adelete_thread(self, *given: Any, **named: Any) -> None:
        """Delete a thread."""
        await in_thread(lambda: self.delete_thread(*given, **named))

    async def aget_delta_channel_history(self, *given: Any, **named: Any) -> Any:
        """Return what channels that are stored by what is written hold."""
        return await in_thread(lambda: self.get_delta_channel_history(*given, **named))
