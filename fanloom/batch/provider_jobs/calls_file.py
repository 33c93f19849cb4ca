"""The file of a job's calls to providers' batch modes: SQLite, written in whole changes, from any thread."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import uuid4

from fanloom.batch.provider_jobs.wave_options import WaveOptions

FOLDER = "provider"
_BUSY_S = 10
_SCHEMA = """
CREATE TABLE IF NOT EXISTS calls (
    key TEXT PRIMARY KEY, item TEXT NOT NULL, model TEXT NOT NULL, called TEXT NOT NULL, state TEXT NOT NULL, job TEXT,
    body BLOB, status INTEGER, answer BLOB, counted INTEGER NOT NULL DEFAULT 0, tokens REAL NOT NULL, cost REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS of_item ON calls (item);
CREATE INDEX IF NOT EXISTS of_job ON calls (job);
CREATE INDEX IF NOT EXISTS unsent ON calls (model, called) WHERE state = 'asked';
CREATE TABLE IF NOT EXISTS jobs (
    name TEXT PRIMARY KEY, wave INTEGER NOT NULL, model TEXT NOT NULL, called TEXT NOT NULL, state TEXT NOT NULL,
    provider_id TEXT, calls INTEGER NOT NULL, note TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class CallsFile:
    """A file with its tables, the job's id and how it was begun."""

    def __init__(self, folder: Path) -> None:
        file = folder / FOLDER / "calls.db"
        # Prompts and answers are their owner's.
        file.parent.mkdir(0o700, parents=True, exist_ok=True)
        self._connection = sqlite3.connect(file, timeout=_BUSY_S, check_same_thread=False)
        self._lock = threading.Lock()
        self._connection.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; {_SCHEMA}")
        self._connection.execute("INSERT OR IGNORE INTO facts VALUES ('id', ?)", (uuid4().hex[:12],))
        self._connection.commit()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @property
    def id(self) -> str:
        """What names this job among all."""
        return str(self._one("SELECT value FROM facts WHERE name = 'id'")[0])

    def options(self) -> WaveOptions | None:
        """Return how the job was begun, or None where it is new."""
        found = self._rows("SELECT value FROM facts WHERE name = 'options'")
        return WaveOptions(**json.loads(found[0][0])) if found else None

    def keep_options(self, options: WaveOptions) -> None:
        """Write down how the job goes on."""
        self._write([("INSERT OR REPLACE INTO facts VALUES ('options', ?)", (json.dumps(asdict(options)),))])

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._connection:
            yield self._connection

    def _rows(self, statement: str, *values: Any) -> list[Any]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def _one(self, statement: str, *values: Any) -> Any:
        return self._rows(statement, *values)[0]

    def _write(self, statements: Iterable[tuple[str, tuple[Any, ...]]]) -> None:
        with self._change() as connection:
            for statement, values in statements:
                connection.execute(statement, values)


def has_waves(folder: Path) -> bool:
    """Say whether a job in a folder uses providers' batch modes."""
    return (folder / FOLDER / "calls.db").exists()


def options_of(folder: Path) -> WaveOptions | None:
    """Return how a job was begun that uses providers' batch modes, or None."""
    if not has_waves(folder):
        return None
    with closing(CallsFile(folder)) as file:
        return file.options()
