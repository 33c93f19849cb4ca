"""Threads whose graph has changed meanwhile: what would go on at a node that is gone is not taken for done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from langgraph.channels import NamedBarrierValue
from langgraph.pregel import Pregel
from langgraph.types import StateSnapshot

from fanloom.errors import GraphError, UserError
from fanloom.runs.langgraph_internals import TASKS

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

    Graph = Pregel[Any, Any, Any, Any]

G = TypeVar("G", bound="Pregel[Any, Any, Any, Any]")

_BRANCH, _BARRIER = "branch:to:", "join:"
# No channel: LangGraph keeps it with a checkpoint and applies it to none.
_RENAMED = "fanloom_renamed"


def missing_nodes(graph: Graph, checkpoint: Any) -> list[str]:
    """Return the nodes at which a thread goes on, by its newest checkpoint, and that its graph does not have."""
    renamed = _renamed(graph, checkpoint)
    return [node for node in _gone(graph, checkpoint) if node not in renamed]


def going_on(graph: G, checkpoint: Any) -> G:
    """Return the graph with which a thread goes on: its own, in which nodes that were renamed stand by their old names.

    So LangGraph finds what the thread holds of their tasks: what is done, and what is asked. Raises GraphError if the
    thread cannot go on because its graph has lost a node.
    """
    check_nodes(graph, checkpoint)
    renamed = _renamed(graph, checkpoint)
    names = {old: renamed[old] for old in _gone(graph, checkpoint)}
    return _with_old_names(graph, names, checkpoint) if names else graph


def check_nodes(graph: Graph, checkpoint: Any) -> None:
    """Raise GraphError if a thread cannot go on because its graph has lost a node."""
    if lost := missing_nodes(graph, checkpoint):
        thread = checkpoint.config["configurable"]["thread_id"]
        raise GraphError(
            f"thread {thread!r} goes on at {', '.join(map(repr, lost))}, which its graph no longer has; bring it back, "
            f"or say which node does its work now: `fanloom resume {thread} --rename {lost[0]}=NEW`, from Python "
            f"rename_nodes(graph, config, {{{lost[0]!r}: 'NEW'}})"
        )


def graphs_inside(graph: Graph, snapshot: StateSnapshot) -> Iterator[tuple[str, Graph, Any]]:
    """Yield the nodes at which a thread goes on and that are graphs, at any depth: by name, each with its own place."""
    inner = dict(graph.get_subgraphs())
    for task in snapshot.tasks:
        if isinstance(task.state, StateSnapshot) and isinstance(found := inner.get(task.name), Pregel):
            yield task.name, found, task.state.config
            yield from graphs_inside(found, task.state)


def check_inside(name: str, graph: Graph, checkpoint: Any) -> None:
    """Raise GraphError if a graph that is a node cannot go on in a thread because it has lost a node itself."""
    if lost := _gone(graph, checkpoint):
        raise GraphError(
            f"the thread goes on at {lost[0]!r} in {name!r}, a graph that no longer has it; bring it back until the "
            "thread is done, or start a new run"
        )


def rename_nodes(graph: Graph, config: RunnableConfig, names: Mapping[str, str]) -> None:
    """Let a thread go on though nodes at which it goes on were renamed: `names` gives the new name of each old one.

    What had finished is kept, and what waits can be answered. Then `graph.invoke(None, config)` goes on. Raises
    UserError for a name that does not fit, and for a graph that is not made with `fanloom.StateGraph`.
    """
    _check_made_here(graph)
    saver: Any = graph.checkpointer
    found = saver.get_tuple(config)
    _check_names(graph, found, names)
    saver.put_writes(found.config, [(_RENAMED, dict(names))], str(uuid4()))


async def arename_nodes(graph: Graph, config: RunnableConfig, names: Mapping[str, str]) -> None:
    """Do what `rename_nodes` does, with a checkpointer for `ainvoke`. Raises as that does."""
    _check_made_here(graph)
    await keep_names(graph, config, names)


async def keep_names(graph: Graph, config: RunnableConfig, names: Mapping[str, str]) -> None:
    """Keep in a thread the new names of nodes that are gone, for `going_on`. Raises UserError for one that is wrong."""
    saver: Any = graph.checkpointer
    found = await saver.aget_tuple(config)
    _check_names(graph, found, names)
    await saver.aput_writes(found.config, [(_RENAMED, dict(names))], str(uuid4()))


def _check_made_here(graph: Graph) -> None:
    if not getattr(graph, "knows_new_names", False):
        raise UserError(
            "LangGraph's own graphs know no new names; build it with fanloom.StateGraph, or go on with "
            "`fanloom resume THREAD --rename OLD=NEW`"
        )


def _renamed(graph: Graph, checkpoint: Any) -> dict[str, str]:
    """Return the new names of nodes that a thread keeps, without those that its graph has lost again since."""
    writes = (checkpoint and checkpoint.pending_writes) or []
    told = [value for _, channel, value in writes if channel == _RENAMED]
    return {old: new for names in told for old, new in names.items() if new in graph.nodes}


def _gone(graph: Graph, checkpoint: Any) -> list[str]:
    if checkpoint is None:
        return []
    values, versions = checkpoint.checkpoint["channel_values"], checkpoint.checkpoint["channel_versions"]
    sends = [send.node for send in values.get(TASKS) or []]
    # What an older step has left there, LangGraph never takes away.
    newest = max(versions.values(), default=None)
    branches = [name for name in values if name.startswith(_BRANCH) and versions.get(name) == newest]
    due = [*sends, *(name.removeprefix(_BRANCH) for name in branches)]
    due += [end for end, is_due in _barriers(values) if is_due or due]
    return [node for node in dict.fromkeys(due) if node not in graph.nodes]


def _barriers(values: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Yield the nodes that wait for several others of which some are done, and whether all are."""
    for name, done in values.items():
        if name.startswith(_BARRIER) and isinstance(done, set) and done:
            starts, end = _ends(name)
            yield end, done >= starts


