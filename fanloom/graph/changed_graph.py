"""Threads whose graph has changed meanwhile: what would go on at a node that is gone is not taken for done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from langgraph.channels import NamedBarrierValue
from langgraph.pregel import Pregel

from fanloom.errors import MissingNode, UserError
from fanloom.graph.nesting.graphs_inside import GraphInside
from fanloom.graph.nesting.nested_thread import keep_newest_inside
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


def going_on(graph: G, checkpoint: Any, name: str = "") -> G:
    """Return the graph with which a thread goes on: its own, in which nodes that were renamed stand by their old names.

    So LangGraph finds what the thread holds of their tasks: what is done, and what is asked. Raises MissingNode if the
    thread cannot go on because its graph, inside another one if it has a `name`, has lost a node.
    """
    check_nodes(graph, checkpoint, name)
    renamed = _renamed(graph, checkpoint)
    names = {old: renamed[old] for old in _gone(graph, checkpoint)}
    return _with_old_names(graph, names, checkpoint) if names else graph


def check_inside(inside: GraphInside, checkpoint: Any) -> None:
    """Raise MissingNode if a thread cannot go on because a graph inside its own, which stands there, lost a node."""
    if inside.stands_at(checkpoint):
        check_nodes(inside.graph, checkpoint, inside.name)


def check_nodes(graph: Graph, checkpoint: Any, name: str = "") -> None:
    """Raise MissingNode if a thread cannot go on because its graph lost a node; one inside another graph has a name."""
    # Of those inside, LangGraph's own graphs know no new names.
    can_rename = not name or _made_here(graph)
    if lost := missing_nodes(graph, checkpoint) if can_rename else _gone(graph, checkpoint):
        thread = checkpoint.config["configurable"]["thread_id"]
        place = f" in {name!r}, a graph that no longer has it;" if name else ", which its graph no longer has;"
        rename = (
            f", or say which node does its work now: `fanloom resume {thread} --rename {lost[0]}=NEW`, from Python "
            f"rename_nodes(graph, config, {{{lost[0]!r}: 'NEW'}})"
        )
        raise MissingNode(
            f"thread {thread!r} goes on at {', '.join(map(repr, lost))}{place} bring it back{rename * can_rename}"
        )


def rename_nodes(graph: Graph, config: RunnableConfig, names: Mapping[str, str]) -> None:
    """Let a thread go on though nodes at which it goes on were renamed: `names` gives the new name of each old one.

    They may be nodes of graphs inside it too, at any depth. What had finished is kept, and what waits can be answered.
    Then `graph.invoke(None, config)` goes on. Raises UserError for a name that does not fit, and for a graph that is
    not made with `fanloom.StateGraph`.
    """
    _check_made_here(graph)
    saver: Any = graph.checkpointer
    inside: dict[str, Any] = {}
    for found in saver.list(_whole_thread(config)):
        keep_newest_inside(inside, found)
    for place, told in _to_keep(graph, saver.get_tuple(config), inside.values(), names):
        saver.put_writes(place, [(_RENAMED, told)], str(uuid4()))


async def arename_nodes(graph: Graph, config: RunnableConfig, names: Mapping[str, str]) -> None:
    """Do what `rename_nodes` does, with a checkpointer for `ainvoke`. Raises as that does."""
    _check_made_here(graph)
    await keep_names(graph, config, names)


async def keep_names(graph: Graph, config: RunnableConfig, names: Mapping[str, str]) -> None:
    """Keep in a thread the new names of nodes that are gone, for `going_on`. Raises UserError for one that is wrong."""
    saver: Any = graph.checkpointer
    inside: dict[str, Any] = {}
    async for found in saver.alist(_whole_thread(config)):
        keep_newest_inside(inside, found)
    for place, told in _to_keep(graph, await saver.aget_tuple(config), inside.values(), names):
        await saver.aput_writes(place, [(_RENAMED, told)], str(uuid4()))


def _whole_thread(config: RunnableConfig) -> RunnableConfig:
    return {"configurable": {"thread_id": config["configurable"]["thread_id"]}}


def _to_keep(
    graph: Graph, checkpoint: Any, inside: Iterable[Any], names: Mapping[str, str]
) -> list[tuple[RunnableConfig, dict[str, str]]]:
    """Return which new names are kept at which checkpoint: the thread's own, and those of the graphs inside."""
    lost = missing_nodes(graph, checkpoint)
    at = [(place.config, _of(names, _due(place))) for place in inside]
    elsewhere = {old for _, told in at for old in told}
    own = {old: new for old, new in names.items() if old in lost or old not in elsewhere}
    if own or lost:
        _check_names(graph, checkpoint, own)
    return [(place, told) for place, told in [(checkpoint.config, own), *at] if told]


def _of(names: Mapping[str, str], nodes: Iterable[str]) -> dict[str, str]:
    return {node: names[node] for node in nodes if node in names}


def _check_made_here(graph: Graph) -> None:
    if not _made_here(graph):
        raise UserError(
            "LangGraph's own graphs know no new names; build it with fanloom.StateGraph, or go on with "
            "`fanloom resume THREAD --rename OLD=NEW`"
        )


def _made_here(graph: Graph) -> bool:
    return getattr(graph, "knows_new_names", False)


def _renamed(graph: Graph, checkpoint: Any) -> dict[str, str]:
    """Return the new names of nodes that a thread keeps, without those that its graph has lost again since."""
    writes = (checkpoint and checkpoint.pending_writes) or []
    told = [value for _, channel, value in writes if channel == _RENAMED]
    return {old: new for names in told for old, new in names.items() if new in graph.nodes}


def _gone(graph: Graph, checkpoint: Any) -> list[str]:
    return [node for node in _due(checkpoint) if node not in graph.nodes] if checkpoint is not None else []


def _due(checkpoint: Any) -> list[str]:
    """Return the nodes at which a thread goes on, by a checkpoint."""
    values, versions = checkpoint.checkpoint["channel_values"], checkpoint.checkpoint["channel_versions"]
    sends = [send.node for send in values.get(TASKS) or []]
    # What an older step has left there, LangGraph never takes away.
    newest = max(versions.values(), default=None)
    branches = [name for name in values if name.startswith(_BRANCH) and versions.get(name) == newest]
    due = [*sends, *(name.removeprefix(_BRANCH) for name in branches)]
    due += [end for end, is_due in _barriers(values) if is_due or due]
    return list(dict.fromkeys(due))


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
