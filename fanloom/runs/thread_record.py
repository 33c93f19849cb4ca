"""What a run finds in its thread when it goes on: LangGraph's own record of the calls that have been made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from langgraph.config import get_config
from tenacity import AsyncRetrying, RetryError, retry_if_result, stop_after_delay, wait_exponential

from fanloom.errors import RunError
from fanloom.loops.background import in_thread
from fanloom.runs.langgraph_internals import (
    CONF,
    CONFIG_KEY_CHECKPOINT_MAP,
    CONFIG_KEY_CHECKPOINT_NS,
    CONFIG_KEY_CHECKPOINTER,
    CONFIG_KEY_DURABILITY,
    CONFIG_KEY_READ,
)
from fanloom.runs.usage import Usage, add_usage, no_usage

if TYPE_CHECKING:
    from langgraph.runtime import ExecutionInfo

_STORED_WITHIN_S = 30


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


async def finished_before(channel: str) -> list[Any]:
    """Return what the tasks of this superstep that had finished before a crash have added to a channel of lists."""
    writes = await _pending_writes(get_config())
    return [item for _, name, value in writes if name == channel and isinstance(value, list) for item in value]


async def until_stored(task: ExecutionInfo) -> None:
    """Wait until the checkpoints that planned a task are stored.

    LangGraph stores them in the background while the task already runs, unless `durability` is `sync`: killed before
    that, the thread goes on from an older one, plans anew, and the task has another id. Under `durability="exit"`
    nothing is stored before the end, and nothing is waited for. Raises RunError of the kind `not_stored`.
    """
    config = get_config()
    saver = _saver(config)
    if saver is None or config[CONF].get(CONFIG_KEY_DURABILITY) == "exit":
        return
    own = task.checkpoint_ns.rpartition("|")[0]
    planned: dict[str, str] = {**config[CONF].get(CONFIG_KEY_CHECKPOINT_MAP, {}), own: task.checkpoint_id}
    try:
        for namespace, checkpoint in planned.items():
            place = {"thread_id": task.thread_id, "checkpoint_ns": namespace, "checkpoint_id": checkpoint}
            await _until_found(saver, {CONF: place})
    except RetryError:
        raise RunError(
            f"the thread's checkpoint was not stored within {_STORED_WITHIN_S} s; check the checkpointer's database",
            kind="not_stored",
            retryable=True,
        ) from None


async def _until_found(saver: Any, place: Any) -> None:
    patient = AsyncRetrying(
        retry=retry_if_result(lambda found: found is None),
        wait=wait_exponential(multiplier=0.002, max=0.25),
        stop=stop_after_delay(_STORED_WITHIN_S),
    )
    await patient(_found, saver, place)


async def _found(saver: Any, place: Any) -> Any:
    try:
        return await saver.aget_tuple(place)
    except NotImplementedError:
        return await in_thread(lambda: saver.get_tuple(place))


def _saver(config: Any) -> Any:
    saver = config[CONF].get(CONFIG_KEY_CHECKPOINTER)
    return None if isinstance(saver, bool) else saver


async def _pending_writes(config: Any) -> list[Any]:
    saver = _saver(config)
    if saver is None:
        return []
    place = {name: config[CONF][name] for name in ("thread_id", "checkpoint_id") if name in config[CONF]}
    # A task's own namespace is that of its graph and then its own: a nested graph keeps its record in its own one.
    graph = config[CONF].get(CONFIG_KEY_CHECKPOINT_NS, "").rpartition("|")[0]
    found = await _found(saver, {CONF: {**place, "checkpoint_ns": graph}})
    return list(found.pending_writes or []) if found else []
