"""Where the server keeps threads and long-term memory: at FANLOOM_CHECKPOINT_URL, so that a SIGKILL loses nothing."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.store.base import BaseStore

from fanloom.durable.checkpointer import open_checkpointer, open_store
from fanloom.errors import InvalidSettings
from fanloom.server.deletion import Deletion, with_its_logs
from fanloom.server.takeover import remember
from fanloom.settings import settings


@asynccontextmanager
async def checkpointer() -> AsyncIterator[BaseCheckpointSaver[Any]]:
    """Open the configured checkpointer: `"checkpointer": {"backend": "custom", "path": ...}` of langgraph.json.

    Raises InvalidSettings where the default, a file, would be lost: on a server of several processes.
    """
    async with open_checkpointer(_url()) as saver:
        remember(saver)
        deletion = Deletion(with_its_logs(saver.adelete_thread))
        saver.adelete_thread = deletion.begin  # type: ignore[method-assign]
        try:
            yield saver
        finally:
            await deletion.end()


@asynccontextmanager
async def store() -> AsyncIterator[BaseStore]:
    """Open the configured long-term memory: `"store": {"path": ...}` of langgraph.json.

    Raises InvalidSettings where the default, a file, would be lost: on a server of several processes.
    """
    async with open_store(_url()) as memory:
        yield memory


def _url() -> str:
    # A deployed server is told its own database; the development server has none.
    deployed = (os.environ.get("DATABASE_URI") or os.environ.get("POSTGRES_URI", "")).startswith("postgres")
    if deployed and "checkpoint_url" not in settings().model_fields_set:
        raise InvalidSettings(
            "set FANLOOM_CHECKPOINT_URL to a PostgreSQL database of Fanloom's own: without it each container would "
            "keep its threads in a file, and lose them when it ends"
        )
    return settings().checkpoint_url
