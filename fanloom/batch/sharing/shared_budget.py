"""The budget of a job whose shards share no folder: each is lent parts of it by a store that all of them reach."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any, TypeVar

from fanloom.batch.job_budget import JobBudget, spent_in
from fanloom.batch.job_folder import JobFolder
from fanloom.batch.job_manifest import Manifest
from fanloom.batch.sharing.budget_loans import Amounts, Ledger, Shard, Shares, come, give_back, lend
from fanloom.errors import BudgetExceeded
from fanloom.gateway.bounds.budget import Amount
from fanloom.gateway.bounds.limit_stores import LimitStore, limit_store, written
from fanloom.loops.background import in_thread
from fanloom.redaction import redact
from fanloom.runs.context import Context
from fanloom.settings import settings

T = TypeVar("T")

_AGAIN_S = 0.2
"""How soon a shard asks again that has not got what it wanted."""
_AWAY_S = 5.0
"""How soon it asks again where it has got no answer."""
_IN_A_JOB = ("graph", "context", "fingerprint", "columns", "id_column")
_logger = logging.getLogger(__name__)


class SharedJobBudget(JobBudget):
    """A budget of which this shard has what was lent to it, and asks for more before it needs it.

    `parts` are the even parts of all shards; its own holds while the store has never been reached. Once it was, what
    was lent last holds while the store is away.
    """

    def __init__(
        self, context: Context, folder: JobFolder, store: LimitStore, whole: Amounts, parts: Mapping[Shard, Amounts]
    ) -> None:
        super().__init__(context, folder)
        self._store, self._shard, self._whole, self._parts = store, folder.shard, whole, parts
        self._known = {other.shard: _named(spent_in(other), whole) for other in folder.others_divided()}
        self._has_come = self._is_away = False
        self._not_before, self._refused = 0.0, ""
        self._asking = threading.Lock()

    async def reserve(self, input_tokens: int, cost_usd: float) -> Amount:
        """Set aside what a request is expected to use. Raises BudgetExceeded once nothing is left."""
        asked = Amount(1, input_tokens, cost_usd)
        await self._borrowed(asked)
        while True:
            try:
                return await super().reserve(input_tokens, cost_usd)
            except BudgetExceeded:
                # Others may have taken what was borrowed for this one.
                if not await self._borrowed(asked):
                    # By now others may have been lent more, which this one has not waited for.
                    self._refused = self._refused or self._at_their_end() or self._told_limits(self._whole)
                    raise

    @property
    def reached(self) -> str:
        """The limits of the whole job that have left this shard no more; empty while it may spend more."""
        return self._refused or self._at_their_end()

    def _at_their_end(self) -> str:
        return self._told_limits(name for name, lent in self.limits.items() if getattr(self.spent, name) >= lent)

    def _told_limits(self, names: Iterable[str]) -> str:
        return ", ".join(f"{name}={self._whole[name]:g}" for name in names)

    def give_back(self) -> None:
        """Give back what was lent and is not spent: this shard has ended."""
        with self._asking:
            if self._has_come:
                self._told(lambda ledger, _: give_back(ledger, self._shard, self._held(), self._spent()))
            self._store.close()

    def _has_room(self, asked: Amount) -> bool:
        if not self._has_come:
            return False
        with self._lock:
            then = self._wanted(asked)
            return all(then[name] <= lent for name, lent in self.limits.items())

    async def _borrowed(self, asked: Amount) -> bool:
        """See to it that there is room for a request, and say whether there is."""
        if not self._has_room(asked):
            await in_thread(lambda: self._borrow(asked))
        return self._has_room(asked)

    def _borrow(self, asked: Amount) -> None:
        with self._asking:
            if self._has_room(asked) or time.monotonic() < self._not_before:
                return
            lent = self._told(lambda ledger, _: self._lent(ledger, asked))
            if lent is None:
                self._not_before = time.monotonic() + _AWAY_S
                return
            if any(lent[name] < wanted for name, wanted in self._wanted(asked).items()):
                self._not_before = time.monotonic() + _AGAIN_S
            self._has_come = True
            with self._lock:
                self.limits = lent
                self._serve()

    def _lent(self, ledger: Ledger, asked: Amount) -> dict[str, float]:
        if not self._has_come:
            spent = self._spent()
            more = {name: lost - spent[name] for name, lost in come(ledger, self._shard, spent, self._known).items()}
            if any(more.values()):
                _logger.warning("%s", _lost(self._shard, more))
            with self._lock:
                self.spent = self.spent.plus(Amount(**more))
        shares = Shares(self._held(), self._spent(), self._wanted(asked))
        return lend(ledger, self._shard, self._whole, self._parts, shares)

    def _told(self, change: Callable[[Any, float], T]) -> T | None:
        """Write to the store and return what is said there; None, which is told once, where it cannot be reached."""
        try:
            found = written(self._store, change)
        except Exception as error:  # noqa: BLE001 - whatever a driver raises: the job goes on with what it has
            if not self._is_away:
                _logger.warning("the job's budget cannot be shared (%s); this shard keeps what it has", _why(error))
            self._is_away = True
            return None
        self._is_away = False
        return found

    def _spent(self) -> dict[str, float]:
        return _named(self.spent, self._whole)

    def _held(self) -> dict[str, float]:
        return _named(self.spent.plus(self.reserved), self._whole)

    def _wanted(self, asked: Amount) -> dict[str, float]:
        return _named(self.spent.plus(self.reserved).plus(self._expected(asked)), self._whole)


def shard_budget(
    context: Context, folder: JobFolder | None, whole: Amounts, parts: Mapping[Shard, Amounts]
) -> JobBudget:
    """Return a shard's part of a budget: a fixed one, or what it is lent, where FANLOOM_LIMITS_URL names a store."""
    url, manifest = settings().limits_url, folder.manifest() if folder else None
    if not (url and folder and manifest and folder.shard[1] > 1 and manifest.fingerprint):
        return JobBudget(context, folder)
    return SharedJobBudget(context, folder, limit_store(url, job_name(manifest, folder)), whole, parts)


def job_name(manifest: Manifest, folder: JobFolder) -> str:
    """Return the name by which shards on different machines know that they are of one job."""
    told = {name: value for name, value in asdict(manifest).items() if name in _IN_A_JOB}
    text = json.dumps([folder.folder.resolve().name, told], sort_keys=True)
    return f"job:{hashlib.sha256(text.encode()).hexdigest()[:24]}"


def _named(amount: Amount, whole: Amounts) -> dict[str, float]:
    return {name: getattr(amount, name) for name in whole}


def _lost(shard: Shard, more: Amounts) -> str:
    told = ", ".join(f"{value:g} of {name}" for name, value in more.items() if value)
    return (
        f"shard {shard[0]}/{shard[1]} of this job has spent more before than this folder knows: all that it was lent "
        f"counts as spent, {told}; to begin anew, choose a folder of another name"
    )


def _why(error: Exception) -> str:
    return redact((str(error).strip().splitlines() or [type(error).__name__])[0])
