"""The bounds on each model in this process: calls wait here for what `rate_rules` decides."""

from __future__ import annotations

import asyncio
import os
import threading
import time
import weakref
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from functools import partial

from fanloom.gateway.bounds.adaptive_width import AdaptiveWidth
from fanloom.gateway.bounds.circuit_breaker import Breaker
from fanloom.gateway.bounds.head_start import HeadStart
from fanloom.gateway.bounds.lease import Lease
from fanloom.gateway.bounds.lease_rule import Ask, Grant
from fanloom.gateway.bounds.rate_rules import Limiter, Ticket
from fanloom.gateway.bounds.shared_limits import sharer_of
from fanloom.gateway.hedging.hedge_watch import HedgeWatch
from fanloom.loops.background import call_later
from fanloom.loops.promise import Promise
from fanloom.runlog.current_log import part
from fanloom.runs.usage import meter
from fanloom.settings import Settings, settings

_REMEMBERED_MODELS = 256
_SAME_S = 0.2


class ModelLimits:
    """The bounds on one model in this process, which the calls of all runs, loops and threads share."""

    def __init__(self, limiter: Limiter, clock: Callable[[], float] = time.monotonic) -> None:
        self.limiter = limiter
        self.breaker = Breaker(clock=clock)
        self.head_start = HeadStart()
        self.hedge_watch = HedgeWatch(clock)
        self.clock = clock
        self._wake_sharer: Callable[[], None] = lambda: None
        self._untold_pause = self._heeded_pause = 0.0
        self._heeded_mark = 0
        self._can_leave: dict[Ticket, Promise[bool]] = {}
        self._wake_at = float("inf")
        self._lock = threading.Lock()

    async def acquire(
        self, run: Hashable, tokens: int, *, can_leave: bool = False, model: str | None = None
    ) -> Ticket | None:
        """Wait until a call of a run, with an estimate of its tokens, may begin; `model` is what the log calls it.

        None says that it may not, which comes only to a call that can leave for another model, once this one is down.
        """
        turn: Promise[bool] = Promise()
        ticket = Ticket(run, tokens, lambda: turn.give(True), tasks=meter().nested)
        with self._lock:
            if self.limiter.begin_at_once(ticket, self.clock()):
                return ticket
            self.limiter.enter(ticket)
            self._grant()
            if not turn.given and self.limiter.lease and self.limiter.lease.is_short(tokens, self.clock()):
                self._wake_sharer()
            if can_leave and not turn.given:
                self._can_leave[ticket] = turn
        if can_leave and self.breaker.is_open():
            # It can have opened a moment ago.
            self.send_away()
        try:
            begins = await (turn.wait() if turn.given else self._waited(ticket, turn, model))
        except asyncio.CancelledError:
            self._give_up(ticket, turn)
            raise
        finally:
            self._can_leave.pop(ticket, None)
        return ticket if begins else None

    def is_idle(self, tokens: int) -> bool:
        """Say whether one more request would be in nobody's way, and the model is well."""
        with self._lock:
            return self.breaker.is_well and self.limiter.is_idle(tokens, self.clock())

    def waiting(self) -> dict[str, int]:
        """Return how many calls wait here, by what the first of them waits for: see `Limiter.holds`."""
        with self._lock:
            first = self.limiter.first_waiting
            return {self.limiter.holds(first, self.clock()): self.limiter.waiting} if first else {}

    async def _waited(self, ticket: Ticket, turn: Promise[bool], model: str | None) -> bool:
        with part("wait", reason=self.limiter.holds(ticket, self.clock()), on=model):
            return await turn.wait()

    def send_away(self) -> None:
        """Let the calls that wait here and can leave for another model do so."""
        with self._lock:
            for ticket, turn in list(self._can_leave.items()):
                if not turn.given and turn.give(False):
                    self.limiter.withdraw(ticket)

    def release(self, ticket: Ticket, tokens: int | None, *, succeeded: bool) -> None:
        """End a call: with the tokens it used, if they are known, and whether the provider took it."""
        with self._lock:
            self.limiter.leave(ticket, tokens, succeeded, self.clock())
            self._grant()

    def refused(self, ticket: Ticket) -> None:
        """Note that the provider has refused a call as too much, and has not said for how long."""
        with self._lock:
            self.limiter.refused(ticket, self.clock())

    def cool_down(self, seconds: float) -> None:
        """Begin no call for so long, because the server asks for it."""
        with self._lock:
            self.limiter.cool_down(self.clock() + seconds)
            self._untold_pause = self.limiter.paused_until
        self._wake_sharer()

    def share(self, wake: Callable[[], None]) -> None:
        """Tell other processes, by what `wake` calls, what this one meets."""
        self._wake_sharer = self.breaker.on_news = wake

    def ask(self) -> tuple[Ask, float]:
        """Return what this process asks of the shared limits, and the moment of it."""
        with self._lock:
            limiter, now = self.limiter, self.clock()
            assert limiter.lease, "without a lease nothing is shared"
            first = limiter.first_waiting
            ask = limiter.lease.ask(limiter.waiting, first.tokens if first else 0, limiter.width, now)
            ask.pause_s, self._untold_pause = max(0.0, self._untold_pause - now), 0.0
        ask.breaker = self.breaker.take_news()
        return ask, now

    def answered(self, grant: Grant, asked_at: float) -> None:
        """Take what was granted, and heed what other processes have met."""
        with self._lock:
            assert self.limiter.lease, "without a lease nothing is shared"
            now = self.clock()
            self.limiter.lease.renewed(grant, asked_at, now)
            # A pause is told again and again, and each time a little differently.
            if now + grant.pause_s > max(now, self.limiter.paused_until, self._heeded_pause) + _SAME_S:
                self._heeded_pause = now + grant.pause_s
                self.limiter.cool_down(self._heeded_pause)
            self._grant()
        self._heed_breaker(grant)

    def unanswered(self, ask: Ask) -> None:
        """Note that the shared limits could not be asked: what was told is told again."""
        with self._lock:
            assert self.limiter.lease, "without a lease nothing is shared"
            self.limiter.lease.unanswered(ask)
            self._untold_pause = max(self._untold_pause, self.limiter.paused_until if ask.pause_s else 0.0)
            self._grant()
        if ask.breaker:
            self.breaker.keep_news()

    def _heed_breaker(self, grant: Grant) -> None:
        is_new, self._heeded_mark = grant.mark != self._heeded_mark and not grant.is_own, grant.mark
        if is_new:
            self.breaker.hear(*grant.breaker)
        if is_new and grant.breaker[0]:
            self.send_away()

    def _give_up(self, ticket: Ticket, turn: Promise[bool]) -> None:
        with self._lock:
            if turn.cancel() or not turn.value:
                self.limiter.withdraw(ticket)
            else:
                # It came in the very moment in which its waiter was cancelled: nothing was sent.
                self.limiter.leave(ticket, 0, succeeded=False)
            # Who stood behind it may not have to wait for as much.
            self._grant()

    def _grant(self, late_s: float | None = None) -> None:
        now = self.clock()
        delay = self.limiter.grant(now, late_s)
        if delay is not None and now + delay < self._wake_at:
            self._wake_at = now + delay
            call_later(delay, partial(self._wake, self._wake_at))

    def _wake(self, at: float) -> None:
        with self._lock:
            # A timer that an earlier one has replaced must not start a second chain of timers.
            if at == self._wake_at:
                self._wake_at = float("inf")
                self._grant(self.clock() - at)


