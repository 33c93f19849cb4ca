"""Effects that happen once: each with a key that is written in the transaction of the effect itself.

LangGraph runs a node at least once: one that was interrupted, killed or retried runs again. A key that is the same
each time, and unique in the database, makes the second time find what the first one did.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from langgraph.runtime import Runtime
from sqlalchemy import JSON, Column, DateTime, MetaData, String, Table

from fanloom.errors import GraphError
from fanloom.runs.thread_record import until_stored

_LONGEST_KEY = 400


async def effect_key(runtime: Runtime[Any], name: str = "") -> str:
    """Return the idempotency key of the running task, the same in every retry and resume of it and in no other.

    It is made of the thread's id and LangGraph's id of the task; `name` tells several effects of one task apart. It is
    given out once the checkpoint that planned the task is stored: a thread that went on from an older one would plan
    anew, with other ids. Raises GraphError outside a graph, and RunError if the checkpoint is not stored in time.
    """
    info = runtime.execution_info
    if info is None:
        raise GraphError("an effect's key belongs to a task of a graph; call this from a node")
    await until_stored(info)
    key = ":".join(part for part in (info.thread_id, info.task_id, name) if part)
    # A thread's id is the caller's and may have any length; PostgreSQL takes no more than the column has.
    return key if len(key) <= _LONGEST_KEY else f"sha256:{sha256(key.encode()).hexdigest()}"


def effects_table(metadata: MetaData) -> Table:
    """Add the ledger of effects to a database: the key of each, its result as JSON, and when it happened, in UTC."""
    return Table(
        "effects",
        metadata,
        Column("key", String(_LONGEST_KEY), primary_key=True),
        Column("result", JSON, nullable=True),
        Column("happened_at", DateTime(timezone=True), nullable=False),
    )
