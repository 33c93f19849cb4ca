"""The seconds between two calls to a provider that takes only so many in a time, most often in a minute.

And when a limit that was met, of whatever kind, is tried again.
"""

from __future__ import annotations

from collections import deque

from fanloom.gateway.bounds.lease_rule import MINUTE_S

PROBE_AFTER, _MOST_AFTER = 200, 3200
"""How many calls go well before a little more is tried: twice as many each time that the limit still is there."""
FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S, _LONGER = 16.0, 3
_REMEMBERED = 4096
_SHARE = 0.97
"""What is used of a rate: calls do not arrive as evenly as they are sent, and a full window refuses the early ones."""
_SLOWER, _FASTER = 1.1, 0.98
_GAPS = 4
_FEW = 10
_JITTER_S = 0.5
_TRIED = 3
"""After so many pauses, each three times as long, what is tried next is that a minute has to end."""


class Probing:
    """How many calls have to go well before a little more is tried, and how much more."""

    def __init__(self) -> None:
        self._after = PROBE_AFTER
        self._well = 0
        self._step = 0

    def well(self, least: float = 0) -> int:
        """Count a call that went well where the limit binds; return by how many steps to go beyond it, mostly 0.

        It never is tried before `least` calls.
        """
        self._well += 1
        if self._well < max(self._after, least):
            return 0
        # More was taken than is known to be refused: what is to be found is farther off.
        self._after = PROBE_AFTER if self._step else self._after
        self._well, self._step = 0, max(1, 2 * self._step)
        return self._step

    def refused(self) -> None:
        """Note that the limit is where it was."""
        self._after = min(_MOST_AFTER, 2 * self._after) if self._step else self._after
        self._well = self._step = 0


class CallPace:
    """What was taken says how far apart calls have to be: `gap_s`, which is 0 until some were refused as too often.

    A pause is tried first, longer each time. The first call that is taken then shows how long so many have to last.
    """

    def __init__(self) -> None:
        self.gap_s = 0.0
        self.paused_until = 0.0
        self._begun_at = float("-inf")
        self._binds = False
        self._taken: deque[float] = deque(maxlen=_REMEMBERED)
        self._full: tuple[float, int] | None = None
        self._refused_at = 0.0
        self._pauses = 0
        self._taken_gap_s = 0.0
        self._since_refusal = 0
        self._probing = Probing()

    def wait_s(self, now: float) -> float:
        """Return how long the next call has to wait, in seconds."""
        return max(0.0, self.paused_until - now, self._begun_at + self.gap_s - now)

    def begin(self, now: float) -> None:
        """Note that a call begins."""
        due = self._begun_at + self.gap_s
        self._binds = now - due < self.gap_s
        # A timer that is late makes no call later but its own.
        self._begun_at = due if self._binds else now

    def too_often(self, begun: float, now: float) -> None:
        """Note that a call was refused though nothing else was in flight: pause."""
        if self._full is None and (lately := self._lately(now)):
            self._full = lately[0], len(lately)
        self._refused_at = begun
        self._pause(now, FIRST_PAUSE_S * _LONGER**self._pauses)
        self._pauses = min(10, self._pauses + 1)
        # When what was taken first leaves the window of a minute.
        free = self._full[0] + MINUTE_S + _JITTER_S if self._full else now
        if now < free < self.paused_until or self._pauses > _TRIED:
            self.paused_until, self._pauses = max(now + FIRST_PAUSE_S, free), 0

    def take(self, begun: float, is_anew: bool) -> None:
        """Note that a call was taken, and whether it began after the last refusal."""
        self._taken.append(begun)
        self._since_refusal += is_anew
        self._pauses = 0 if is_anew else self._pauses
        if is_anew and self._full:
            self._learn(begun)
        elif self._binds and (steps := self._probing.well(MINUTE_S / self.gap_s)):
            self._taken_gap_s, self.gap_s = self.gap_s, self.gap_s * _FASTER**steps

    def refuse(self, refused: int, now: float) -> None:
        """Note that a call was refused that kept its distance, and how many were in a row."""
        if self._taken_gap_s > self.gap_s:
            # It was a trial.
            self.gap_s = self._taken_gap_s
        elif self._since_refusal < _FEW:
            self.gap_s = min(2 * self.gap_s, max(_SLOWER * self.gap_s, MINUTE_S / max(1, len(self._lately(now)))))
        else:
            self.gap_s *= _SLOWER
        self._probing.refused()
        self._taken_gap_s = self._since_refusal = 0
        self._pause(now, _GAPS * self.gap_s * 2 ** min(10, refused - 1))

    def _pause(self, now: float, seconds: float) -> None:
        self.paused_until = now + min(_LONGEST_PAUSE_S, seconds)

    def _learn(self, begun: float) -> None:
        assert self._full, "something was refused"
        since, calls = self._full
        # They last from one of these moments to the other; a minute, if that is between them.
        shortest, longest = self._refused_at - since, begun - since
        lasts = MINUTE_S if shortest - _JITTER_S < MINUTE_S <= longest else longest
        self.gap_s, self._full = lasts / calls / _SHARE, None

    def _lately(self, now: float) -> list[float]:
        """Return when those calls began that were taken within the last minute."""
        return sorted(begun for begun in self._taken if begun >= now - MINUTE_S)
