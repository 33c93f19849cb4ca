"""LangGraph's PostgreSQL savers and store, with time limits; several processes may make the tables at once."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from typing import Any, cast

from fanloom.durable.both_worlds import InBothWorlds
from fanloom.durable.state_serializer import StateSerializer
from fanloom.errors import InvalidSettings, MissingPackage, RunError
from fanloom.loops.background import in_thread
from fanloom.redaction import is_clear, redact, show_url

try:
    import psycopg
    from langgraph.checkpoint import postgres as postgres_savers
    from langgraph.checkpoint.postgres import aio
    from langgraph.store.postgres import AsyncPostgresStore, PostgresStore
    from psycopg.conninfo import conninfo_to_dict, make_conninfo
    from psycopg.rows import dict_row
    from psycopg_pool import AsyncConnectionPool, ConnectionPool
except ImportError:
    raise MissingPackage('PostgreSQL needs its driver; run: pip install "fanloom[postgres]"') from None

_FORM = (
    "FANLOOM_CHECKPOINT_URL is no PostgreSQL URL: write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with special "
    "characters in the user and the password percent-encoded"
)
_CONNECT_S = 10
_STATEMENT_MS = 30_000
# An index on tables that are already large takes its time.
_SETUP_MS = 600_000
# Any number, as long as every process that makes the tables takes the same.
_SETUP_LOCK = 7_245_002
_POLL_S = 0.05

_SESSION: dict[str, Any] = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
# LangGraph's savers use one connection at a time; the pool is there to replace one that has broken.
_POOL: dict[str, Any] = {"min_size": 1, "max_size": 1, "timeout": _CONNECT_S, "name": "fanloom-threads", "open": False}

_PLACE = "thread_id, checkpoint_ns, checkpoint_id"
_OF_RUNS = "metadata ->> 'run_id' = ANY(%s)"


class PostgresSaver(InBothWorlds, postgres_savers.PostgresSaver):
    """LangGraph's saver, which asynchronous graphs can use too."""


class AsyncPostgresSaver(aio.AsyncPostgresSaver):
    """LangGraph's saver, which can forget single runs too: a server without that deletes and rolls back none."""

    async def adelete_for_runs(self, run_ids: Iterable[str]) -> None:
        """Delete the checkpoints that runs have made; the values that others may share go with the thread."""
        runs = [str(run) for run in run_ids]
        places = f"SELECT {_PLACE} FROM checkpoints WHERE {_OF_RUNS}"
        pool = cast("AsyncConnectionPool[Any]", self.conn)
        async with self.lock, pool.connection() as connection, connection.transaction():
            await connection.execute(f"DELETE FROM checkpoint_writes WHERE ({_PLACE}) IN ({places})", (runs,))
            await connection.execute(f"DELETE FROM checkpoints WHERE {_OF_RUNS}", (runs,))


class PostgresServer:
    """A PostgreSQL database that holds threads."""

    def __init__(self, url: str) -> None:
        """Raises InvalidSettings for a URL that libpq does not understand."""
        try:
            given = conninfo_to_dict(url)
        except psycopg.ProgrammingError:
            # Its message may quote a part of the password.
            raise InvalidSettings(_FORM) from None
        # To libpq a password ends at a '/', and what follows is a port.
        if not is_clear(url) or not re.fullmatch(r"[\d,]*", str(given.get("port") or "")):
            raise InvalidSettings(_FORM)
        self._given = {"connect_timeout": _CONNECT_S, "tcp_user_timeout": _STATEMENT_MS, **given}
        self.place = show_url(url).partition("://")[2]

    @contextmanager
    def open(self) -> Iterator[PostgresSaver]:
        """Open the saver for synchronous graphs."""
        with ExitStack() as stack:
            with self._explained():
                self._set_up()
                pool: Any = ConnectionPool(
                    self._conninfo(), kwargs=_SESSION, check=ConnectionPool.check_connection, **_POOL
                )
                stack.enter_context(pool).wait(_CONNECT_S)
            yield PostgresSaver(pool, serde=StateSerializer())

    @asynccontextmanager
    async def aopen(self) -> AsyncIterator[AsyncPostgresSaver]:
        """Open the saver for asynchronous graphs."""
        async with AsyncExitStack() as stack:
            yield AsyncPostgresSaver(await self._pool(stack), serde=StateSerializer())

    @asynccontextmanager
    async def aopen_store(self) -> AsyncIterator[AsyncPostgresStore]:
        """Open the store."""
        async with AsyncExitStack() as stack:
            yield await stack.enter_async_context(AsyncPostgresStore(await self._pool(stack)))

    async def _pool(self, stack: AsyncExitStack) -> Any:
        with self._explained():
            await in_thread(self._set_up)
            pool: Any = AsyncConnectionPool(
                self._conninfo(), kwargs=_SESSION, check=AsyncConnectionPool.check_connection, **_POOL
            )
            await (await stack.enter_async_context(pool)).wait(_CONNECT_S)
        return pool

    def _conninfo(self, statement_ms: int = _STATEMENT_MS) -> str:
        """Return what to connect with; what the URL itself says about options and time limits wins."""
        options = f"-c statement_timeout={statement_ms} {self._given.get('options') or ''}".strip()
        return make_conninfo("", **{**self._given, "options": options})

    def _set_up(self) -> None:
        """Make the tables, one process after the other."""
        with psycopg.connect(self._conninfo(_SETUP_MS), **_SESSION) as connection:
            # Polled, because LangGraph makes an index CONCURRENTLY: that waits for every statement in flight, and would
            # wait for ever for one that in turn waits for this lock.
            deadline = time.monotonic() + _SETUP_MS / 1000
            while not _locked(connection):
                if time.monotonic() > deadline:
                    raise psycopg.OperationalError("another process has been making the tables for too long")
                time.sleep(_POLL_S)
            PostgresSaver(connection).setup()
            PostgresStore(connection).setup()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (psycopg.Error, OSError) as error:
            why = str(error).strip().splitlines() or [type(error).__name__]
            raise RunError(
                redact(
                    f"the PostgreSQL of FANLOOM_CHECKPOINT_URL ({self.place}) cannot be used: {why[0]}; start it, or "
                    "correct the URL"
                ),
                kind="database",
                retryable=True,
            ) from None


def _locked(connection: psycopg.Connection[Any]) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(%s) AS ours", [_SETUP_LOCK]).fetchone()
    return bool(row and row["ours"])
