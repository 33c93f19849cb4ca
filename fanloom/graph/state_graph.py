"""LangGraph's StateGraph, with nodes that run in both worlds at the same width."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Iterator, Mapping
from functools import partial
from typing import Any, Self, cast

from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.config import DEFAULT_RECURSION_LIMIT, merge_configs, var_child_runnable_config
from langgraph.graph import StateGraph as LangGraphStateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command, StateSnapshot

from fanloom.graph.changed_graph import check_inside, going_on, missing_nodes
from fanloom.graph.counted import Counted
from fanloom.graph.eager_plan import EarlyTasks
from fanloom.graph.nesting.graphs_inside import graphs_inside
from fanloom.graph.nesting.nested_runs import running_inside
from fanloom.graph.nesting.nested_thread import NestedThread
from fanloom.graph.node import Node, input_schema_of
from fanloom.graph.run_noted import NotedRun
from fanloom.loops.background import in_thread
from fanloom.runs.context import MAX_WIDTH
from fanloom.runs.current_run import GraphControl
from fanloom.tracing.langsmith_tracing import start_tracing

_MOST_SUPERSTEPS = 10_007  # as LangGraph has it where nobody says otherwise


class StateGraph(LangGraphStateGraph[Any, Any, Any, Any]):
    """A LangGraph StateGraph whose async nodes also run under `invoke`, `stream` and `batch`, at the same width.

    LangGraph by itself refuses async nodes in a synchronous run and gives such a run 6 threads on 2 cores. Everything
    else is LangGraph's, and so are its rules: an async router of a conditional edge, or a `timeout` on a node, still
    works in asynchronous runs only.
    """

    def add_node(self, node: Any, action: Any = None, **options: Any) -> Self:
        """Add a node; an async function becomes a `Node`, and its state's type the node's input schema."""
        name, action = (node, action) if isinstance(node, str) else (node.__name__, node)
        if inspect.iscoroutinefunction(action):
            options.setdefault("input_schema", input_schema_of(action))
            action = Node(name, action, counts_usage="usage" in self.channels)
        super().add_node(name, action, **options)
        spec = self.nodes[name]
        if "usage" in self.channels and not isinstance(spec.runnable, Node):
            spec.runnable = Counted(cast("Runnable[Any, Any]", spec.runnable))
        return self

    def compile(self, *args: Any, pattern: str | None = None, **options: Any) -> CompiledStateGraph[Any, Any, Any, Any]:
        """Compile the graph; the width of its runs is the context's `max_concurrency`, not LangGraph's threads.

        Its name and its `pattern`, a word for how it works, are the tags of its runs in LangSmith.
        """
        compiled = super().compile(*args, **options)
        parts = {name: value for name, value in vars(compiled).items() if name != "__orig_class__"}
        tags = [word for word in (options.get("name"), pattern) if word]
        return TracedGraph(**parts).with_config(max_concurrency=MAX_WIDTH, tags=tags)


class TracedGraph(CompiledStateGraph[Any, Any, Any, Any]):
    """A compiled graph; before a run it sees to it that tracing, where it is on, can neither leak nor hold it up."""

    # A thread of it goes on at nodes that were renamed: `rename_nodes`.
    knows_new_names = True

    def __init__(self, *, _serde_allowlist: set[tuple[str, ...]] | None = None, **parts: Any) -> None:
        super().__init__(**parts)
        # LangGraph's own copies forget it, and a checkpointer that a graph around this one lends would then give back
        # plain data in place of the types in the schemas.
        self._serde_allowlist = _serde_allowlist

    def _apply_checkpointer_allowlist(self, checkpointer: Any) -> Any:
        return _for_types_of(self, checkpointer)

    def stream(self, input: Any, config: RunnableConfig | None = None, **options: Any) -> Any:
        """Run the graph and yield what happens. Raises InvalidSettings before anything else, and InvalidContext."""
        given, own = self._begun(input, config, options)
        graph = self
        if (saver := self._own_saver(input, config)) is not None:
            place = merge_configs(self.config, config)
            graph = going_on(self, saver.get_tuple(place))
            if any(graph.get_subgraphs()):
                for inside in graphs_inside(graph, graph.get_state(place, subgraphs=True)):
                    check_inside(inside, _for_types_of(inside.graph, saver).get_tuple(inside.place))
        elif options["control"].is_nested and (nested := NestedThread.of(self, own)):
            own, found = nested.config, _for_types_of(self, nested.saver).get_tuple(nested.place)
            graph = going_on(self, found, self.name)
        events = super(TracedGraph, graph).stream(given, own, **options)
        noted = NotedRun.of(self, given, config, options["control"])
        events = noted.watched(events, options.get("stream_mode")) if noted else events
        return _giving_up_at_the_end(events, options["control"]) if self._plans_early else events

    def astream(self, input: Any, config: RunnableConfig | None = None, **options: Any) -> Any:
        """Run the graph and yield what happens. Raises InvalidSettings before anything else, and InvalidContext."""
        given, own = self._begun(input, config, options)
        events = self._events(given, own, self._own_saver(input, config), config, options)
        return _agiving_up_at_the_end(events, options["control"]) if self._plans_early else events

    def _events(
        self, given: Any, own: RunnableConfig | None, saver: Any, config: RunnableConfig | None, options: dict[str, Any]
    ) -> AsyncIterator[Any]:
        if saver is not None:
            return self._going_on(saver, given, own, config, options)
        if options["control"].is_nested:
            is_resumed = NestedThread.is_possible(own)
            events = (
                self._going_on_inside(given, own, options) if is_resumed else super().astream(given, own, **options)
            )
            return running_inside(events)
        return self._noted(super().astream(given, own, **options), given, config, options)

    @property
    def _plans_early(self) -> bool:
        """Whether a node begins tasks while it still plans."""
        return any(getattr(node.bound, "plans_early", False) for node in self.nodes.values())

    def get_state(self, config: RunnableConfig, **options: Any) -> StateSnapshot:
        """Return the state of a thread; nodes that were renamed stand there by the names that the thread knows."""
        graph = self
        if (saver := self._own_saver(None, config)) is not None:
            graph = self._renamed(saver.get_tuple(merge_configs(self.config, config)))
        return super(TracedGraph, graph).get_state(config, **options)

    async def aget_state(self, config: RunnableConfig, **options: Any) -> StateSnapshot:
        """Return the state of a thread; nodes that were renamed stand there by the names that the thread knows."""
        graph = self
        if (saver := self._own_saver(None, config)) is not None:
            graph = self._renamed(await saver.aget_tuple(merge_configs(self.config, config)))
        return await super(TracedGraph, graph).aget_state(config, **options)

    def _renamed(self, found: Any) -> Self:
        return self if missing_nodes(self, found) else going_on(self, found)

    async def _noted(
        self, events: AsyncIterator[Any], given: Any, config: RunnableConfig | None, options: dict[str, Any]
    ) -> AsyncIterator[Any]:
        # To look for a log and open it may block the loop.
        noted = await in_thread(partial(NotedRun.of, self, given, config, options["control"]))
        async for event in noted.awatched(events, options.get("stream_mode")) if noted else events:
            yield event

    async def _going_on(
        self, saver: Any, given: Any, own: RunnableConfig | None, config: RunnableConfig | None, options: dict[str, Any]
    ) -> AsyncIterator[Any]:
        place = merge_configs(self.config, config)
        graph = going_on(self, await saver.aget_tuple(place))
        if any(graph.get_subgraphs()):
            for inside in graphs_inside(graph, await graph.aget_state(place, subgraphs=True)):
                check_inside(inside, await _for_types_of(inside.graph, saver).aget_tuple(inside.place))
        events = super(TracedGraph, graph).astream(given, own, **options)
        if not options["control"].is_nested:
            events = self._noted(events, given, config, options)
        async for event in events:
            yield event

    async def _going_on_inside(
        self, given: Any, own: RunnableConfig | None, options: dict[str, Any]
    ) -> AsyncIterator[Any]:
        graph = self
        if nested := NestedThread.of(self, own):
            own, found = nested.config, await _for_types_of(self, nested.saver).aget_tuple(nested.place)
            graph = going_on(self, found, self.name)
        async for event in super(TracedGraph, graph).astream(given, own, **options):
            yield event

    def _own_saver(self, input: Any, config: RunnableConfig | None) -> Any:
        """Return where the thread is kept with which a run goes on, if one does."""
        goes_on = input is None or isinstance(input, Command)
        has_thread = "thread_id" in ((config or {}).get("configurable") or {})
        return self.checkpointer if goes_on and has_thread and self.checkpointer not in (None, True, False) else None

    def _begun(self, input: Any, config: RunnableConfig | None, options: dict[str, Any]) -> tuple[Any, Any]:
        """Return the input and config of a run of its own, also inside another graph; its options are set."""
        start_tracing()
        control = GraphControl(self.context_schema, options.get("context"), options.get("control"), config)
        options.update(context=control.context, control=control)
        if control.is_nested and isinstance(input, Mapping) and "usage" in self.channels:
            # What the graph around it has used is not its own.
            input = {name: value for name, value in input.items() if name != "usage"}
        return input, self._with_own_limit(config)

    def _with_own_limit(self, config: RunnableConfig | None) -> RunnableConfig | None:
        # LangChain's `batch`, chains and lambdas hand on 25 supersteps, which nobody chose, as its own merging of
        # configs knows: a loop of 20 rounds would lose its work there, though it ends by itself.
        given, ambient = config or {}, var_child_runnable_config.get() or {}
        if given.get("recursion_limit", ambient.get("recursion_limit")) != DEFAULT_RECURSION_LIMIT:
            return config
        own = (self.config or {}).get("recursion_limit", _MOST_SUPERSTEPS)
        return RunnableConfig(**{**given, "recursion_limit": own})


def _for_types_of(graph: Any, saver: Any) -> Any:
    """Return a saver that loads the types in a graph's schemas too."""
    # What LangGraph's server puts around a saver hands all on to that one, and cannot be copied.
    is_around_another = hasattr(type(saver), "__getattr__")
    return saver if is_around_another else saver.with_allowlist(graph._serde_allowlist or ())


def _giving_up_at_the_end(events: Iterator[Any], control: GraphControl) -> Iterator[Any]:
    """Yield a run's events; however it ends, nothing goes on that was begun for a node that never came."""
    try:
        yield from events
    finally:
        _give_up(control)


async def _agiving_up_at_the_end(events: AsyncIterator[Any], control: GraphControl) -> AsyncIterator[Any]:
    """Yield a run's events; however it ends, nothing goes on that was begun for a node that never came."""
    try:
        async for event in events:
            yield event
    finally:
        _give_up(control)


def _give_up(control: GraphControl) -> None:
    early = control.begun.kept(EarlyTasks) if control.begun else None
    if early:
        early.give_up()
