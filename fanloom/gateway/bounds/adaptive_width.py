"""How much a provider takes that nobody has said anything of: found by trying, on a clock that is given from outside.

Additive increase and multiplicative decrease, as TCP does it (RFC 5681) and Netflix's concurrency-limits: what was
refused says where the limit is, and from time to time one call more asks whether it still is there.
"""

from __future__ import annotations

from collections import deque
from statistics import median

FIRST = 8
DOUBLES_AFTER_S = 0.04
PROBE_AFTER = 200
"""How many calls go well before one more at once is tried, where a limit has been met: half a per cent of refusals."""
_WINDOW_S = 60.0
FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 16.0
_SLOWER, _FASTER = 1.1, 0.9993
_LATENCIES = 64
_REMEMBERED = 4096


class AdaptiveWidth:
    """The calls in flight, and the seconds between two of them, that a provider has taken so far.

    It begins with a few calls, and doubles them within hundredths of a second while nothing is refused, up to `most`.
    A refusal cuts the width to what the provider holds at that moment, refusals in a row halve it. What is refused
    though nothing else is in flight is too often, not too much: then calls keep a distance from each other.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.width = min(FIRST, most)
        self.gap_s = 0.0
        self.paused_until = 0.0
        self._is_new = True
        self._binds_since: float | None = None
        self._cut_at = self._begun_at = float("-inf")
        self._taken_before = most
        self._refused = self._well = 0
        self._step = 1
        self._taken: deque[float] = deque(maxlen=_REMEMBERED)
        self._too_often: tuple[float, int] | None = None
        self._latest: deque[float] = deque(maxlen=_LATENCIES)
        self._usual: float | None = None

    def wait_s(self, in_flight: int, now: float) -> float | None:
        """Return how long the next call has to wait, in seconds; None if a call in flight must end first."""
        if in_flight < self.width:
            return max(0.0, self.paused_until - now, self._begun_at + self.gap_s - now)
        if not self._is_new:
            return None
        self._binds_since = now if self._binds_since is None else self._binds_since
        if (left := self._binds_since + DOUBLES_AFTER_S - now) > 0:
            return left
        self.width, self._binds_since = min(self.most, 2 * self.width), now
        self._is_new = self.width < self.most
        return self.wait_s(in_flight, now)

    def begin(self, now: float) -> None:
        """Note that a call begins."""
        due = self._begun_at + self.gap_s
        # A timer that is late makes no call later but its own.
        self._begun_at = due if self.gap_s and now - due < self.gap_s else now

    def refuse(self, begun: float, in_flight: int, now: float) -> None:
        """Note that the provider has refused a call, and how many others it holds."""
        # One that was sent before the last cut says nothing of what is taken since.
        is_anew = begun >= self._cut_at
        self._refused += is_anew
        if self.gap_s:
            self._come_less_often(now, is_anew)
        else:
            self._cut(in_flight, now)
        self._cut_at = now if is_anew else self._cut_at
        self._is_new, self._well, self._step = False, 0, 1

    def take(self, begun: float, in_flight: int, now: float) -> None:
        """Note that the provider has answered a call, and how many others it holds."""
        self._taken.append(now)
        if begun >= self._cut_at:
            self._refused = 0
            if self._too_often:
                since, calls = self._too_often
                self.gap_s, self._too_often = (now - since) / calls, None
        self.gap_s *= _FASTER
        if self._is_new or self._cut_at == float("-inf"):
            return
        if self._is_slower(now - begun):
            self._taken_before = self.width = max(1, self.width * 9 // 10)
        elif self.width < self._taken_before:
            self.width += 1
        elif in_flight + 1 >= self.width:
            self._probe()

    def _probe(self) -> None:
        self._well += 1
        if self._well >= PROBE_AFTER:
            self.width = min(self.most, self.width + self._step)
            self._taken_before = self.width
            self._well, self._step = 0, 2 * self._step

    def _cut(self, in_flight: int, now: float) -> None:
        if self._refused <= 1:
            self._taken_before = self.width = max(1, min(self.width, in_flight))
            return
        self.width = max(1, min(self.width, in_flight) // 2)
        if not in_flight:
            # Nothing else is held, and still it is refused: the calls came too often.
            self._too_often = self._too_often or self._lately(now)
            self._pause(now, FIRST_PAUSE_S)

    def _come_less_often(self, now: float, is_anew: bool) -> None:
        if is_anew:
            self.gap_s *= _SLOWER
            self._pause(now, self.gap_s)

    def _pause(self, now: float, first_s: float) -> None:
        self.paused_until = now + min(_LONGEST_PAUSE_S, first_s * 2 ** min(10, max(0, self._refused - 2)))

    def _lately(self, now: float) -> tuple[float, int] | None:
        """Return since when how many calls were taken, within the last minute."""
        lately = [taken for taken in self._taken if taken >= now - _WINDOW_S]
        return (lately[0], len(lately)) if lately else None

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
