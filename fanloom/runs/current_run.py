"""One run, whatever the nesting of its graphs: its context, and one place for what others keep of it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from fanloom.runs.context import Context

if TYPE_CHECKING:
    from langgraph.runtime import Runtime

T = TypeVar("T")

# Runs are few and small; a run that this many newer ones have pushed out only gets a new set of slots.
_REMEMBERED_RUNS = 4096

_runs: OrderedDict[Any, Run] = OrderedDict()
_lock = threading.Lock()


class Run:
    """A run: its context, and what the gateway, a fan-out and others keep of it, each by a key of its own."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._kept: dict[Any, Any] = {}
        self._lock = threading.RLock()

    def keep(self, key: Any, make: Callable[[Run], T]) -> T:
        """Return what is kept of this run under a key; `make` makes it of the run when it is first asked for."""
        with self._lock:
            if key not in self._kept:
                self._kept[key] = make(self)
            kept: T = self._kept[key]
            return kept

    def kept(self, key: type[T]) -> T | None:
        """Return what is kept under a key that is its class, or None before it is made."""
        kept: T | None = self._kept.get(key)
        return kept


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
