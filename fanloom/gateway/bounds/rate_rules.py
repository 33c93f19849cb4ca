"""When the next call to a model may begin: the rules, on a clock that is given from outside.

`process_limits` waits for what this decides.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from fanloom.gateway.bounds.adaptive_width import AdaptiveWidth
from fanloom.gateway.bounds.depth_first import DepthFirst, Task
from fanloom.gateway.bounds.lease import Charge, Lease
from fanloom.gateway.bounds.lease_rule import MINUTE_S

_NEAR = 0.9


@dataclass(eq=False)
class Ticket:
    """One call's place in the queue; `tokens` is an estimate until the call has been settled.

    `tasks` are those that it belongs to, the outermost first.
    """

    run: Hashable
    tokens: int
    granted: Callable[[], bool]
    """Called when the call may begin; returns whether anybody was still waiting."""
    begun: float | None = None
    tasks: Sequence[Task] = ()
    charge: Charge | None = None
    """What was taken for it from the lease, where the limits are shared."""


# Where a run has no other call queued.
_NOBODY: DepthFirst[Ticket] = DepthFirst()


class Limiter:
    """Bounds on the calls to one model: in flight, requests a minute, tokens a minute, and a cool-down.

    Runs take turns, so one with hundreds of calls queued does not starve one with a single call. Within a run a task in
    hand goes on before a new one begins, else it is first come, first served. After a cool-down the width starts at one
    and doubles with each call begun since then that succeeds. `adaptive` finds what the provider takes where nobody has
    said it. `lease` is this process's share of what several may begin a minute.
    """

    def __init__(
        self,
        width: int,
        rpm: int | None = None,
        tpm: int | None = None,
        adaptive: AdaptiveWidth | None = None,
        lease: Lease | None = None,
    ) -> None:
        self.width, self.rpm, self.tpm = width, rpm, tpm
        self.adaptive, self.lease = adaptive, lease
        self.in_flight = 0
        self.allowed = width
        self.paused_until = 0.0
        self._queues: OrderedDict[Hashable, DepthFirst[Ticket]] = OrderedDict()
        self._recent: deque[Ticket] = deque()

    @property
    def waiting(self) -> int:
        """How many calls are queued."""
        return sum(len(queue) for queue in self._queues.values())

    @property
    def first_waiting(self) -> Ticket | None:
        """The call whose turn it is, if any is queued."""
        return next(iter(self._queues.values())).first() if self._queues else None

    def is_idle(self, tokens: int, now: float) -> bool:
        """Say whether one more call is in nobody's way: no cool-down, no queue, and a tenth of each bound free."""
        self._forget(now)
        rpm, tpm = self._bounds(now)
        return (
            not self._queues
            and now >= self.paused_until
            and self.in_flight < self.allowed == self.width
            and (self.adaptive is None or self.adaptive.wait_s(self.in_flight + 1, now) == 0)
            and (self.lease is None or self.lease.wait_s(tokens, now) == 0)
            and (rpm is None or len(self._recent) + 1 <= _NEAR * rpm)
            and (tpm is None or sum(ticket.tokens for ticket in self._recent) + tokens <= _NEAR * tpm)
        )

    def enter(self, ticket: Ticket) -> None:
        """Queue a call."""
        self._queues.setdefault(ticket.run, DepthFirst()).enter(ticket, ticket.tasks)

    def begin_at_once(self, ticket: Ticket, now: float) -> bool:
        """Begin a call that need not wait, and say whether it is one."""
        self._forget(now)
        begins = not self._queues and self.in_flight < self.allowed and self._delay(ticket, now, None) == 0
        if begins:
            self._begin(ticket, now)
        return begins

    def withdraw(self, ticket: Ticket) -> None:
        """Take a call out of the queue that nobody waits for any more."""
        queue = self._queues.get(ticket.run)
        if queue and ticket in queue:
            queue.leave(ticket)
            if not queue:
                del self._queues[ticket.run]

    def grant(self, now: float, late_s: float | None = 0.0) -> float | None:
        """Begin all calls that may begin now; return the seconds until it is worth asking again, or None.

        None says that nothing is queued or that a call in flight must end first. `late_s` is by how much the timer that
        asks has come too late, and None if it is no timer that asks.
        """
        self._forget(now)
        while self._queues and self.in_flight < self.allowed:
            ticket = next(iter(self._queues.values())).first()
            delay = self._delay(ticket, now, late_s)
            if delay is None or delay > 0:
                return delay
            self._begin(ticket, now)
        return None

    def holds(self, ticket: Ticket, now: float) -> str:
        """Return what a queued call waits for: `cool_down`, `rpm`, `tpm` or `concurrency`."""
        if self.paused_until > now:
            return "cool_down"
        rpm, tpm = self._bounds(now)
        if rpm is not None and len(self._recent) >= rpm:
            return "rpm"
        if self.lease and self.lease.wait_s(ticket.tokens, now):
            return self.lease.lacks(ticket.tokens, now)
        full = tpm is not None and self._recent and self._room_for(ticket.tokens, tpm) > now
        return "tpm" if full else "concurrency"

    def leave(self, ticket: Ticket, tokens: int | None, succeeded: bool, now: float = 0.0) -> None:
        """End a call; `tokens` is what it really used, if that is known."""
        self.in_flight -= 1
        if tokens is not None:
            ticket.tokens = tokens
            if self.lease and ticket.charge:
                self.lease.settle(ticket.charge, tokens)
        if succeeded and self.adaptive:
            self.adaptive.take(ticket.begun or 0.0, self.in_flight, now)
        # What began before a cool-down says nothing about how much the server takes after it.
        if succeeded and (ticket.begun or 0.0) >= self.paused_until:
            self.allowed = min(self.width, self.allowed * 2)

    def refused(self, ticket: Ticket, now: float) -> None:
        """Note that the provider has refused a call as too much, before it leaves, and has not said for how long."""
        if self.adaptive:
            self.adaptive.refuse(ticket.begun or 0.0, self.in_flight - 1, now)

    def cool_down(self, until: float) -> None:
        """Begin no call before `until`, and then one at first."""
        self.paused_until = max(self.paused_until, until)
        self.allowed = 1

    def _begin(self, ticket: Ticket, now: float) -> None:
        self.withdraw(ticket)
        ticket.begun = now
        if not ticket.granted():
            return
        self.in_flight += 1
        if self.adaptive:
            self.adaptive.begin(now)
        if self.lease:
            ticket.charge = self.lease.begin(ticket.tokens, now)
        self._recent.append(ticket)
        # Also where nothing waits: what its tasks want next comes before what new ones do.
        self._queues.get(ticket.run, _NOBODY).begun(ticket.tasks, now)
        if ticket.run in self._queues:
            # To the back of the line of runs.
            self._queues.move_to_end(ticket.run)
        # It is remembered for a minute, and its run is not.
        ticket.run, ticket.tasks = None, ()

    def _delay(self, ticket: Ticket, now: float, late_s: float | None) -> float | None:
        found = self.adaptive.wait_s(self.in_flight, now, late_s) if self.adaptive else 0.0
        if found is None:
            return None
        waits = [found, self.paused_until - now]
        rpm, tpm = self._bounds(now)
        if self.lease:
            waits.append(self.lease.wait_s(ticket.tokens, now))
        if rpm is not None and len(self._recent) >= rpm:
            waits.append(self._leaves_window(len(self._recent) - rpm) - now)
        if tpm is not None and self._recent:
            waits.append(self._room_for(ticket.tokens, tpm) - now)
        return max(0.0, *waits)

    def _bounds(self, now: float) -> tuple[int | None, int | None]:
        return self.lease.bounds(now) if self.lease else (self.rpm, self.tpm)

    def _room_for(self, tokens: int, tpm: int) -> float:
        """Return when the window has room for so many tokens; a call larger than the window waits until it is empty."""
        used = sum(ticket.tokens for ticket in self._recent)
        for number, ticket in enumerate(self._recent):
            if used + tokens <= tpm:
                return self._leaves_window(number - 1) if number else 0.0
            used -= ticket.tokens
        return self._leaves_window(len(self._recent) - 1)

    def _leaves_window(self, number: int) -> float:
        return (self._recent[number].begun or 0.0) + MINUTE_S

    def _forget(self, now: float) -> None:
        while self._recent and (self._recent[0].begun or 0.0) + MINUTE_S <= now:
            self._recent.popleft()
