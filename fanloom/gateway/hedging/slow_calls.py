"""Which calls are slow enough for a second request: the rules, on a clock that is given from outside.

Dean and Barroso, "The Tail at Scale" (2013): a second request for those calls that are slower than 95 % of their like
takes most of the tail away and costs few requests. `hedge_watch` asks this, `race` sends what it decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from fanloom.gateway.hedging.latencies import ENOUGH, Latencies
from fanloom.gateway.hedging.token_bucket import TokenBucket

# A little above the 95 % of Dean and Barroso: with 5 % slow calls the tokens run out in every second fan-out.
SLOW_SHARE = 0.955
UNKNOWN_S = 5.0
"""How long a call may take before it counts as slow, while too few of its like are known."""
LEAST_S = 0.02
_VERY_LONG = 8
AGAIN_S = 0.025
"""How often the calls under way are looked at."""


@dataclass(eq=False)
class WatchedCall:
    """A call under way: `may_hedge` says whether a second request would be in nobody's way, `is_slow` asks for it."""

    may_hedge: Callable[[], bool]
    is_slow: Callable[[], None]


class SlowCalls:
    """The calls of one kind to one model: which of them get a second request, and when.

    `after_s` is what its caller calls slow, in seconds; None learns it.
    """

    def __init__(self, bucket: TokenBucket, after_s: float | None = None) -> None:
        self._bucket, self._after_s = bucket, after_s
        self._latencies = Latencies()
        self._waiting: dict[WatchedCall, float] = {}

    def begin(self, call: WatchedCall, now: float, *, is_second: bool = False) -> None:
        """Note that a request has been sent; a second one gets no third."""
        self._latencies.begin(call, now)
        if not is_second:
            self._bucket.earn()
            self._waiting[call] = now

    def end(self, call: WatchedCall, now: float, *, answered: bool) -> None:
        """Note that a request has ended."""
        self._latencies.end(call, now, answered=answered)
        self._waiting.pop(call, None)

    def slow_after(self, now: float) -> float:
        """Return how long a call takes that is slow, in seconds."""
        if self._after_s is not None:
            return self._after_s
        if (learned := self._latencies.quantile(SLOW_SHARE, now)) is not None:
            return max(LEAST_S, learned)
        if len(self._latencies) < ENOUGH:
            return UNKNOWN_S
        # Most of its like are under way as well: that it takes long says nothing, unless it takes very long.
        usual = self._latencies.quantile(0.5, now)
        return inf if usual is None else max(UNKNOWN_S, _VERY_LONG * usual)

    def tell(self, now: float) -> float | None:
        """Ask for second requests, the longest under way first; return when to look again, in seconds, if at all."""
        if not self._waiting:
            return None
        begun_before = now - self.slow_after(now)
        for call, begun in list(self._waiting.items()):
            if begun > begun_before:
                break
            if call.may_hedge():
                if not self._bucket.take():
                    break
                del self._waiting[call]
                call.is_slow()
        return AGAIN_S if self._waiting else None
