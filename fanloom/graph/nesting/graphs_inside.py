"""The graphs inside a graph at whose nodes a thread goes on: the nodes that are graphs, and what functions call."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import getclosurevars, isfunction
from typing import TYPE_CHECKING, Any, NamedTuple

from langchain_core.runnables import RunnableLambda, RunnableSequence
from langgraph.pregel import Pregel
from langgraph.types import StateSnapshot

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

    Graph = Pregel[Any, Any, Any, Any]


class GraphInside(NamedTuple):
    """A graph inside another one: the node by which it runs, its place in the thread, and whether that is certain."""

    name: str
    graph: Graph
    place: RunnableConfig
    is_node: bool

    def stands_at(self, checkpoint: Any) -> bool:
        """Return whether a checkpoint in its place is its own.

        A function may have called another graph first, which nobody sees: that has other channels, or other nodes.
        """
        if self.is_node or checkpoint is None:
            return True
        kept = checkpoint.checkpoint
        channels = {name for name in kept["channel_versions"] if ":" not in name}
        nodes = {name for name in kept["versions_seen"] if not name.startswith("__")}
        return channels <= self.graph.channels.keys() and nodes <= self.graph.nodes.keys()


def graphs_inside(graph: Graph, snapshot: StateSnapshot) -> Iterator[GraphInside]:
    """Yield the graphs inside one at which its thread goes on, at any depth."""
    for task in snapshot.tasks:
        node = graph.nodes[task.name].bound
        # Where a function calls several, nobody knows which of them stands where.
        found = {id(each): each for each in _graphs_in(node)}
        if len(found) == 1 and isinstance(task.state, StateSnapshot):
            (inner,) = found.values()
            yield GraphInside(task.name, inner, task.state.config, _is_graph(node))
            yield from graphs_inside(inner, task.state)


def _is_graph(node: Any) -> bool:
    return isinstance(getattr(node, "inner", node), Pregel)


def _graphs_in(part: Any) -> Iterator[Graph]:
    if isinstance(part, Pregel):
        yield part
        return
    for each in part.steps if isinstance(part, RunnableSequence) else _called_by(part):
        yield from _graphs_in(each)


def _called_by(part: Any) -> Iterator[Any]:
    """Yield the graphs, and what else can be run, that a function names, or that a runnable says it has inside."""
    function = getattr(part, "func", None) or getattr(part, "afunc", None)
    if isfunction(function):
        # By itself too: what is named in an expression, LangChain does not see.
        named = getclosurevars(function)
        yield from (each for each in (*named.globals.values(), *named.nonlocals.values()) if isinstance(each, Pregel))
    if function is not None and not isinstance(part, RunnableLambda):
        part = RunnableLambda(function)
    yield from getattr(part, "deps", ())
