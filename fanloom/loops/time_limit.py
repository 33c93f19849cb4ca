"""A time limit that holds on to nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import Context


@asynccontextmanager
async def time_limit(seconds: float) -> AsyncIterator[None]:
    """Cancel what runs inside after some seconds, and raise TimeoutError.

    asyncio's own timer keeps the context variables it was made with, and with them all of a run, until its time has
    come, also when it was cancelled long before.
    """
    async with asyncio.timeout(None) as limit:
        Context().run(limit.reschedule, asyncio.get_running_loop().time() + seconds)
        yield
