"""What one run may spend: checked before every request, also inside a fan-out and after a resume."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from fanloom.errors import BudgetExceeded
from fanloom.loops.promise import Promise
from fanloom.runs.context import Context
from fanloom.runs.current_run import Run
from fanloom.runs.prices import cost_usd
from fanloom.runs.thread_record import usage_so_far
from fanloom.runs.usage import ModelUsage, Usage

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

# How long an answer is taken to be before the run has seen one: long, so that the budget holds from the first wave on.
FIRST_GUESS_TOKENS = 4096
# What a request counts as that was sent and not answered: a call, but none in `usage`, whose calls are answers.
UNANSWERED = ModelUsage(model_calls=1, input_tokens=0, output_tokens=0, cached_tokens=0, cost_usd=0.0)


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
    to end, first come, first served; once it is spent, no other begins. So no more requests are sent than a budget of
    calls allows, and one of tokens or cost is exceeded by no more than what the last requests use beyond their
    estimates.
    """

    def __init__(self, context: Context, spent: Usage) -> None:
        self.limits = {name: limit for name in Amount._fields if (limit := getattr(context, name)) is not None}
        self.spent = _amount(spent, _cost_so_far(spent))._replace(
            max_model_calls=spent["model_calls"] + spent.get("unanswered_calls", 0)
        )
        self.reserved = Amount()
        self._largest = Amount(*(total / max(1, spent["model_calls"]) for total in self.spent))
        self._largest_output = spent["output_tokens"] / max(1, spent["model_calls"])
        self._waiting: deque[tuple[Amount, Promise[Amount | None]]] = deque()
        self._lock = threading.Lock()

    async def reserve(self, input_tokens: int, cost_usd: float) -> Amount:
        """Set aside what a request is expected to use, whose prompt has so many tokens and which may cost so much.

        Raises BudgetExceeded, naming the limit, once it is spent.
        """
        turn: Promise[Amount | None] = Promise()
        with self._lock:
            self._waiting.append((Amount(1, input_tokens, cost_usd), turn))
            self._serve()
        try:
            reserved = await turn.wait()
        except asyncio.CancelledError:
            # It may have come in the very moment in which its waiter was cancelled; and others may stand behind it.
            came = None if turn.cancel() else turn.value
            self.settle(came or Amount(), None)
            raise
        if reserved is None:
            # A limit may have been raised since.
            name = self._spent_limit() or next(iter(self.limits))
            raise BudgetExceeded(f"the budget of this run is spent: {name}={self.limits[name]:g}; raise it to go on")
        return reserved

    def is_ample(self, input_tokens: int, cost_usd: float) -> bool:
        """Say whether half would be left after one more request, and no other waits for it."""
        with self._lock:
            then = self.spent.plus(self.reserved).plus(self._expected(Amount(1, input_tokens, cost_usd)))
            return not self._waiting and all(2 * getattr(then, name) <= limit for name, limit in self.limits.items())

    def settle(self, reserved: Amount, used: ModelUsage | None) -> None:
        """Replace a reservation by what was used, its cost kept where that is unknown; None: nothing was sent."""
        with self._lock:
            self.reserved = self.reserved.plus(reserved, -1)
            if used:
                amount = _amount(used, reserved.max_cost_usd)
                self.spent = self.spent.plus(amount)
                self._largest = Amount(*map(max, self._largest, amount))
                self._largest_output = max(self._largest_output, used["output_tokens"])
            self._serve()

    def _serve(self) -> None:
        """Answer those who wait, in turn: with a reservation while it fits, with None once the budget is spent."""
        while self._waiting:
            asked, turn = self._waiting[0]
            wanted = None if self._spent_limit() else self._expected(asked)
            must_wait = wanted and self.reserved.max_model_calls and not self._fits(wanted)
            if must_wait and not turn.cancelled:
                return
            self._waiting.popleft()
            if turn.give(wanted) and wanted:
                self.reserved = self.reserved.plus(wanted)

    @property
    def expected_output_tokens(self) -> float:
        """How long the next answer is taken to be: as long as the longest so far."""
        return self._largest_output or FIRST_GUESS_TOKENS

    @property
    def is_spent(self) -> bool:
        """Whether no other request begins."""
        return bool(self._spent_limit())

    def _expected(self, asked: Amount) -> Amount:
        """Return what a request will use: its prompt and such an answer, and no less than the largest call so far."""
        tokens = asked.max_total_tokens + self.expected_output_tokens
        return Amount(
            1, max(tokens, self._largest.max_total_tokens), max(asked.max_cost_usd, self._largest.max_cost_usd)
        )

    def _spent_limit(self) -> str:
        return next((name for name, limit in self.limits.items() if getattr(self.spent, name) >= limit), "")

    def _fits(self, wanted: Amount) -> bool:
        then = self.spent.plus(self.reserved).plus(wanted)
        return all(getattr(then, name) <= limit for name, limit in self.limits.items())


async def budgets_of(run: Run) -> list[Budget]:
    """Return the budgets that hold in a run: its own, and those of the runs in which it happens."""
    found: list[Budget] = []
    task: RunnableConfig | None = None
    for each in run.upwards():
        if (budget := await _budget_of(each, task)) is not None:
            found.append(budget)
        task = each.called_in
    return found


async def _budget_of(run: Run, task: RunnableConfig | None) -> Budget | None:
    """Return a run's budget, which begins with what its thread has spent before a resume; None if it has none.

    `task` is the config of the task of it that the call comes from, by default of the running one.
    """
    if not any(getattr(run.context, name) is not None for name in Amount._fields):
        return None
    if (kept := run.kept(Budget)) is None:
        spent = await usage_so_far(task)
        kept = run.keep(Budget, lambda run: Budget(run.context, spent))
    return kept


def _amount(used: ModelUsage | Usage, estimated_cost: float) -> Amount:
    cost = used["cost_usd"]
    tokens = used["input_tokens"] + used["output_tokens"]
    return Amount(used["model_calls"], tokens, estimated_cost if cost is None else cost)


def _cost_so_far(spent: Usage) -> float:
    """Return what the models of a thread have cost; where nobody knows, those of an unknown cost by their tokens."""
    if spent["cost_usd"] is not None:
        return spent["cost_usd"]
    return sum(_cost(model, used) for model, used in spent["by_model"].items())


def _cost(model: str, used: ModelUsage) -> float:
    known = used["cost_usd"]
    return (cost_usd(model, used["input_tokens"], used["output_tokens"]) or 0.0) if known is None else known
