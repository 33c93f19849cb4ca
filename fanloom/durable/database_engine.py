"""The engine of a database, by its URL: its driver, how long it waits, and whole transactions in SQLite."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, MissingGreenlet, NoSuchModuleError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from fanloom.errors import InvalidSettings, MissingPackage
from fanloom.private_files import make_private
from fanloom.redaction import is_clear
from fanloom.settings import in_home

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
_IN_MEMORY = (None, "", ":memory:")
_WAIT_S = 10
_STATEMENT_MS = 30_000
# What customers wrote is in the parameters, and the text of an error goes into logs and outcomes.
_DISCREET: dict[str, Any] = {"hide_parameters": True}


def url_with_driver(url: str) -> URL:
    """Return a database's URL with the driver for it. Raises InvalidSettings for another kind, or one of no file."""
    if "://" in url and not url.startswith("sqlite") and not is_clear(url):
        raise InvalidSettings(
            "a database URL has special characters in the user or the password; write them percent-encoded in "
            "FANLOOM_DATABASE_URL, as %40 for @"
        )
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # A ValueError is about the port.
        parsed = URL.create("")
    kind = parsed.drivername.partition("+")[0]
    if kind not in _DRIVERS:
        raise InvalidSettings(
            "a database URL is sqlite:///FILE or postgresql://USER@HOST:PORT/DATABASE; correct or unset "
            "FANLOOM_DATABASE_URL"
        )
    if kind == "sqlite" and parsed.database in _IN_MEMORY:
        # It would be lost with the one connection that holds it, which a cancelled task closes.
        raise InvalidSettings("a database in memory keeps nothing; set FANLOOM_DATABASE_URL to a file: sqlite:///FILE")
    return parsed.set(drivername=_DRIVERS[kind])


def engine_of(url: URL) -> AsyncEngine:
    """Return an engine that waits for a bounded time. Raises MissingPackage if the driver is missing."""
    try:
        if url.drivername.startswith("sqlite"):
            return _sqlite(url)
        return create_async_engine(_patient(url), pool_timeout=_WAIT_S, pool_pre_ping=True, **_DISCREET)
    except (ModuleNotFoundError, NoSuchModuleError):
        raise MissingPackage('PostgreSQL needs its driver; run: pip install "fanloom[postgres]"') from None


def _patient(url: URL) -> URL:
    """Return a PostgreSQL URL with time limits; what it says itself about them and other options wins."""
    given = {"connect_timeout": str(_WAIT_S), "tcp_user_timeout": str(_STATEMENT_MS), **url.query}
    own = given.get("options", "")
    # The second for a machine that is gone in the middle of an effect: its twin would wait for the key for hours.
    ours = f"-c statement_timeout={_STATEMENT_MS} -c idle_in_transaction_session_timeout={_STATEMENT_MS}"
    return url.set(query={**given, "options": f"{ours} {own if isinstance(own, str) else ' '.join(own)}".strip()})


def _sqlite(url: URL) -> AsyncEngine:
    url = url.set(database=in_home(url.database or ""))
    make_private(Path(url.database or ""))
    engine = create_async_engine(url, connect_args={"timeout": _WAIT_S}, **_DISCREET)

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        # SQLAlchemy's own way to have whole transactions in SQLite: its driver must not begin any by itself.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "foreign_keys=ON"):
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Any) -> None:
        # At once for writing: two transactions that both read first could not both go on to write.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    @event.listens_for(engine.sync_engine, "invalidate")
    def _roll_back(connection: Any, _record: Any, _error: Any) -> None:
        # A statement that was cancelled keeps its cursor, and a connection that is closed beside an open cursor keeps
        # SQLite's lock until the collector comes.
        with suppress(asyncio.CancelledError, sqlite3.Error, MissingGreenlet):
            connection.rollback()

    return engine
