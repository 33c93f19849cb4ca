"""The first call to a model goes ahead of the others: one that is spent or gone costs one request, not one a task."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import asynccontextmanager

# A refusal comes in some tenths of a second; a good answer may take its time, and nobody waits for that.
HEAD_START_S = 0.5


class HeadStart:
    """Lets the first call to a model go ahead, until it has ended or some tenths of a second have passed."""

    def __init__(self) -> None:
        self._ended: Future[None] = Future()
        self._begun = False
        self._lock = threading.Lock()

    @asynccontextmanager
    async def given(self) -> AsyncIterator[None]:
        """Begin at once as the first call or once the first has ended, else a moment after it."""
        with self._lock:
            is_first, self._begun = not self._begun, True
        if not is_first and not self._ended.done():
            # Neither the time that is over nor a waiter that is cancelled ends the wait of the others.
            await asyncio.wait([asyncio.wrap_future(self._ended)], timeout=HEAD_START_S)
        try:
            yield
        finally:
            if is_first:
                self._ended.set_result(None)
