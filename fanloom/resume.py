"""What a run finds in its thread when it goes on: LangGraph's own record of the calls that have been made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

# private: LangGraph shows a node neither its channels' values from inside a Send nor the writes of the siblings that
# finished before a crash. Its own ToolNode reads channels the same way; tests/unit fail when the names go.
from langgraph._internal._constants import CONF, CONFIG_KEY_CHECKPOINTER, CONFIG_KEY_READ
from langgraph.config import get_config

from fanloom.loop import in_thread
from fanloom.usage import Usage, add_usage, no_usage


def read_channels(names: Iterable[str]) -> dict[str, Any]:
    """Return the values of channels of the running graph, also from inside a Send, which by itself sees only its task.

    Channels without a value are left out.
    """
    values: dict[str, Any] = get_config()[CONF][CONFIG_KEY_READ](list(names))
    return values


async def usage_so_far() -> Usage:
    """Return what the running thread has used: its `usage` channel, and the siblings that finished before a crash."""
    try:
        config = get_config()
    except RuntimeError:
        # A step that runs outside any graph.
        return no_usage()
    usage = add_usage(None, read_channels(("usage",)).get("usage"))
    for _, channel, value in await _pending_writes(config):
        if channel == "usage" and isinstance(value, dict):
            usage = add_usage(usage, cast(Usage, value))
    return usage


async def _pending_writes(config: Any) -> list[Any]:
    saver = config[CONF].get(CONFIG_KEY_CHECKPOINTER)
    if saver is None or isinstance(saver, bool):
        return []
    place = {name: config[CONF][name] for name in ("thread_id", "checkpoint_id") if name in config[CONF]}
    here = {CONF: {**place, "checkpoint_ns": ""}}
    try:
        found = await saver.aget_tuple(here)
    except NotImplementedError:
        found = await in_thread(lambda: saver.get_tuple(here))
    return list(found.pending_writes or []) if found else []
