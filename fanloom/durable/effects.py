"""Effects that happen once: each with a key that is written in the transaction of the effect itself.

LangGraph runs a node at least once: one that was interrupted, killed or retried runs again. A key that is the same
each time, and unique in the database, makes the second time find what the first one did.
"""

from __future__ import annotations

from hashlib import sha256
from itertools import pairwise
from typing import Any

from langgraph.runtime import ExecutionInfo, Runtime
from sqlalchemy import JSON, Column, DateTime, MetaData, String, Table

from fanloom.errors import GraphError
from fanloom.gateway.deferring.deferral import current_deferral
from fanloom.runs.early_work import EARLY
from fanloom.runs.spending import TaskMeter
from fanloom.runs.thread_record import until_stored
from fanloom.runs.usage import meter

_LONGEST_KEY = 400


async def effect_key(runtime: Runtime[Any], name: str = "") -> str:
    """Return the idempotency key of the running task, the same in every retry and resume of it and in no other.

    `name` tells several effects of one task apart. A task of a fan-out keeps its key where its thread is forked or some
    tasks run again, as long as its item is the same. The key is given out once the checkpoint that planned the task is
    stored: a thread that went on from an older one would plan anew, with other ids. Raises GraphError outside a graph,
    and RunError if the checkpoint is not stored in time.
    """
    if deferral := current_deferral():
        deferral.before_effect()
    early = EARLY.get()
    info = await early.node() if early else runtime.execution_info
    if info is None:
        raise GraphError("an effect's key belongs to a task of a graph; call this from a node")
    await until_stored(info)
    key = ":".join(part for part in (info.thread_id, _task(info), name) if part)
    # A thread's id is the caller's and may have any length; PostgreSQL takes no more than the column has.
    return key if len(key) <= _LONGEST_KEY else f"sha256:{sha256(key.encode()).hexdigest()}"


def _task(info: ExecutionInfo) -> str:
    """Return what is the same of a task however often it runs: LangGraph's id, or its place in a plan.

    A fork or a rerun gives tasks other ids, and the graphs that a task calls run anew in it.
    """
    meters = [each for each in meter().nested if isinstance(each, TaskMeter)]
    is_planned = any(each.planned for each in meters)
    if not is_planned or meters[-1].info is None or meters[-1].info.task_id != info.task_id:
        return info.task_id
    top = meters[0]
    root = f"{top.planned_by}:{top.planned}" if top.planned else top.task_id
    inner = [below.place_in(above) for above, below in pairwise(meters)]
    # A graph between that counts nothing could call its inner one again and again: nothing tells those calls apart.
    return info.task_id if None in inner else "|".join([root, *map(str, inner)])


def effects_table(metadata: MetaData) -> Table:
    """Add the ledger of effects to a database: the key of each, its result as JSON, and when it happened, in UTC."""
    return Table(
        "effects",
        metadata,
        Column("key", String(_LONGEST_KEY), primary_key=True),
        Column("result", JSON, nullable=True),
        Column("happened_at", DateTime(timezone=True), nullable=False),
    )
