"""The calls to one model that wait for their answer, watched by a timer; calls of any loop and thread take part."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

from fanloom.gateway.hedging.slow_calls import AGAIN_S, SlowCalls, WatchedCall
from fanloom.gateway.hedging.token_bucket import TokenBucket
from fanloom.loops.background import call_later

SHARE = 0.05
"""How many second requests there are to one model in this process, at most, for each first one."""
_KEPT_FOR = 512
_REMEMBERED_KINDS = 256


class HedgeWatch:
    """Watches the calls to one model, by kind, and asks for second requests of those that are slow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._bucket = TokenBucket(SHARE, _KEPT_FOR)
        self._kinds: OrderedDict[Hashable, SlowCalls] = OrderedDict()
        self._timed: set[Hashable] = set()
        self._lock = threading.Lock()

    @contextmanager
    def watching(self, call: WatchedCall, *, kind: Hashable, after_s: float | None, is_second: bool) -> Iterator[None]:
        """Watch a call from when it is sent to when it ends; without an error it has been answered."""
        with self._lock:
            calls = self._of(kind, after_s)
            calls.begin(call, self._clock(), is_second=is_second)
            self._look_later(kind, calls)
        answered = False
        try:
            yield
            answered = True
        finally:
            with self._lock:
                calls.end(call, self._clock(), answered=answered)

    def _of(self, kind: Hashable, after_s: float | None) -> SlowCalls:
        if (found := self._kinds.get(kind)) is None:
            found = self._kinds[kind] = SlowCalls(self._bucket, after_s)
            while len(self._kinds) > _REMEMBERED_KINDS:
                self._kinds.popitem(last=False)
        self._kinds.move_to_end(kind)
        return found

    def _look_later(self, kind: Hashable, calls: SlowCalls) -> None:
        if kind not in self._timed:
            self._timed.add(kind)
            call_later(AGAIN_S, lambda: self._look(kind, calls))

    def _look(self, kind: Hashable, calls: SlowCalls) -> None:
        with self._lock:
            self._timed.discard(kind)
            if calls.tell(self._clock()) is not None:
                self._look_later(kind, calls)
