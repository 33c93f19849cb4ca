"""The limits of a job's workers: a ledger in one process of the cluster, by which they share a minute's allowance."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from fanloom.gateway.bounds.limit_stores import Page

_WAIT_S = 2.0


class LimitsLedger:
    """Keeps the ledger; an actor, so that no two calls of it run at once."""

    def __init__(self) -> None:
        self._version, self._text = 0, "{}"

    def read(self) -> Page:
        """Return the text, its version and the time."""
        return Page(self._version, self._text, time.time())

    def swap(self, version: int, text: str) -> bool:
        """Replace what was read, and say whether it was still there."""
        if version != self._version:
            return False
        self._version, self._text = version + 1, text
        return True


class RemoteLimits:
    """The ledger as a worker reaches it."""

    def __init__(self, ledger: Any) -> None:
        self._ledger = ledger

    def read(self) -> Page:
        """Return the text, its version and the time."""
        page: Page = self._got(self._ledger.read.remote())
        return page

    def swap(self, page: Page, text: str, news: str = "") -> bool:
        """Replace what was read, and say whether it was still there; no news is told."""
        return bool(self._got(self._ledger.swap.remote(page.version, text)))

    def heard(self) -> Iterator[str]:
        """Yield nothing, and end: who hears no news reads the ledger more often than every second."""
        return iter(())

    def close(self) -> None:
        """Do nothing: Ray keeps the connection."""

    def _got(self, ref: Any) -> Any:
        import ray

        return ray.get(ref, timeout=_WAIT_S)
