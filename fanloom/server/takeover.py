"""Whose a thread is when the server has forgotten it: the development server's list of threads dies with a SIGKILL."""

from __future__ import annotations

import asyncio
from typing import Any
from weakref import WeakKeyDictionary

from langgraph.checkpoint.base import BaseCheckpointSaver

# A saver belongs to its event loop.
_savers: WeakKeyDictionary[asyncio.AbstractEventLoop, BaseCheckpointSaver[Any]] = WeakKeyDictionary()


def remember(saver: BaseCheckpointSaver[Any]) -> None:
    """Keep the saver that the running loop's server uses."""
    _savers[asyncio.get_running_loop()] = saver


async def owner_of_thread(thread: str) -> str | None:
    """Return the user who made the newest checkpoint of a thread; None without checkpoints, "" if it was nobody."""
    saver = _savers.get(asyncio.get_running_loop())
    found = await saver.aget_tuple({"configurable": {"thread_id": thread}}) if saver else None
    if found is None:
        return None
    # A state that is written through the API has no `owner`; a run's `user_id` is the caller's to choose.
    made_by: dict[str, Any] = {**found.metadata}
    return str(made_by.get("owner") or made_by.get("user_id") or "")
