"""What a run finds in its thread when it goes on: LangGraph's own record of the calls that have been made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from langgraph.config import get_config
from tenacity import AsyncRetrying, RetryError, retry_if_result, stop_after_delay, wait_exponential

from fanloom.errors import RunError
from fanloom.loops.background import in_thread
from fanloom.runs.langgraph_internals import (
    CONF,
    CONFIG_KEY_CHECKPOINT_MAP,
    CONFIG_KEY_CHECKPOINTER,
    CONFIG_KEY_DURABILITY,
    CONFIG_KEY_READ,
    CONFIG_KEY_RUNTIME,
)
from fanloom.runs.usage import Usage, add_usage, no_usage

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.runtime import ExecutionInfo

_STORED_WITHIN_S = 30
_MOST_ANCESTORS = 1000
# No channel: LangGraph keeps it with a checkpoint and applies it to none.
_SPENT = "fanloom_spent"


def read_channels(names: Iterable[str], *, with_own_writes: bool = False) -> dict[str, Any]:
    """Return the values of channels of the running graph, also from inside a Send, which by itself sees only its task.

    Channels without a value are left out. A router sees what its node has just written `with_own_writes`.
    """
    values: dict[str, Any] = get_config()[CONF][CONFIG_KEY_READ](list(names), with_own_writes)
    return values


async def usage_so_far(config: RunnableConfig | None = None) -> Usage:
    """Return what the thread of a task, by default of the running one, has used.

    That is its graph's `usage` channel, what the siblings used that finished before a crash, and what those had spent
    that did not.
    """
    try:
        config = get_config() if config is None else config
    except RuntimeError:
        # A step that runs outside any graph.
        return no_usage()
    usage = add_usage(None, config[CONF][CONFIG_KEY_READ](["usage"]).get("usage"))
    record = record_of(config)
    writes = await record.writes() if record else []
    finished = {task: value for task, channel, value in writes if channel == "usage" and isinstance(value, dict)}
    unfinished = [used for task, used in _spent(writes) if task not in finished]
    for used in (*finished.values(), *unfinished):
        usage = add_usage(usage, cast(Usage, used))
    return usage


async def finished_before(channel: str) -> list[Any]:
    """Return what the tasks of this superstep that had finished before a crash have added to a channel of lists."""
    record = record_of(get_config())
    writes = await record.writes() if record else []
    return [item for _, name, value in writes if name == channel and isinstance(value, list) for item in value]


@dataclass(frozen=True)
class TaskRecord:
    """Where a thread holds what the tasks of a superstep have written; `task` is LangGraph's id of one of them."""

    saver: Any
    place: dict[str, Any]
    task: str

    async def writes(self) -> list[Any]:
        """Return what the tasks of the superstep have written so far: their ids, channels and values."""
        found = await ask(self.saver, "get_tuple", {CONF: self.place})
        return list(found.pending_writes or []) if found else []

    async def ancestors(self) -> AsyncIterator[Any]:
        """Yield the checkpoint that planned the superstep, its parent and so on, back to where the run began."""
        place: Any = {CONF: self.place}
        for _ in range(_MOST_ANCESTORS):
            found = await ask(self.saver, "get_tuple", place) if place else None
            if found is None:
                return
            yield found
            place = None if found.metadata.get("source") == "input" else found.parent_config

    async def spent(self) -> dict[str, Usage]:
        """Return what the tasks have spent that did not end, by task."""
        spent: dict[str, Usage] = {}
        for task, used in _spent(await self.writes()):
            spent[task] = add_usage(spent.get(task), used)
        return spent

    async def add_spent(self, usage: Usage) -> None:
        """Keep what the task has spent, though it has not ended."""
        # Under an id of no task: LangGraph takes a task that has written anything for one that has ended.
        value = {"task": self.task, "usage": usage}
        await ask(self.saver, "put_writes", {CONF: self.place}, [(_SPENT, value)], str(uuid4()))


def record_of(config: RunnableConfig) -> TaskRecord | None:
    """Return the record of a task, or None if its thread is not kept."""
    conf = config.get(CONF) or {}
    saver = _saver(config)
    runtime = conf.get(CONFIG_KEY_RUNTIME)
    info = runtime.execution_info if runtime else None
    if saver is None or info is None or info.thread_id is None:
        return None
    # A task's own namespace is that of its graph and then its own: a nested graph keeps its record in its own one.
    namespace = info.checkpoint_ns.rpartition("|")[0]
    place = {"thread_id": info.thread_id, "checkpoint_ns": namespace, "checkpoint_id": info.checkpoint_id}
    return TaskRecord(saver, place, info.task_id)


def _spent(writes: Iterable[Any]) -> Iterator[tuple[str, Usage]]:
    for _, channel, value in writes:
        if channel == _SPENT:
            yield value["task"], value["usage"]


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
    return await ask(saver, "get_tuple", place)


async def ask(saver: Any, method: str, *given: Any) -> Any:
    """Call a method of a saver, whichever loop the saver belongs to, and also if it only has synchronous ones."""
    asynchronous = getattr(saver, f"a{method}")
    loop = getattr(saver, "loop", None)
    if loop is not None and loop is not asyncio.get_running_loop():
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(asynchronous(*given), loop))
    try:
        return await asynchronous(*given)
    except NotImplementedError:
        return await in_thread(lambda: getattr(saver, method)(*given))


def _saver(config: Any) -> Any:
    saver = config[CONF].get(CONFIG_KEY_CHECKPOINTER)
    return None if isinstance(saver, bool) else saver