def _ends(barrier: str) -> tuple[set[str], str]:
    starts, _, end = barrier.removeprefix(_BARRIER).rpartition(":")
    return set(starts.split("+")), end


def _with_old_names(graph: G, names: Mapping[str, str], checkpoint: Any) -> G:
    nodes, triggered = dict(graph.nodes), dict(graph.trigger_to_nodes)
    channels: dict[str, Any] = dict(graph.channels)
    for old, new in names.items():
        triggers = {_BRANCH + old: channels[_BRANCH + new].copy()}
        for name in checkpoint.checkpoint["channel_values"]:
            if name.startswith(_BARRIER) and _ends(name)[1] == old:
                triggers[name] = NamedBarrierValue(str, _ends(name)[0])
        nodes[old] = graph.nodes[new].copy({"triggers": list(triggers)})
        channels.update(triggers)
        triggered.update({trigger: [old] for trigger in triggers})
    return graph.copy({"nodes": nodes, "channels": channels, "trigger_to_nodes": triggered})


def _check_names(graph: Graph, checkpoint: Any, names: Mapping[str, str]) -> None:
    lost = missing_nodes(graph, checkpoint)
    if left := [name for name in lost if name not in names]:
        raise UserError(f"the thread goes on at {', '.join(map(repr, left))} too; give the new name of each")
    if unknown := [name for name in names if name not in lost]:
        raise UserError(f"the thread does not go on at a node {', '.join(map(repr, unknown))} that is gone")
    begun = [name for name, is_due in _barriers(checkpoint.checkpoint["channel_values"]) if not is_due]
    if halfway := [name for name in names if name in begun]:
        raise UserError(
            f"{halfway[0]!r} waits for several nodes of which some are done, and no other can wait on in its place: "
            "bring it back until the thread has come there"
        )
    nodes = [name for name in graph.nodes if not name.startswith("__")]
    if wrong := [name for name in names.values() if name not in nodes]:
        raise UserError(f"the graph has no node {', '.join(map(repr, wrong))}; it has {', '.join(nodes)}")
