"""How many second requests there may be: a share of all, saved up for when many calls are slow at once."""

from __future__ import annotations

from collections import deque


class TokenBucket:
    """Each request earns a share of a token, each second request takes a whole one; it begins with one.

    What is not taken within the next `kept_for` requests is lost, so that of so many requests in a row never more than
    their share is sent twice.
    """

    def __init__(self, share: float, kept_for: int) -> None:
        self.share, self.kept_for = share, kept_for
        self._requests = 0
        self._taken: deque[int] = deque()

    def earn(self) -> None:
        """Count one request."""
        self._requests += 1
        while self._taken and self._taken[0] <= self._requests - self.kept_for:
            self._taken.popleft()

    def take(self) -> bool:
        """Take a token, if there is one."""
        earned = 1 + self.share * min(self._requests, self.kept_for)
        # Products of shares are not exact.
        if len(self._taken) + 1 > earned + 1e-9:
            return False
        self._taken.append(self._requests)
        return True
