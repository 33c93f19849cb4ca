"""A database for workers: the same from every loop and thread, in whole transactions, with effects that happen once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import MetaData, Table, insert, inspect, select, text, update
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random

from fanloom.durable.database_engine import engine_of, url_with_driver
from fanloom.errors import RunError
from fanloom.loops.background import in_thread, on_background
from fanloom.redaction import redact, show_url
from fanloom.runlog.current_log import here

T = TypeVar("T")

_ATTEMPTS = 5
# Any number, as long as every process that makes the tables takes the same.
_SETUP_LOCK = 7_245_001


class Database:
    """Tables in SQLite or PostgreSQL, used from any event loop and thread.

    A driver's connections belong to the loop that opened them, so all of them live on the one background loop. The
    tables are made at the first use, by one process at a time; `fill` writes the first rows of an SQLite file that had
    none of them. `effects` is the ledger that `once` needs, see `effects_table`.
    """

    def __init__(
        self,
        url: str,
        metadata: MetaData,
        *,
        effects: Table | None = None,
        fill: Callable[[AsyncSession], Awaitable[None]] | None = None,
    ) -> None:
        """Raises InvalidSettings for a URL of another kind or of no file, MissingPackage if its driver is missing."""
        self._given = url
        self.url = url_with_driver(url)
        self.metadata, self.effects, self.fill = metadata, effects, fill
        self._engines: dict[int, AsyncEngine] = {}

    async def run(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Do some work in one transaction and return its result.

        A transaction that conflicts with another is repeated, so the work must do nothing outside its session. Raises
        RunError of the kind `database` if the database cannot be used.
        """
        return await self._run(work, _conflicts)

    async def once(self, key: str, effect: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Let an effect happen once and return its JSON-plain result, the stored one if the key has been used.

        The key, the result and what the effect writes are one transaction, which is repeated too if its connection is
        lost. Raises as `run` does.
        """
        effects = self.effects
        if effects is None:
            raise TypeError("a Database needs effects=effects_table(metadata) for once()")

        async def work(session: AsyncSession) -> T:
            row = (await session.execute(select(effects.c.result).where(effects.c.key == key))).first()
            if row is not None:
                stored: T = row.result
                _note(key, effect, "found")
                return stored
            # First the key: a twin that runs at the same time waits here until this transaction has ended.
            await session.execute(insert(effects).values(key=key, happened_at=datetime.now(UTC)))
            result = await effect(session)
            await session.execute(update(effects).where(effects.c.key == key).values(result=result))
            _note(key, effect, "new")
            return result

        # Nobody knows whether a commit whose connection was lost has happened; with its key it can be tried again.
        return await self._run(work, lambda error: _conflicts(error) or _has_lost_its_connection(error))

    async def close(self) -> None:
        """Close the connections of this process; the next use opens new ones."""
        engine = self._engines.pop(os.getpid(), None)
        if engine is not None:
            await on_background(engine.dispose())

    async def _run(self, work: Callable[[AsyncSession], Awaitable[T]], again: Callable[[BaseException], bool]) -> T:
        try:
            return await on_background(_transaction(await self._engine(), work, again))
        except (DataError, IntegrityError):
            # The work's own: the database is in order.
            raise
        except (DBAPIError, PoolTimeout, OSError) as error:
            # Which class is left to the driver: a missing table is an OperationalError in SQLite and a ProgrammingError
            # in PostgreSQL, a file that is no database a plain DatabaseError.
            raise self._unusable(error) from None

    async def _engine(self) -> AsyncEngine:
        pid = os.getpid()
        if pid not in self._engines:
            # Importing a driver and making a folder would block the loop.
            engine = await in_thread(lambda: engine_of(self.url))
            try:
                # Switching a new SQLite file to WAL does not wait its turn: of several at once, some find it locked.
                await on_background(_patiently(_conflicts)(self._make_tables, engine))
            except (DBAPIError, PoolTimeout, OSError):
                await on_background(engine.dispose())
                raise
            # Somebody may have been faster; one of the two is enough.
            if self._engines.setdefault(pid, engine) is not engine:
                await on_background(engine.dispose())
        return self._engines[pid]

    async def _make_tables(self, engine: AsyncEngine) -> None:
        async with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _SETUP_LOCK})
            known = await connection.run_sync(lambda sync: set(inspect(sync).get_table_names()))
            await connection.run_sync(self.metadata.create_all)
            if self.fill is not None and engine.dialect.name == "sqlite" and not known & set(self.metadata.tables):
                await _filled(connection, self.fill)

    def _unusable(self, error: Exception) -> RunError:
        why = str(getattr(error, "orig", None) or error).strip().splitlines() or [type(error).__name__]
        return RunError(
            redact(f"the database {show_url(self._given)!r} cannot be used: {why[0]}; start it, or correct its URL"),
            kind="database",
            retryable=True,
        )


async def _transaction(
    engine: AsyncEngine, work: Callable[[AsyncSession], Awaitable[T]], again: Callable[[BaseException], bool]
) -> T:
    async for attempt in _patiently(again):
        with attempt:
            try:
                async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
                    return await work(session)
            except DBAPIError:
                task = asyncio.current_task()
                if task and task.cancelling():
                    # The connection was lost too, as the rollback found: nobody waits for another attempt.
                    raise asyncio.CancelledError from None
                raise
    raise AssertionError("tenacity raises after the last attempt")


def _patiently(again: Callable[[BaseException], bool]) -> AsyncRetrying:
    return AsyncRetrying(
        stop=stop_after_attempt(_ATTEMPTS), wait=wait_random(0, 0.2), retry=retry_if_exception(again), reraise=True
    )


async def _filled(connection: AsyncConnection, fill: Callable[[AsyncSession], Awaitable[None]]) -> None:
    async with AsyncSession(connection) as session:
        await fill(session)
        await session.flush()


def _note(key: str, effect: Callable[..., Any], once: str) -> None:
    """Write down an effect that has happened now, or was found; it is named as its function, or what holds a lambda."""
    parts = [part for part in getattr(effect, "__qualname__", "").split(".") if not part.startswith("<")]
    if (place := here()) is not None:
        place.recorder.add("effect", task=place.task or None, name=next(reversed(parts), ""), key=key, once=once)


def _conflicts(error: BaseException) -> bool:
    """Tell whether a transaction met another one: the next attempt sees what that one did, or gets its turn."""
    if isinstance(error, IntegrityError):
        return True
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    # Serialisation failure and deadlock, as PostgreSQL's documentation numbers them.
    return isinstance(error, DBAPIError) and (state in ("40001", "40P01") or "database is locked" in str(error.orig))


def _has_lost_its_connection(error: BaseException) -> bool:
    return isinstance(error, DBAPIError) and error.connection_invalidated
