"""What one run may spend: checked before every request, also inside a fan-out and after a resume."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from typing import NamedTuple

from fanloom.context import Context
from fanloom.errors import BudgetExceeded
from fanloom.usage import ModelUsage, Usage

# What an answer is taken to need before the run has seen one.
_FIRST_GUESS_TOKENS = 256


class Amount(NamedTuple):
    """What is spent or set aside, named as the context names its limits: calls, tokens in and out, US dollars."""

    max_model_calls: float = 0
    max_total_tokens: float = 0
    max_cost_usd: float = 0

    def plus(self, other: Amount, sign: int = 1) -> Amount:
        """Return the sum, or with sign -1 the difference."""
        return Amount(*(a + sign * b for a, b in zip(self, other, strict=True)))


class Budget:
    """The budget of a run, which calls in any loop and thread spend from.

    A request reserves what it is expected to use. While requests in flight could use up the rest, others wait for them
    to end; once it is spent, no other begins. So a budget of calls is kept exactly, and one of tokens or cost is
    exceeded by no more than what the last requests use beyond their estimates.
    """

    def __init__(self, context: Context, spent: Usage) -> None:
        self.limits = {name: limit for name in Amount._fields if (limit := getattr(context, name)) is not None}
        self.spent = _amount(spent)
        self.reserved = Amount()
        self._output_tokens = 0
        self._waiting: list[Future[None]] = []
        self._lock = threading.Lock()

    async def reserve(self, input_tokens: int, cost_usd: float) -> Amount:
        """Set aside what a request is expected to use. Raises BudgetExceeded, naming the limit, once it is spent."""
        while True:
            with self._lock:
                self._refuse_if_spent()
                wanted = Amount(1, input_tokens + self._expected_output(), cost_usd)
                if not self.reserved.max_model_calls or self._fits(wanted):
                    self.reserved = self.reserved.plus(wanted)
                    return wanted
                turn: Future[None] = Future()
                self._waiting.append(turn)
            await asyncio.wrap_future(turn)

    def settle(self, reserved: Amount, used: ModelUsage | None) -> None:
        """Replace a reservation by what was used; None says that no answer came."""
        with self._lock:
            self.reserved = self.reserved.plus(reserved, -1)
            if used:
                self.spent = self.spent.plus(_amount(used))
                self._output_tokens += used["output_tokens"]
            waiting, self._waiting = self._waiting, []
        for turn in waiting:
            if turn.set_running_or_notify_cancel():
                turn.set_result(None)

    def _expected_output(self) -> float:
        return self._output_tokens / self.spent.max_model_calls if self._output_tokens else _FIRST_GUESS_TOKENS

    def _refuse_if_spent(self) -> None:
        for name, limit in self.limits.items():
            if getattr(self.spent, name) >= limit:
                raise BudgetExceeded(f"the budget of this run is spent: {name}={limit:g}; raise it to go on")

    def _fits(self, wanted: Amount) -> bool:
        then = self.spent.plus(self.reserved).plus(wanted)
        return all(getattr(then, name) <= limit for name, limit in self.limits.items())


def sets_a_budget(context: Context) -> bool:
    """Say whether a context limits what a run may spend."""
    return any(getattr(context, name) is not None for name in Amount._fields)


def _amount(used: ModelUsage | Usage) -> Amount:
    return Amount(used["model_calls"], used["input_tokens"] + used["output_tokens"], used["cost_usd"] or 0.0)