def _adaptive(now: Settings) -> AdaptiveWidth | None:
    """Return what finds the provider's limits, where nobody has said any."""
    return None if _is_said(now) else AdaptiveWidth(now.max_concurrency)


def _limiter(now: Settings, lease: Lease | None = None) -> Limiter:
    return Limiter(now.max_concurrency, now.rpm, now.tpm, _adaptive(now), lease)


def _made(name: str, now: Settings) -> ModelLimits:
    """Make the bounds of a model, which hold over processes where FANLOOM_LIMITS_URL says where they meet."""
    if (sharer := sharer_of(now.limits_url)) is None:
        return ModelLimits(_limiter(now))
    made = ModelLimits(_limiter(now, Lease(now.rpm, now.tpm, now.limits_share, time.monotonic())))
    made.share(sharer.wake)
    sharer.add(name, made)
    return made


def _is_said(now: Settings) -> bool:
    return "max_concurrency" in now.model_fields_set or bool(now.rpm or now.tpm)


_limits: OrderedDict[Hashable, tuple[ModelLimits, Callable[[], object]]] = OrderedDict()
_lock = threading.Lock()


def waiting_calls() -> Counter[str]:
    """Return how many calls wait in this process, over all models, by what they wait for."""
    with _lock:
        known = [found for found, _ in _limits.values()]
    return sum((Counter(each.waiting()) for each in known), Counter[str]())


def limits_of(name: str, instance: object = None) -> ModelLimits:
    """Return the bounds of a model, made from the settings: FANLOOM_MAX_CONCURRENCY, FANLOOM_RPM, FANLOOM_TPM.

    With FANLOOM_LIMITS_URL they hold over all processes that name the same store. A model that its caller has made has
    bounds of its own, which end with it.
    """
    now = settings()
    # A forked process has none of its parent's calls in flight.
    bounds = (now.max_concurrency, now.rpm, now.tpm, _is_said(now), now.limits_url, now.limits_share)
    key = (os.getpid(), name, id(instance), *bounds)
    with _lock:
        found, owner = _limits.get(key, (None, None))
        # The id of an instance that is gone can be given to another one.
        if found is None or owner is None or owner() is not instance:
            found = _made(name, now) if instance is None else ModelLimits(_limiter(now))
            _limits[key] = found, (lambda: None) if instance is None else weakref.ref(instance)
            while len(_limits) > _REMEMBERED_MODELS:
                _limits.popitem(last=False)
        # The model that nobody has asked for longest is forgotten first.
        _limits.move_to_end(key)
        return found
