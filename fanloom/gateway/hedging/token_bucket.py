"""How many second requests there may be: a share of all, saved up for when many calls are slow at once."""

from __future__ import annotations


class TokenBucket:
    """Each request earns a share of a token, each second request takes a whole one; it begins with one."""

    def __init__(self, share: float, most: float) -> None:
        self.share, self.most = share, most
        self.tokens = 1.0

    def earn(self) -> None:
        """Count one request."""
        self.tokens = min(self.most, self.tokens + self.share)

    def take(self) -> bool:
        """Take a token, if there is one."""
        # Sums of shares are not exact.
        if self.tokens < 1 - 1e-9:
            return False
        self.tokens -= 1
        return True
