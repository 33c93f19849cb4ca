"""A time limit that holds on to nothing."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from contextvars import Context
from types import TracebackType


def time_limit(seconds: float) -> AbstractAsyncContextManager[None]:
    """Cancel what runs inside after some seconds, and raise TimeoutError.

    asyncio's own timer keeps the context variables it was made with, and with them all of a run, until its time has
    come, also when it was cancelled long before.
    """
    return _TimeLimit(seconds)


class _TimeLimit:
    def __init__(self, seconds: float) -> None:
        self._seconds, self._limit = seconds, asyncio.timeout(None)

    async def __aenter__(self) -> None:
        await self._limit.__aenter__()
        Context().run(self._limit.reschedule, asyncio.get_running_loop().time() + self._seconds)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._limit.__aexit__(kind, error, trace)
