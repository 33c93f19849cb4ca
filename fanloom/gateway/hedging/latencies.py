"""How long calls of one kind take, learned from those that have ended and from those that are still under way."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

_REMEMBERED = 256
# Below this, a share of 5 % is less than one call.
ENOUGH = 20


class Latencies:
    """The latencies of the latest calls; of one that is under way, or was given up, it is known to take longer.

    To leave those out would take the fast ones for all: of 100 calls begun at once, the first ten to end say nothing
    of the slowest. The estimate is the one of Kaplan and Meier (1958).
    """

    def __init__(self) -> None:
        self._ended: deque[tuple[float, bool]] = deque(maxlen=_REMEMBERED)
        self._begun: dict[Hashable, float] = {}

    def __len__(self) -> int:
        return len(self._ended) + len(self._begun)

    def begin(self, call: Hashable, now: float) -> None:
        """Note that a call has been sent."""
        self._begun[call] = now

    def end(self, call: Hashable, now: float, *, answered: bool) -> None:
        """Note that a call has ended, with an answer or without."""
        self._ended.append((now - self._begun.pop(call), answered))

    def quantile(self, share: float, now: float) -> float | None:
        """Return the seconds within which such a share of calls ends, or None while that is not known."""
        ages = [(now - begun, False) for begun in self._begun.values()]
        # Of equal ones, those that have ended come first: the others take longer.
        known = sorted([*self._ended, *ages], key=lambda known: (known[0], not known[1]))
        if sum(answered for _, answered in known) < ENOUGH:
            return None
        slower = 1.0
        for at_risk, (seconds, answered) in zip(range(len(known), 0, -1), known, strict=True):
            slower *= 1 - answered / at_risk
            if slower <= 1 - share + 1e-9:
                return seconds
        return None
