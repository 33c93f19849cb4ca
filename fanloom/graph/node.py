"""Nodes: async functions that run in synchronous and asynchronous graphs alike, and count what they use."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, get_type_hints

from langchain_core.runnables import RunnableConfig, RunnableLambda
from langgraph.config import get_stream_writer
from langgraph.errors import GraphInterrupt
from langgraph.runtime import get_runtime
from langgraph.types import Command

from fanloom.errors import GraphError
from fanloom.graph.nesting.nested_runs import all_at_rest
from fanloom.loops.background import run_in_background
from fanloom.runlog.current_log import part, record, recording
from fanloom.runs.current_run import recorder_of
from fanloom.runs.spending import TaskMeter
from fanloom.runs.usage import METER, Meter, Usage

Action = Callable[..., Awaitable[Any]]


class Node(RunnableLambda[Any, Any]):
    """An async function `(state, runtime, config, writer)`, of which it takes what it names, as a LangGraph node.

    In a synchronous graph it runs on one background event loop, so that both worlds have the same width. What its
    model calls used is added to its update as `usage`, if the graph has such a channel. It is a RunnableLambda because
    LangGraph looks for the graphs that a function calls among the `deps` of those.
    """

    def __init__(self, name: str, action: Action, *, counts_usage: bool) -> None:
        """Raises GraphError if the function has a parameter that nobody fills."""
        super().__init__(action, name=name)
        self.action = action
        self.counts_usage = counts_usage
        self.planned_in = ""
        """Of a worker of a fan-out: the node that plans it."""
        self.plans_early = False
        """Whether it begins tasks of a fan-out while it still plans."""
        self._wants = _wanted(name, action)

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """Run the function on the background loop and wait for it."""
        return run_in_background(self._run(input, config))

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """Run the function on the running loop."""
        return await self._run(input, config)

    async def _run(self, state: Any, config: RunnableConfig | None) -> Any:
        meter = await TaskMeter.begin(counts_usage=self.counts_usage)
        try:
            async with all_at_rest():
                with counting(meter), noted(self.name or "", state, config):
                    update = await self.action(state, **self._given(config))
        except BaseException:
            # However it ends: what a node has spent that fails, waits for a person or is cancelled was spent.
            await meter.given_up()
            raise
        await meter.ended()
        return with_usage(update, meter.total) if self.counts_usage else update

    def _given(self, config: RunnableConfig | None) -> dict[str, Any]:
        providers: dict[str, Callable[[], Any]] = {
            "runtime": get_runtime,
            "config": lambda: config,
            "writer": get_stream_writer,
        }
        return {name: providers[name]() for name in self._wants}


def input_schema_of(action: Any) -> type[Any] | None:
    """Return the TypedDict that a node function's first parameter is annotated with, if it is one."""
    try:
        hints = get_type_hints(action)
        first = next(iter(inspect.signature(action).parameters))
        schema = hints.get(first)
        return schema if isinstance(schema, type) and get_type_hints(schema) else None
    except (NameError, TypeError, StopIteration):
        # An annotation that only a type checker can resolve: the node then sees the whole state, as in LangGraph.
        return None


def _wanted(name: str, action: Action) -> tuple[str, ...]:
    _, *others = inspect.signature(action).parameters.values()
    required = [p.name for p in others if p.default is p.empty]
    if unknown := set(required) - {"runtime", "config", "writer"}:
        raise GraphError(f"node {name!r} takes {sorted(unknown)}; a node takes (state, runtime, config, writer)")
    return tuple(p.name for p in others if p.name in ("runtime", "config", "writer"))


@contextmanager
def noted(name: str, state: Any, config: RunnableConfig | None) -> Iterator[None]:
    """Write down, where the run is written down, that a node begins and ends, and what it asks a person."""
    task = state.get("fan_out", {}).get("task_id") if isinstance(state, Mapping) else None
    step = ((config or {}).get("metadata") or {}).get("langgraph_step")
    with recording(recorder_of(get_runtime())), part("node", node=name, task=task, superstep=step):
        try:
            yield
        except GraphInterrupt as stopped:
            for asked in stopped.args[0] if stopped.args else ():
                schema = getattr(asked, "response_schema", None)
                record("question.asked", id=asked.id, task=task, value=asked.value, response_schema=schema)
            raise


@contextmanager
def counting(meter: Meter) -> Iterator[None]:
    """Let a meter count the model calls that are made meanwhile."""
    token = METER.set(meter)
    try:
        yield
    finally:
        METER.reset(token)


def with_usage(update: Any, used: Usage) -> Any:
    """Return a node's update with what the node has used, which holds what the graphs have used that it has called."""
    if not (used["model_calls"] or used["unanswered_calls"]):
        return update
    usage = {"usage": used}
    if update is None:
        return usage
    if isinstance(update, Command):
        return replace(update, update={**(update.update or {}), **usage})
    return {**update, **usage} if isinstance(update, Mapping) else update
