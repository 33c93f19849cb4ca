"""A circuit breaker: a model that is down, spent or too busy does not cost every call its time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

FAILURES = 5
OPEN_S = 30.0
# How long every call may be throttled, over all that are made, before a model counts as down.
PATIENCE_S = 2.0
# The longest wait that a server is granted, and as long again for the answer: who is throttled later is so anew.
_IN_A_ROW_S = 120.0

_WHY = {
    "server_error": "it failed several times in a row",
    "throttled": "it has throttled every call for a while",
    "quota": "its quota is spent",
}


class Breaker:
    """Open after some failures in a row, after some seconds in which all was throttled, or while a quota is spent.

    While it is open, one call in every `open_s` seconds may probe, once a spent quota can have been renewed. It is
    asked only where there is somewhere else to go: the fallback model.
    """

    def __init__(
        self, failures: int = FAILURES, open_s: float = OPEN_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.failures, self.open_s, self.clock = failures, open_s, clock
        self.kind = ""
        self.on_news: Callable[[], None] = lambda: None
        """Called when it has opened or closed by what was heard in this process."""
        self._news = False
        self._in_a_row = 0
        self._throttled: tuple[float, float] | None = None
        self._probe_at = 0.0
        self._lock = threading.Lock()

    @property
    def why(self) -> str:
        """Why it is open, in words."""
        return _WHY.get(self.kind, "it was down")

    @property
    def is_well(self) -> bool:
        """Whether the last that was heard of the model was an answer, or nothing was."""
        with self._lock:
            return not (self.kind or self._in_a_row or self._throttled)

    @property
    def rests_s(self) -> float:
        """How many seconds it sends calls elsewhere from now on, before one may probe."""
        with self._lock:
            return max(0.0, self._probe_at - self.clock()) if self.kind else 0.0

    def is_open(self) -> bool:
        """Say whether calls should go elsewhere for now; who asks this takes no probe."""
        with self._lock:
            return self._sends_elsewhere()

    def allows(self) -> bool:
        """Say whether a call should be sent now; while open, True is a probe, and the next one comes a while later."""
        with self._lock:
            if self._sends_elsewhere():
                return False
            if self.kind:
                self._probe_at = self.clock() + self.open_s
            return True

    def succeeded(self) -> None:
        """Close."""
        with self._lock:
            was_open = bool(self.kind)
            self.kind, self._in_a_row, self._throttled = "", 0, None
            if was_open:
                self._tell()

    def failed(self) -> None:
        """Count a failure; the last of a row opens."""
        with self._lock:
            self._in_a_row += 1
            if self._in_a_row == self.failures:
                self._open("server_error", self.open_s)

    def throttled(self) -> None:
        """Note that a call was throttled; when nothing else has been heard for some seconds, it opens."""
        with self._lock:
            now = self.clock()
            self._in_a_row = 0
            since, last = self._throttled or (now, now)
            self._throttled = (since if now - last <= _IN_A_ROW_S else now), now
            if now - self._throttled[0] >= PATIENCE_S and not self.kind:
                self._open("throttled", self.open_s)

    def spent(self, seconds: float) -> None:
        """Open for so long at least: until then there is nothing to be had."""
        with self._lock:
            self._open("quota", seconds)

    def take_news(self) -> tuple[str, float] | None:
        """Return why it has opened and how long it stays so, or "" if it has closed; None if neither is new."""
        with self._lock:
            is_new, self._news = self._news, False
            return (self.kind, max(0.0, self._probe_at - self.clock()) if self.kind else 0.0) if is_new else None

    def keep_news(self) -> None:
        """Tell the others once more: they may not have heard it."""
        with self._lock:
            self._news = True

    def hear(self, kind: str, seconds: float) -> None:
        """Open for so long, or close where there is no reason, because another process has."""
        with self._lock:
            self.kind, self._in_a_row, self._throttled = kind, 0, None
            self._probe_at = self.clock() + seconds

    def _open(self, kind: str, seconds: float) -> None:
        self.kind = kind
        self._probe_at = self.clock() + seconds
        self._tell()

    def _tell(self) -> None:
        self._news = True
        self.on_news()

    def _sends_elsewhere(self) -> bool:
        return bool(self.kind) and self.clock() < self._probe_at
