"""What the model calls of one run share: its bounds, its budget and its models."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Hashable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, get_args

from fanloom.budget import Budget, sets_a_budget
from fanloom.candidate import Candidate, candidate
from fanloom.context import Context, Role
from fanloom.errors import InvalidContext
from fanloom.limits import Slots
from fanloom.loop import in_thread
from fanloom.models.factory import chat_model, model_name
from fanloom.needs import Board
from fanloom.prices import cost_usd
from fanloom.resume import usage_so_far

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langgraph.runtime import Runtime

# Runs are few and small; a run that this many newer ones have pushed out only gets a new set of slots.
_REMEMBERED_RUNS = 4096
_FALLBACK = "fallback"

_runs: OrderedDict[Any, Run] = OrderedDict()
_lock = threading.Lock()


class Run:
    """The bounds, the budget and the models of one run, whatever the nesting of its graphs."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.slots = Slots(context.max_concurrency)
        self._models: dict[str, tuple[str | BaseChatModel, BaseChatModel]] = {}
        self._candidates: dict[tuple[Role, type], list[Candidate]] = {}
        self._budget: Budget | None = None
        self._first: dict[Hashable, Future[None]] = {}
        self._boards: dict[Hashable, Board] = {}
        self._lock = threading.Lock()

    async def candidates(self, role: Role, output: type) -> list[Candidate]:
        """Return the models that can answer for a role: its own, then the fallback if there is one.

        The models of all roles are made at the first call, in a thread, so that a name, key or package that is missing
        is reported before anything is paid for. Raises UnknownModel, MissingCredentials or MissingPackage.
        """
        if not self._models:
            self._models = await in_thread(self._make_models)
        # Making a schema portable and binding it costs as much as a call; a fan-out asks for the same one every time.
        if (role, output) not in self._candidates:
            names = [role, _FALLBACK] if _FALLBACK in self._models else [role]
            self._candidates[role, output] = [candidate(*self._models[name], output) for name in names]
        return self._candidates[role, output]

    async def budget(self) -> Budget | None:
        """Return the run's budget, which begins with what the thread has spent before a resume; None if it has none."""
        if self._budget is None and sets_a_budget(self.context):
            spent = await usage_so_far()
            with self._lock:
                self._budget = self._budget or Budget(self.context, spent)
        return self._budget

    @asynccontextmanager
    async def alone_first(self, key: Hashable) -> AsyncIterator[None]:
        """Let the first call with a key finish before the others begin."""
        with self._lock:
            is_first = key not in self._first
            finished = self._first.setdefault(key, Future())
        if not is_first:
            # Shielded: a waiter that is cancelled must not take the others with it.
            await asyncio.shield(asyncio.wrap_future(finished))
        try:
            yield
        finally:
            if is_first:
                finished.set_result(None)

    def board(self, place: Hashable, outcomes: str) -> Board:
        """Return the board of the fan-out at a place of this run, whose outcomes go to a channel."""
        with self._lock:
            return self._boards.setdefault(place, Board(outcomes))

    def _make_models(self) -> dict[str, tuple[str | BaseChatModel, BaseChatModel]]:
        choices: dict[str, str | BaseChatModel] = {role: self.context.model_for(role) for role in get_args(Role)}
        if fallback := self.context.fallback():
            choices[_FALLBACK] = fallback
        for choice in choices.values():
            # The price list takes half a second to load, once; here that holds up no loop.
            price = cost_usd(model_name(choice), 0, 0)
            if price is None and self.context.max_cost_usd is not None:
                raise InvalidContext(
                    f"context field 'max_cost_usd': the price of {model_name(choice)!r} is not known, so it cannot be "
                    "kept; use max_total_tokens or max_model_calls instead."
                )
        return {
            name: (choice, chat_model(choice, timeout_s=self.context.timeout_s)) for name, choice in choices.items()
        }


def current_run(runtime: Runtime[Any] | None) -> Run:
    """Return the run that a node's runtime belongs to; without a runtime, a run of its own."""
    # LangGraph makes one RunControl a run and hands it down to nested graphs; it cannot be referenced weakly.
    control = runtime.control if runtime else None
    if runtime is None or control is None:
        return Run(Context.of(runtime.context if runtime else None))
    with _lock:
        if control not in _runs:
            _runs[control] = Run(Context.of(runtime.context))
            while len(_runs) > _REMEMBERED_RUNS:
                _runs.popitem(last=False)
        return _runs[control]
