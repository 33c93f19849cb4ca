"""LangGraph's SQLite savers and store, opened so that several processes can share the files."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import aiosqlite
from langgraph.checkpoint import sqlite as sqlite_savers
from langgraph.checkpoint.sqlite import aio
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from fanloom.durable.both_worlds import InBothWorlds
from fanloom.durable.state_serializer import StateSerializer
from fanloom.errors import InvalidSettings
from fanloom.loops.background import in_thread
from fanloom.private_files import make_private

if TYPE_CHECKING:
    from langgraph.store.sqlite.aio import AsyncSqliteStore

# How long a write waits for those of other processes.
_BUSY_S = 10
_MEMORY = ":memory:"


_PLACE = "thread_id, checkpoint_ns, checkpoint_id"
_OF_A_RUN = f"SELECT {_PLACE} FROM checkpoints WHERE json_extract(metadata, '$.run_id') = ?"


class SqliteSaver(InBothWorlds, sqlite_savers.SqliteSaver):
    """LangGraph's saver, which asynchronous graphs can use too."""


class AsyncSqliteSaver(aio.AsyncSqliteSaver):
    """LangGraph's saver, which can forget single runs too: a server without that answers 500, and copies no more."""

    async def adelete_for_runs(self, run_ids: Iterable[str]) -> None:
        """Delete the checkpoints that runs have made."""
        await self.setup()
        runs = [(str(run),) for run in run_ids]
        async with self.lock, self.conn.cursor() as cursor:
            for table in ("writes", "checkpoints"):
                where = f"({_PLACE}) IN ({_OF_A_RUN})"
                await cursor.executemany(f"DELETE FROM {table} WHERE {where}", runs)
            await self.conn.commit()


class SqliteFile:
    """An SQLite file that holds threads; its folder is made."""

    def __init__(self, path: str) -> None:
        self.path = path

    @contextmanager
    def open(self) -> Iterator[SqliteSaver]:
        """Open the saver for synchronous graphs; it may be used from any thread."""
        with ExitStack() as stack:
            with self._explained():
                self._prepare()
                connection = sqlite3.connect(self.path, timeout=_BUSY_S, check_same_thread=False)
                saver = SqliteSaver(stack.enter_context(closing(connection)), serde=StateSerializer())
                saver.setup()
            yield saver

    @asynccontextmanager
    async def aopen(self) -> AsyncIterator[AsyncSqliteSaver]:
        """Open the saver for asynchronous graphs."""
        async with AsyncExitStack() as stack:
            with self._explained():
                await in_thread(self._prepare)
                connection = await stack.enter_async_context(aiosqlite.connect(self.path, timeout=_BUSY_S))
                saver = AsyncSqliteSaver(connection, serde=StateSerializer())
                await saver.setup()
            yield saver

    @asynccontextmanager
    async def aopen_store(self) -> AsyncIterator[AsyncSqliteStore]:
        """Open the store in a file beside this one: the saver's many writes would make its transactions fail."""
        from langgraph.store.sqlite.aio import AsyncSqliteStore

        beside = SqliteFile(_beside(self.path))
        async with AsyncExitStack() as stack:
            with beside._explained():
                await in_thread(beside._prepare_store)
                connection = aiosqlite.connect(beside.path, timeout=_BUSY_S, isolation_level=None)
                store = AsyncSqliteStore(await stack.enter_async_context(connection))
                await store.setup()
            yield await stack.enter_async_context(store)

    def _prepare_store(self) -> None:
        """Make the file and its tables, one process after the other."""
        self._prepare()
        if self.path != _MEMORY:
            with closing(sqlite3.connect(self.path, timeout=_BUSY_S, isolation_level=None)) as connection:
                _make_tables(connection)

    def _prepare(self) -> None:
        """Make the folder, and let readers and a writer work at the same time."""
        if self.path == _MEMORY:
            return
        make_private(Path(self.path))
        with closing(sqlite3.connect(self.path, timeout=_BUSY_S, isolation_level=None)) as connection:
            # SQLite waits for others where it writes, but not where it changes this.
            Retrying(
                retry=retry_if_exception(_is_busy),
                wait=wait_random(0, 0.1),
                stop=stop_after_delay(_BUSY_S),
                reraise=True,
            )(connection.execute, "PRAGMA journal_mode=WAL")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise InvalidSettings(
                f"threads cannot be kept in {self.path!r}: {why}; set FANLOOM_CHECKPOINT_URL to a file that can be "
                "written, as in sqlite:///threads.db"
            ) from None


def _beside(path: str) -> str:
    return path if path == _MEMORY else str(Path(path).with_suffix(f".store{Path(path).suffix}"))


def _make_tables(connection: sqlite3.Connection) -> None:
    """Make the store's tables at once or not at all: its own `setup` fails for one of two that begin together."""
    # With numpy, which takes half as long to import as all of LangGraph; most processes open no store.
    from langgraph.store.sqlite.aio import AsyncSqliteStore

    connection.execute("BEGIN IMMEDIATE")
    connection.execute("CREATE TABLE IF NOT EXISTS store_migrations (v INTEGER PRIMARY KEY)")
    (made,) = connection.execute("SELECT COUNT(*) FROM store_migrations").fetchone()
    for number, statement in list(enumerate(AsyncSqliteStore.MIGRATIONS))[made:]:
        connection.execute(statement)
        connection.execute("INSERT INTO store_migrations (v) VALUES (?)", (number,))
    connection.execute("COMMIT")


def _is_busy(error: BaseException) -> bool:
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)
