"""Threads whose graph has changed meanwhile: what would go on at a node that is gone is not taken for done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from fanloom.errors import GraphError, UserError
from fanloom.runs.langgraph_internals import TASKS

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.pregel import Pregel

    Graph = Pregel[Any, Any, Any, Any]

_BRANCH = "branch:to:"
RENAMED: ContextVar[Mapping[str, str]] = ContextVar("fanloom_renamed", default=MappingProxyType({}))


def missing_nodes(graph: Graph, checkpoint: Any) -> list[str]:
    """Return the nodes at which a thread goes on, by its newest checkpoint, and that its graph does not have."""
    if checkpoint is None:
        return []
    values, versions = checkpoint.checkpoint["channel_values"], checkpoint.checkpoint["channel_versions"]
    sends = [send.node for send in values.get(TASKS) or []]
    # What an older step has left there, LangGraph never takes away.
    newest = max(versions.values(), default=None)
    branches = [name for name in values if name.startswith(_BRANCH) and versions.get(name) == newest]
    due = [name.removeprefix(_BRANCH) for name in branches]
    return [node for node in dict.fromkeys([*sends, *due]) if node not in graph.nodes]


def check_nodes(graph: Graph, checkpoint: Any) -> None:
    """Raise GraphError if a thread cannot go on because its graph has lost a node."""
    if lost := missing_nodes(graph, checkpoint):
        thread = checkpoint.config["configurable"]["thread_id"]
        raise GraphError(
            f"thread {thread!r} goes on at {', '.join(map(repr, lost))}, which its graph no longer has; bring it back, "
            f"or say which node does its work now: `fanloom resume {thread} --rename {lost[0]}=NEW`, from Python "
            f"rename_nodes(graph, config, {{{lost[0]!r}: 'NEW'}})"
        )


def rename_nodes(graph: Graph, config: RunnableConfig, names: Mapping[str, str]) -> None:
    """Let a thread go on though nodes at which it goes on were renamed: `names` gives the new name of each old one.

    What had finished is kept. Then `graph.invoke(None, config)` goes on. Raises UserError for a name that does not fit.
    """
    saver: Any = graph.checkpointer
    _check_names(graph, saver.get_tuple(config), names)
    with _renamed(names):
        graph.update_state(config, None)


async def arename_nodes(graph: Graph, config: RunnableConfig, names: Mapping[str, str]) -> None:
    """Do what `rename_nodes` does, with a checkpointer for `ainvoke`. Raises as that does."""
    saver: Any = graph.checkpointer
    _check_names(graph, await saver.aget_tuple(config), names)
    with _renamed(names):
        await graph.aupdate_state(config, None)


@contextmanager
def _renamed(names: Mapping[str, str]) -> Iterator[None]:
    token = RENAMED.set(names)
    try:
        yield
    finally:
        RENAMED.reset(token)


def _check_names(graph: Graph, checkpoint: Any, names: Mapping[str, str]) -> None:
    lost = missing_nodes(graph, checkpoint)
    if left := [name for name in lost if name not in names]:
        raise UserError(f"the thread goes on at {', '.join(map(repr, left))} too; give the new name of each")
    if unknown := [name for name in names if name not in lost]:
        raise UserError(f"the thread does not go on at a node {', '.join(map(repr, unknown))} that is gone")
    nodes = [name for name in graph.nodes if not name.startswith("__")]
    if wrong := [name for name in names.values() if name not in nodes]:
        raise UserError(f"the graph has no node {', '.join(map(repr, wrong))}; it has {', '.join(nodes)}")
