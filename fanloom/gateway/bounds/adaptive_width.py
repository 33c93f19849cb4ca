"""How much a provider takes that nobody has said anything of: found by trying, on a clock that is given from outside.

Additive increase and multiplicative decrease, as TCP does it (RFC 5681) and Netflix's concurrency-limits: what was
refused says where the limit is. From time to time a little more asks whether it still is there, the rarer the more
often it was.
"""

from __future__ import annotations

from collections import deque
from statistics import median

from fanloom.gateway.bounds.call_pace import CallPace, Probing

FIRST = 8
DOUBLES_AFTER_S = 0.04
_LATE_S = 0.02
_SOON_S = 0.001
_LATENCIES = 64


class AdaptiveWidth:
    """The calls in flight, and the seconds between two of them, that a provider has taken so far.

    It begins with a few calls, and doubles them within hundredths of a second while nothing is refused, up to `most`.
    A refusal cuts the width to what the provider holds at that moment, refusals in a row to a half, a quarter and so
    on. What is refused though nothing else is in flight is too often, not too much: then calls keep a distance from
    each other.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.width = min(FIRST, most)
        self.pace = CallPace()
        self._is_new = True
        self._binds_since: float | None = None
        self._was_late = False
        self._cut_at = float("-inf")
        self._taken_before = most
        self._refused = self._ended = 0
        self._probing = Probing()
        self._latest: deque[float] = deque(maxlen=_LATENCIES)
        self._usual: float | None = None

    def wait_s(self, in_flight: int, now: float, late_s: float | None = 0.0) -> float | None:
        """Return how long the next call has to wait, in seconds; None if a call in flight must end first.

        `late_s` is by how much the timer that asks has come too late, and None if it is no timer that asks.
        """
        if in_flight < self.width:
            return self.pace.wait_s(now)
        if not self._is_new:
            return None
        self._binds_since = now if self._binds_since is None else self._binds_since
        if (left := self._binds_since + DOUBLES_AFTER_S - now) > 0:
            return left
        if late_s is None:
            return _SOON_S
        self._binds_since, self._was_late = now, late_s > _LATE_S and not self._was_late
        if self._was_late:
            # Whoever runs the timers was busy: a refusal can have come back that nobody has read yet.
            return DOUBLES_AFTER_S
        self.width = min(self.most, 2 * self.width)
        self._is_new = self.width < self.most
        return self.wait_s(in_flight, now)

    def begin(self, now: float) -> None:
        """Note that a call begins."""
        self.pace.begin(now)

    def refuse(self, begun: float, in_flight: int, now: float) -> None:
        """Note that the provider has refused a call, and how many others it holds."""
        # One that was sent before the last cut says nothing of what is taken since.
        is_anew = begun >= self._cut_at
        self._refused += is_anew
        self._ended = 0 if is_anew else self._ended
        if self.pace.gap_s and is_anew:
            self.pace.refuse(self._refused, now)
        elif not self.pace.gap_s and (is_anew or self._refused <= 1):
            self._cut(begun, in_flight, now)
        self._cut_at = now if is_anew else self._cut_at
        self._is_new = False

    def take(self, begun: float, in_flight: int, now: float) -> None:
        """Note that the provider has answered a call, and how many others it holds."""
        is_anew = begun >= self._cut_at
        self._refused = 0 if is_anew else self._refused
        self._ended += not is_anew
        self.pace.take(begun, is_anew)
        # What was sent before a cut says nothing of what is taken after it.
        if self._is_new or not is_anew or self._cut_at == float("-inf"):
            return
        if self._is_slower(now - begun):
            self._taken_before = self.width = max(1, self.width * 9 // 10)
        elif self.width < self._taken_before:
            self.width += 1
        elif in_flight + 1 >= self.width:
            # What is bound in time is not known to be bound at once.
            step = 1 if self.pace.gap_s else self._probing.well()
            self._taken_before = self.width = min(self.most, self.width + step)

    def _cut(self, begun: float, in_flight: int, now: float) -> None:
        if self._refused <= 1:
            self.width = max(1, min(self.width, in_flight))
            # What was answered since the first of these refusals was held beside the rest.
            self._taken_before = max(self.width, min(self._taken_before, in_flight + self._ended))
            self._probing.refused()
            return
        self.width = max(1, min(self.width, in_flight) >> self._refused - 1)
        if not in_flight:
            # Nothing else is held, and still it is refused: the calls came too often.
            self.pace.too_often(begun, now)

    def _is_slower(self, seconds: float) -> bool:
        """Say, once in so many calls, whether they have come to take twice as long as they did."""
        self._latest.append(seconds)
        if len(self._latest) < _LATENCIES:
            return False
        now = median(self._latest)
        self._latest.clear()
        before = self._usual if self._usual is not None else now
        # What takes longer for good is the new usual.
        self._usual = min(now, before * 1.1)
        return now > 2 * before
