"""Bounds that hold across event loops and threads: of one run, and of the whole process."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from types import TracebackType

from fanloom.breaker import Breaker
from fanloom.limiter import Limiter, Ticket
from fanloom.loop import call_later
from fanloom.settings import settings

_REMEMBERED_MODELS = 256


class Slots:
    """A first-come, first-served semaphore that coroutines of any event loop in any thread can wait for."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._taken = 0
        self._waiting: deque[Future[None]] = deque()
        self._lock = threading.Lock()

    async def acquire(self) -> None:
        """Wait for a free slot and take it."""
        with self._lock:
            if self._taken < self.limit and not self._waiting:
                self._taken += 1
                return
            turn: Future[None] = Future()
            self._waiting.append(turn)
        try:
            await asyncio.wrap_future(turn)
        except asyncio.CancelledError:
            with self._lock:
                came = _came(turn)
            if came:
                self.release()
            raise

    def release(self) -> None:
        """Give the slot back: to the one who has waited longest, if anybody has."""
        with self._lock:
            while self._waiting:
                # A turn whose waiter was cancelled refuses; the slot then goes to the next one.
                if _give(self._waiting.popleft()):
                    return
            self._taken -= 1

    async def __aenter__(self) -> None:
        await self.acquire()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class ModelLimits:
    """The bounds on one model in this process, which the calls of all runs, loops and threads share."""

    def __init__(self, limiter: Limiter, clock: Callable[[], float] = time.monotonic) -> None:
        self.limiter = limiter
        self.breaker = Breaker()
        self.clock = clock
        self._wake_at = float("inf")
        self._lock = threading.Lock()

    async def acquire(self, run: Hashable, tokens: int) -> Ticket:
        """Wait until a call of a run, with an estimate of its tokens, may begin."""
        turn: Future[None] = Future()
        ticket = Ticket(run, tokens, lambda: _give(turn))
        with self._lock:
            self.limiter.enter(ticket)
            self._grant()
        try:
            await asyncio.wrap_future(turn)
        except asyncio.CancelledError:
            self._give_up(ticket, turn)
            raise
        return ticket

    def release(self, ticket: Ticket, tokens: int | None, *, succeeded: bool) -> None:
        """End a call: with the tokens it used, if they are known, and whether the provider took it."""
        with self._lock:
            self.limiter.leave(ticket, tokens, succeeded)
            self._grant()

    def cool_down(self, seconds: float) -> None:
        """Begin no call for so long, because the server asks for it."""
        with self._lock:
            self.limiter.cool_down(self.clock() + seconds)

    def _give_up(self, ticket: Ticket, turn: Future[None]) -> None:
        with self._lock:
            came = _came(turn)
            self.limiter.withdraw(ticket)
        if came:
            self.release(ticket, None, succeeded=False)

    def _grant(self) -> None:
        delay = self.limiter.grant(self.clock())
        if delay is not None and self.clock() + delay < self._wake_at:
            self._wake_at = self.clock() + delay
            call_later(delay, self._wake)

    def _wake(self) -> None:
        with self._lock:
            self._wake_at = float("inf")
            self._grant()


_limits: OrderedDict[Hashable, ModelLimits] = OrderedDict()
_lock = threading.Lock()


def limits_of(model: Hashable) -> ModelLimits:
    """Return the bounds of a model, made from the settings: FANLOOM_MAX_CONCURRENCY, FANLOOM_RPM, FANLOOM_TPM."""
    now = settings()
    key = (model, now.max_concurrency, now.rpm, now.tpm)
    with _lock:
        if key not in _limits:
            _limits[key] = ModelLimits(Limiter(now.max_concurrency, now.rpm, now.tpm))
            while len(_limits) > _REMEMBERED_MODELS:
                _limits.popitem(last=False)
        return _limits[key]


def _give(turn: Future[None]) -> bool:
    if not turn.set_running_or_notify_cancel():
        return False
    turn.set_result(None)
    return True


def _came(turn: Future[None]) -> bool:
    """Say whether a turn came in the very moment in which its waiter was cancelled; ask while holding the lock."""
    return turn.done() and not turn.cancelled()
