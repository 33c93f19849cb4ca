"""A circuit breaker: a provider that is down does not cost every call its time-out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

FAILURES = 5
OPEN_S = 30.0


class Breaker:
    """Open after some failures in a row; while it is open, one call in every `open_s` seconds may probe.

    It is asked only where there is somewhere else to go: the fallback model.
    """

    def __init__(
        self, failures: int = FAILURES, open_s: float = OPEN_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.failures, self.open_s, self.clock = failures, open_s, clock
        self._in_a_row = 0
        self._probe_at = 0.0
        self._lock = threading.Lock()

    def is_open(self) -> bool:
        """Say whether calls should go elsewhere for now; who asks this takes no probe."""
        with self._lock:
            return self._sends_elsewhere()

    def allows(self) -> bool:
        """Say whether a call should be sent now; while open, True is a probe, and the next one comes a while later."""
        with self._lock:
            if self._sends_elsewhere():
                return False
            if self._in_a_row >= self.failures:
                self._probe_at = self.clock() + self.open_s
            return True

    def succeeded(self) -> None:
        """Close."""
        with self._lock:
            self._in_a_row = 0

    def failed(self) -> None:
        """Count a failure; the last of a row opens."""
        with self._lock:
            self._in_a_row += 1
            if self._in_a_row == self.failures:
                self._probe_at = self.clock() + self.open_s

    def _sends_elsewhere(self) -> bool:
        return self._in_a_row >= self.failures and self.clock() < self._probe_at
