"""One budget for all workers of a job: each asks the job's own process before a request, which writes it down first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import NamedTuple, TypeAlias

from fanloom.errors import BudgetExceeded
from fanloom.gateway.bounds.budget import UNANSWERED, Amount, Budget
from fanloom.loops.promise import Promise
from fanloom.runs.context import Context
from fanloom.runs.usage import ModelUsage, no_usage


class Asked(NamedTuple):
    """A worker asks to set something aside for a request."""

    number: int
    input_tokens: int
    cost_usd: float


class Settled(NamedTuple):
    """What a request has used; None where nothing was sent."""

    number: int
    used: ModelUsage | None


class Reply(NamedTuple):
    """What was set aside for a request, or why nothing was; and how the budget of the whole job stands."""

    number: int
    reserved: Amount | None
    said: str
    spent: Amount
    set_aside: Amount


Told: TypeAlias = Asked | Settled


class _Reserved(Amount):
    number: int = 0


class RemoteBudget(Budget):
    """The budget of the whole job, as a worker has it: what it sets aside is set aside by the job's own process.

    So a worker whose job is dead begins no request that the job would not know of.
    """

    def __init__(self, context: Context, tell: Callable[[Told], None]) -> None:
        super().__init__(context, no_usage())
        self._tell = tell
        self._numbers = count(1)
        self._asked: dict[int, Promise[Reply]] = {}

    async def reserve(self, input_tokens: int, cost_usd: float) -> Amount:
        """Set aside what a request is expected to use. Raises BudgetExceeded once nothing is left."""
        number, turn = next(self._numbers), Promise[Reply]()
        self._asked[number] = turn
        self._tell(Asked(number, input_tokens, cost_usd))
        try:
            reply = await turn.wait()
        except asyncio.CancelledError:
            turn.cancel()
            self._tell(Settled(number, None))
            raise
        finally:
            del self._asked[number]
        if reply.reserved is None:
            raise BudgetExceeded(reply.said)
        reserved = _Reserved(*reply.reserved)
        reserved.number = number
        return reserved

    def take(self, reply: Reply) -> None:
        """Take what the job's own process has said."""
        self.spent, self.reserved = reply.spent, reply.set_aside
        if turn := self._asked.get(reply.number):
            turn.give(reply)

    def settle(self, reserved: Amount, used: ModelUsage | None) -> None:
        """Tell what was used."""
        # How long answers are is known here too; what is spent comes with the next reply.
        super().settle(Amount(), used)
        assert isinstance(reserved, _Reserved), "it was set aside by `reserve`"
        self._tell(Settled(reserved.number, used))


class BudgetDesk:
    """Where the job's own process sets aside what one worker asks for; `fail` is told where it cannot write it down."""

    def __init__(
        self, budget: Budget, answer: Callable[[Reply], Awaitable[object]], fail: Callable[[OSError], None]
    ) -> None:
        self._budget, self._answer, self._fail = budget, answer, fail
        self._reserved: dict[int, Amount] = {}
        self._asking: dict[int, asyncio.Task[None]] = {}

    def take(self, told: Told) -> None:
        """Take what the worker has asked or told."""
        if isinstance(told, Asked):
            self._asking[told.number] = asyncio.create_task(self._reserve(told))
        elif task := self._asking.pop(told.number, None):
            # It was given up before it was answered.
            task.cancel()
        else:
            self._settle(self._reserved.pop(told.number, Amount()), told.used)

    async def _reserve(self, asked: Asked) -> None:
        try:
            reserved, said = await self._budget.reserve(asked.input_tokens, asked.cost_usd), ""
            self._reserved[asked.number] = reserved
        except BudgetExceeded as error:
            reserved, said = None, str(error)
        except OSError as error:
            self._fail(error)
            return
        self._asking.pop(asked.number, None)
        await self._answer(Reply(asked.number, reserved, said, self._budget.spent, self._budget.reserved))

    def lose(self) -> None:
        """Count what was set aside as spent: the worker is gone, and nobody knows what it has sent."""
        for task in self._asking.values():
            task.cancel()
        self._asking.clear()
        while self._reserved:
            _, reserved = self._reserved.popitem()
            tokens, cost = round(reserved.max_total_tokens), reserved.max_cost_usd
            self._settle(reserved, {**UNANSWERED, "input_tokens": tokens, "cost_usd": cost})

    def _settle(self, reserved: Amount, used: ModelUsage | None) -> None:
        try:
            self._budget.settle(reserved, used)
        except OSError as error:
            self._fail(error)
