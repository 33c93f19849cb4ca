"""When an item can do nothing more without an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

# How long nothing has to happen, and how often the loop has to go round meanwhile.
_MOMENT_S, _ROUNDS = 0.1, 20


class QuietItem:
    """Counts the calls of an item that are at work and those that are held up.

    A node that does something else for long, beside calls that are held up, is not seen: it goes on in a later wave.
    """

    def __init__(self) -> None:
        self._at_work = self._held = self._happened = 0

    async def quiet(self) -> None:
        """Wait until calls are held up, and nothing else happens."""
        while True:
            before = self._happened
            await asyncio.sleep(_MOMENT_S)
            for _ in range(_ROUNDS if self._is_still(before) else 0):
                await asyncio.sleep(0)
            if self._is_still(before):
                return

    def _is_still(self, before: int) -> bool:
        return bool(self._held and not self._at_work and before == self._happened)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Count a call that is at work."""
        self._at_work += 1
        self._happened += 1
        try:
            yield
        finally:
            self._at_work -= 1
            self._happened += 1

    @contextmanager
    def held(self) -> Iterator[None]:
        """Count a call that waits for its answer."""
        self._held += 1
        self._happened += 1
        try:
            yield
        finally:
            self._held -= 1
            self._happened += 1
