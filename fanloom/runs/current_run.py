"""One run of one graph: its context, the run that has called it, and one place for what others keep of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property, partial
from sys import getrefcount
from typing import TYPE_CHECKING, Any, TypeVar, cast

from langchain_core.runnables.config import var_child_runnable_config
from langgraph.runtime import RunControl, Runtime

from fanloom.runlog.recorder import RunRecorder
from fanloom.runs.context import Context
from fanloom.runs.langgraph_internals import CONF, CONFIG_KEY_RUNTIME

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

T = TypeVar("T")


class Run:
    """A run of a graph, with the context it was given, and what others keep of it, each by a key of its own.

    `above` is the run whose task has called this graph, if one has, and `called_in` that task's config.
    """

    def __init__(
        self,
        given: Any,
        above: Run | None = None,
        called_in: RunnableConfig | None = None,
        read: Callable[[Any], Context] = Context.of,
    ) -> None:
        self.given, self.above, self.called_in = given, above, called_in
        self._read = read
        self._kept: dict[Any, Any] = {}
        self._lock = threading.RLock()

    @cached_property
    def context(self) -> Context:
        """What the run was given, as a Context. Raises InvalidContext."""
        return self._read(self.given)

    @property
    def top(self) -> Run:
        """The run that nothing has called, in which this one happens."""
        return self if self.above is None else self.above.top

    def upwards(self) -> Iterator[Run]:
        """Yield this run, and those in which it happens, the nearest first."""
        run: Run | None = self
        while run is not None:
            yield run
            run = run.above

    def keep(self, key: Any, make: Callable[[Run], T]) -> T:
        """Return what is kept of this run under a key; `make` makes it of the run when it is first asked for."""
        if key not in self._kept:
            with self._lock:
                if key not in self._kept:
                    self._kept[key] = make(self)
        kept: T = self._kept[key]
        return kept

    def kept(self, key: type[T]) -> T | None:
        """Return what is kept under a key that is its class, or None before it is made."""
        kept: T | None = self._kept.get(key)
        return kept


class GraphControl(RunControl):
    """LangGraph's control of one run of one graph, which holds our Run, so that the two are let go together.

    LangGraph hands the control of a run down to the graphs inside it; ours have one of their own, which obeys the outer
    one too. `context` is what the graph runs by: what its caller has given or, for a graph in a graph, what fits it of
    the parent's.
    """

    def __init__(
        self,
        schema: type[Any] | None,
        given: Any,
        control: RunControl | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        """Raises InvalidContext for what the caller has given, never for what a parent has."""
        super().__init__()
        called_in, outer = _calling_task(config)
        parents = outer.context if outer else given
        if isinstance(schema, type) and issubclass(schema, Context):
            self.context = schema.of(given) if given is not None or outer is None else schema.fitting(parents)
        else:
            self.context = given
        self._read = Context.of if given is not None or outer is None else Context.fitting
        self._outer = control or (outer.control if outer else None)
        self._above = _run_above(outer)
        self._called_in = called_in
        self._run: Run | None = None
        self._recorder: RunRecorder | None = None
        self._lock = threading.Lock()

    @property
    def recorder(self) -> RunRecorder | None:
        """What writes down the run, and the graphs inside it; None where nothing is written down."""
        return self._recorder or (self._outer.recorder if isinstance(self._outer, GraphControl) else None)

    def write_down(self, recorder: RunRecorder) -> None:
        """Let a recorder write the run down."""
        self._recorder = recorder

    @property
    def is_nested(self) -> bool:
        """Whether a task of another graph has called this one."""
        return self._called_in is not None

    @property
    def drain_requested(self) -> bool:
        """Whether this run, or one in which it happens, has been asked to end."""
        return self.drain_reason is not None

    @property
    def drain_reason(self) -> str | None:
        """Why it has been asked to end."""
        return super().drain_reason or (self._outer.drain_reason if self._outer else None)

    @property
    def begun(self) -> Run | None:
        """The run, once a node of it has asked for it."""
        return self._run

    def run(self, context: Any) -> Run:
        """Return the run, which goes by the context of its first node."""
        with self._lock:
            if self._run is None:
                self._run = Run(context, self._above, self._called_in, self._read)
            return self._run


def recorder_of(runtime: Runtime[Any] | None) -> RunRecorder | None:
    """Return what writes down the run that a runtime belongs to, if anything does."""
    control = runtime.control if runtime else None
    return control.recorder if isinstance(control, GraphControl) else None


def current_run(runtime: Runtime[Any] | None) -> Run:
    """Return the run that a node's runtime belongs to; without a runtime, a run of its own."""
    control = runtime.control if runtime else None
    if runtime is None or control is None:
        return Run(runtime.context if runtime else None)
    run_of = control.run if isinstance(control, GraphControl) else partial(_run_of_other, control)
    run = run_of(runtime.context)
    if runtime.context is run.given or (info := runtime.execution_info) is None:
        return run
    # A graph of LangGraph's own inside another one shares the control of that, but was given a context of its own.
    own = (Run, info.thread_id, info.checkpoint_ns.rpartition("|")[0])
    return run.keep(own, lambda above: Run(runtime.context, above))


def _calling_task(config: Mapping[str, Any] | None) -> tuple[RunnableConfig | None, Runtime[Any] | None]:
    """Return the config and the runtime of the task that calls a graph, if one does."""
    for each in (var_child_runnable_config.get(), config):
        found = ((each or {}).get(CONF) or {}).get(CONFIG_KEY_RUNTIME)
        # A server puts something else there, which only carries a context.
        if isinstance(found, Runtime) and found.execution_info:
            return cast("RunnableConfig", each), found
    return None, None


_AROUND: ContextVar[Run | None] = ContextVar("fanloom_run_around", default=None)


@contextmanager
def within(run: Run) -> Iterator[None]:
    """Let the graphs that are called in this block be parts of a run, whose bounds hold over them."""
    token = _AROUND.set(run)
    try:
        yield
    finally:
        _AROUND.reset(token)


def _run_above(outer: Runtime[Any] | None) -> Run | None:
    if outer is None:
        return _AROUND.get()
    if not isinstance(outer.control, GraphControl) and not isinstance(outer.context, Context):
        return None
    return current_run(outer)


# The runs of graphs that are LangGraph's own: nothing that lives as long as such a run can carry ours.
_others: dict[RunControl, Run] = {}
_others_lock = threading.Lock()


def _run_of_other(control: RunControl, context: Any) -> Run:
    with _others_lock:
        if control not in _others:
            for ended in _held_by_nobody(_others):
                del _others[ended]
            _others[control] = Run(context)
        return _others[control]


def _held_by_nobody(controls: Mapping[RunControl, Any]) -> list[RunControl]:
    """Return the controls whose runs have ended: it cannot be referenced weakly, but its references can be counted."""
    return [control for control in controls if getrefcount(control) <= _UNHELD]


(_UNHELD,) = [getrefcount(control) for control in {RunControl(): None}]
