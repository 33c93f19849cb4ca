"""A graph of a project in a worker of a job: loaded there, as the command line loads it here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fanloom.cli.here.loading import AnyGraph, Session, open_graph
from fanloom.cli.here.project import read_project

if TYPE_CHECKING:
    from fanloom.batch.engines.graph_worker import Load


def load_from(root: Path, name: str) -> Load:
    """Return what loads a graph of the project in a folder, which may be said from where a worker is."""
    return partial(_load, root, name)


async def _load(root: Path, name: str, stack: AsyncExitStack) -> AnyGraph:
    session = WorkerSession(asyncio.get_running_loop())
    stack.push_async_callback(asyncio.to_thread, session.__exit__)
    project = read_project(root)
    # Importing it takes seconds.
    return await asyncio.to_thread(open_graph, project, name, session)


class WorkerSession(Session):
    """A session on a loop that runs already, used from another thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._stack = ExitStack()
        self._loop = loop

    def run(self, awaitable: Awaitable[Any]) -> Any:
        """Run an awaitable to its end on the loop."""

        async def awaited() -> Any:
            return await awaitable

        return asyncio.run_coroutine_threadsafe(awaited(), self._loop).result()
