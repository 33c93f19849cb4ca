"""Where logs are kept: a row a run, its events in pieces, each content once; in SQLite or PostgreSQL."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic_core import to_json
from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TextClause,
    bindparam,
    create_engine,
    delete,
    event,
    func,
    select,
    text,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError

from fanloom.errors import MissingPackage
from fanloom.private_files import make_private
from fanloom.runlog.contents import packed, unpacked
from fanloom.runlog.log_writer import Batch
from fanloom.runlog.run_summary import RunSummary

_WAIT_S = 10
_DAY_MS = 86_400_000
_META = MetaData()
_RUNS = Table(
    "fanloom_runs",
    _META,
    Column("run", String(64), primary_key=True),
    Column("graph", String(200)),
    Column("thread", String(400)),
    Column("owner", String(200)),
    Column("status", String(20)),
    Column("started", BigInteger),
    Column("changed", BigInteger),
    Column("summary", Text),
    Index("fanloom_runs_started", "started"),
    Index("fanloom_runs_thread", "thread"),
)
_EVENTS = Table(
    "fanloom_run_events",
    _META,
    Column("run", String(64), primary_key=True),
    Column("first", Integer, primary_key=True),
    Column("last", Integer),
    Column("lines", LargeBinary),
)
_BODIES = Table(
    "fanloom_run_contents",
    _META,
    Column("run", String(64), primary_key=True),
    Column("hash", String(64), primary_key=True),
    Column("body", LargeBinary),
)
_OF_SUMMARY = ("run", "graph", "thread", "owner", "status", "started", "changed")


def _keep(table: Table, conflict: str) -> TextClause:
    """Return how a row is kept in both databases; made once, since making a statement takes longer than running it."""
    names = [column.name for column in table.columns]
    values = ", ".join(f":{name}" for name in names)
    return text(f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({values}) {conflict}")


_CHANGED = ", ".join(f"{each.name} = excluded.{each.name}" for each in _RUNS.columns if not each.primary_key)
_KEEP_EVENTS = _keep(_EVENTS, "")
_KEEP_BODIES = _keep(_BODIES, "ON CONFLICT DO NOTHING")
_KEEP_RUNS = _keep(_RUNS, f"ON CONFLICT (run) DO UPDATE SET {_CHANGED}")
_SUMMARY = select(_RUNS.c.summary).where(_RUNS.c.run == bindparam("run"))


class RunStore:
    """The logs of a SQLite file or a PostgreSQL database; used from any thread and by several processes."""

    def __init__(self, url: str, *, days: float | None = None, size: int | None = None) -> None:
        """Nothing is opened yet; `sqlite:///FILE` or `postgresql://...`.

        Once it is, runs are deleted that are older than so many days, or beyond so many bytes.
        """
        self._url, self._days, self._size = url, days, size
        self._opened: dict[int, Engine] = {}
        self._summaries: dict[str, RunSummary] = {}

    def write(self, batches: list[Batch]) -> None:
        """Keep some batches in one transaction. Raises what the database raises."""
        with self._engine().begin() as connection:
            summaries = [self._summary(connection, batch) for batch in batches]
            connection.execute(_KEEP_EVENTS, [_piece(batch) for batch in batches])
            if bodies := [body for batch in batches for body in _bodies(batch)]:
                connection.execute(_KEEP_BODIES, bodies)
            connection.execute(_KEEP_RUNS, [_run(summary) for summary in summaries])
        for summary in summaries:
            if summary.status not in ("running", "waiting"):
                del self._summaries[summary.run]

    def _summary(self, connection: Any, batch: Batch) -> RunSummary:
        if batch.run not in self._summaries:
            row = connection.execute(_SUMMARY, {"run": batch.run}).first()
            self._summaries[batch.run] = RunSummary(**json.loads(row.summary)) if row else RunSummary(run=batch.run)
        for each in batch.events:
            self._summaries[batch.run].take(each)
        return self._summaries[batch.run]

    def runs(
        self,
        *,
        graph: str | None = None,
        status: str | None = None,
        thread: str | None = None,
        owner: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[RunSummary]:
        """Return runs, newest first; `before` is a start in milliseconds since the epoch."""
        wanted = {"graph": graph, "status": status, "thread": thread, "owner": owner}
        query = select(_RUNS.c.summary).order_by(_RUNS.c.started.desc(), _RUNS.c.run).limit(limit)
        for name, value in wanted.items():
            query = query if value is None else query.where(_RUNS.c[name] == value)
        if before is not None:
            query = query.where(_RUNS.c.started < before)
        with self._engine().connect() as connection:
            return [RunSummary(**json.loads(row.summary)) for row in connection.execute(query)]

    def run(self, run: str) -> RunSummary | None:
        """Return one run, or None where there is none of that id."""
        with self._engine().connect() as connection:
            row = connection.execute(select(_RUNS.c.summary).where(_RUNS.c.run == run)).first()
        return RunSummary(**json.loads(row.summary)) if row else None

    def events(self, run: str, after: int = 0) -> Iterator[dict[str, Any]]:
        """Yield the events of a run that come after a number, in order."""
        pieces = select(_EVENTS.c.lines).where(_EVENTS.c.run == run, _EVENTS.c.last > after).order_by(_EVENTS.c.first)
        with self._engine().connect() as connection:
            found = [row.lines for row in connection.execute(pieces)]
        events = (json.loads(line) for lines in found for line in unpacked(lines).split("\n") if line)
        return (each for each in sorted(events, key=lambda each: int(each["seq"])) if each["seq"] > after)

    def content(self, run: str, name: str) -> str | None:
        """Return a content that a run names by its hash, or None."""
        query = select(_BODIES.c.body).where(_BODIES.c.run == run, _BODIES.c.hash == name)
        with self._engine().connect() as connection:
            row = connection.execute(query).first()
        return unpacked(row.body) if row else None

    def contents(self, run: str) -> dict[str, str]:
        """Return all contents of a run by their hashes."""
        query = select(_BODIES.c.hash, _BODIES.c.body).where(_BODIES.c.run == run)
        with self._engine().connect() as connection:
            return {row.hash: unpacked(row.body) for row in connection.execute(query)}

    def delete(self, *, run: str | None = None, thread: str | None = None) -> int:
        """Delete a run, or all of a thread, and return how many there were."""
        chosen = _RUNS.c.run == run if run is not None else _RUNS.c.thread == thread
        with self._engine().begin() as connection:
            names = [row.run for row in connection.execute(select(_RUNS.c.run).where(chosen))]
            _delete(connection, names)
        return len(names)

    def prune(self, *, days: float | None = None, size: int | None = None) -> int:
        """Delete the oldest runs that are older than so many days, or beyond so many bytes; return how many."""
        with self._engine().begin() as connection:
            rows = connection.execute(select(_RUNS.c.run, _RUNS.c.started).order_by(_RUNS.c.started.desc())).all()
            sizes = _sizes(connection)
            oldest, total, names = time.time() * 1000 - (days or 0) * _DAY_MS, 0, []
            for row in rows:
                total += sizes.get(row.run, 0)
                if (days is not None and row.started < oldest) or (size is not None and total > size):
                    names.append(row.run)
            _delete(connection, names)
        return len(names)

    def close(self) -> None:
        """Close the connections of this process."""
        if (engine := self._opened.pop(os.getpid(), None)) is not None:
            engine.dispose()

    def _engine(self) -> Engine:
        # A forked process has none of its parent's connections.
        if os.getpid() not in self._opened:
            engine = _make_engine(make_url(self._url))
            _make_tables(engine)
            self._opened[os.getpid()] = engine
            if self._days is not None or self._size is not None:
                self.prune(days=self._days, size=self._size)
        return self._opened[os.getpid()]


def _make_tables(engine: Engine) -> None:
    try:
        _META.create_all(engine)
    except DBAPIError:
        # Another process has made some of them since they were looked for; what else is wrong is still so.
        _META.create_all(engine)


def _piece(batch: Batch) -> dict[str, Any]:
    return {"run": batch.run, "first": batch.first, "last": batch.last, "lines": packed(batch.lines.decode())}


def _bodies(batch: Batch) -> Iterator[dict[str, Any]]:
    return ({"run": batch.run, "hash": name, "body": body} for name, body in batch.bodies.items())


def _run(summary: RunSummary) -> dict[str, Any]:
    return {**{name: getattr(summary, name) for name in _OF_SUMMARY}, "summary": to_json(summary).decode()}


def _sizes(connection: Any) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for table, column in ((_EVENTS, _EVENTS.c.lines), (_BODIES, _BODIES.c.body)):
        for row in connection.execute(select(table.c.run, func.sum(func.length(column))).group_by(table.c.run)):
            sizes[row[0]] = sizes.get(row[0], 0) + int(row[1] or 0)
    return sizes


def _delete(connection: Any, runs: Sequence[str]) -> None:
    for table in (_EVENTS, _BODIES, _RUNS):
        connection.execute(delete(table).where(table.c.run.in_(runs)))


def _make_engine(url: URL) -> Engine:
    if not url.drivername.startswith("sqlite"):
        try:
            return create_engine(url.set(drivername="postgresql+psycopg"), pool_pre_ping=True, hide_parameters=True)
        except ModuleNotFoundError:
            raise MissingPackage('PostgreSQL needs its driver; run: pip install "fanloom[postgres]"') from None
    make_private(Path(url.database or ""))
    engine = create_engine(url, connect_args={"timeout": _WAIT_S}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    return engine
