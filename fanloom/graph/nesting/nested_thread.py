"""A graph that a task of another one calls, when their thread goes on: where it stands there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from langchain_core.runnables.config import var_child_runnable_config

from fanloom.runs.langgraph_internals import (
    CONF,
    CONFIG_KEY_CHECKPOINT_MAP,
    CONFIG_KEY_CHECKPOINT_NS,
    CONFIG_KEY_CHECKPOINTER,
    CONFIG_KEY_RESUMING,
    CONFIG_KEY_SCRATCHPAD,
    PregelScratchpad,
    ensure_config,
)

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.pregel import Pregel

_LEVEL, _TASK = "|", ":"


class NestedThread(NamedTuple):
    """What a graph that a task calls goes on with: the saver, its place in the thread, and its config."""

    saver: Any
    place: RunnableConfig
    config: RunnableConfig

    @staticmethod
    def is_possible(config: RunnableConfig | None) -> bool:
        """Tell whether the task that calls a graph is one that is resumed."""
        around = (config, var_child_runnable_config.get())
        return any(((each or {}).get(CONF) or {}).get(CONFIG_KEY_RESUMING) for each in around)

    @classmethod
    def of(cls, graph: Pregel[Any, Any, Any, Any], config: RunnableConfig | None) -> NestedThread | None:
        """Return it if a task that is resumed calls the graph, in a thread that it shares with the graph around it."""
        if graph.checkpointer is False or not cls.is_possible(config):
            return None
        own: Any = ensure_config(graph.config, config)
        conf: dict[str, Any] = own.get(CONF, {})
        saver, pad = conf.get(CONFIG_KEY_CHECKPOINTER), conf.get(CONFIG_KEY_SCRATCHPAD)
        if not (conf.get(CONFIG_KEY_RESUMING) and saver and isinstance(pad, PregelScratchpad)):
            return None
        # LangGraph counts the graphs of a task as they begin, and names the place of each by its number.
        number = pad.subgraph_counter()
        counted = replace(pad, subgraph_counter=lambda: number)
        place = _place(conf, number, has_one_history=graph.checkpointer is True)
        return cls(saver, place, {**(config or {}), CONF: {**conf, CONFIG_KEY_SCRATCHPAD: counted}})


def keep_newest_inside(newest: dict[str, Any], found: Any) -> None:
    """Keep, of a thread's checkpoints as they come, newest first, the newest of each graph inside by its place."""
    if place := found.config[CONF].get(CONFIG_KEY_CHECKPOINT_NS, ""):
        newest.setdefault(place, found)


def _place(conf: Mapping[str, Any], number: int, *, has_one_history: bool) -> RunnableConfig:
    levels = str(conf.get(CONFIG_KEY_CHECKPOINT_NS, "")).split(_LEVEL)
    if has_one_history:
        levels = [level.partition(_TASK)[0] for level in levels]
    place = _LEVEL.join([*levels, *([str(number)] if number else [])])
    at = {"thread_id": str(conf["thread_id"]), CONFIG_KEY_CHECKPOINT_NS: place}
    if known := (conf.get(CONFIG_KEY_CHECKPOINT_MAP) or {}).get(place):
        at["checkpoint_id"] = known
    return {CONF: at}
