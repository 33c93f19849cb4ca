"""The budget of a whole job, which shards, resumes and kills do not make larger."""

from __future__ import annotations

import threading

from fanloom.batch.ended_items import totals
from fanloom.batch.job_folder import JobFolder
from fanloom.gateway.bounds.budget import Amount, Budget
from fanloom.runs.context import Context
from fanloom.runs.usage import ModelUsage, Usage, no_usage


class JobBudget(Budget):
    """A budget that is written down before each request with what is set aside for it: a kill forgets nothing."""

    def __init__(self, context: Context, folder: JobFolder | None) -> None:
        super().__init__(context, _as_usage(spent_in(folder)) if folder else no_usage())
        self._folder, self._writing = folder, threading.Lock()

    async def reserve(self, input_tokens: int, cost_usd: float) -> Amount:
        """Set aside what a request is expected to use. Raises BudgetExceeded once nothing is left."""
        reserved = await super().reserve(input_tokens, cost_usd)
        self._write_down()
        return reserved

    def settle(self, reserved: Amount, used: ModelUsage | None) -> None:
        """Replace what was set aside by what was used."""
        super().settle(reserved, used)
        self._write_down()

    @property
    def reached(self) -> str:
        """The limits that are reached, as in `max_model_calls=10`; empty while more may be spent."""
        return ", ".join(f"{name}={most:g}" for name, most in self.limits.items() if getattr(self.spent, name) >= most)

    def _write_down(self) -> None:
        if self._folder:
            with self._writing:
                self._folder.note_spent(self.spent.plus(self.reserved)._asdict())


def spent_in(folder: JobFolder) -> Amount:
    """Return what a shard has spent: on items that have ended and, as far as it was noted, on others."""
    told, noted = totals(folder.own_results()), Amount(**folder.spent())
    by_items = Amount(told["model_calls"], told["input_tokens"] + told["output_tokens"], told["cost_usd"] or 0.0)
    return Amount(*map(max, by_items, noted))


def spent_elsewhere(folder: JobFolder) -> Amount:
    """Return what was spent while the job was divided into another number of shards."""
    spent = Amount()
    for other in folder.others_divided():
        spent = spent.plus(spent_in(other))
    return spent


def _as_usage(spent: Amount) -> Usage:
    calls, tokens, cost = spent
    return {**no_usage(), "model_calls": int(calls), "input_tokens": int(tokens), "cost_usd": cost}
