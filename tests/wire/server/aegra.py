"""`fanloom serve` with two instances, on a database and below names in Redis of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path
from typing import Any, LiteralString, Self

import psycopg
import pytest
import redis

from tests.postgres import new_database
from tests.wire.server.harness import ROOT, DevServer

# Read at import, since every test begins with an environment of its own.
REDIS = os.environ.get("FANLOOM_TEST_REDIS_URL") or "redis://127.0.0.1:6379/11"
NEEDED = bool(os.environ.get("NEEDS_AEGRA"))
_PYTHONS = (str(ROOT / ".venv/aegra/bin/python"), sys.executable)
_HAS_AEGRA = "import sys, aegra_api; sys.exit(sys.version_info < (3, 12))"
# Aegra's own are 30, 10 and 15 s.
_SOON = {"LEASE_DURATION_SECONDS": "5", "HEARTBEAT_INTERVAL_SECONDS": "1", "REAPER_INTERVAL_SECONDS": "1"}
_INSTANCES = 2


class AegraServer(DevServer):
    """Two instances of Aegra in a folder, behind one address."""

    has_websockets = False

    def __init__(self, folder: Path, **environment: str) -> None:
        super().__init__(folder, **environment)
        self.command = (aegra_python(), "serve", "--instances", str(_INSTANCES))
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        _check_redis()
        self.database = self._stack.enter_context(new_database())
        self._stack.callback(_forget, self.database.rpartition("/")[2])
        self.environment |= {"FANLOOM_CHECKPOINT_URL": self.database, "REDIS_URL": REDIS, **_SOON}
        try:
            return super().__enter__()
        except BaseException:
            self._stack.close()
            raise

    def __exit__(self, *error: object) -> None:
        with self._stack:
            super().__exit__(*error)

    @property
    def instances(self) -> list[int]:
        """Return the processes that serve here, the newest last."""
        said = [line.split() for line in self.log.splitlines() if line.startswith("Instance ") and self.url in line]
        return [int(pid) for _, pid, *_ in said]

    def checkpoints(self, thread: str) -> int:
        """Count the checkpoints that are kept of a thread."""
        return int(self.ask("SELECT COUNT(*) FROM checkpoints WHERE thread_id = %s", thread)[0][0])

    def ask(self, question: LiteralString, *values: object) -> list[Any]:
        """Return what its database says."""
        with psycopg.connect(self.database) as connection:
            return connection.execute(question, values).fetchall()

    def namespace(self, user: str) -> list[str]:
        """Return below what a user's memory is kept."""
        return ["users", user] if user == "anybody" else ["owner", user]

    def stop(self) -> None:
        """Ask it to end, and see that no instance is left."""
        try:
            super().stop()
        finally:
            self.kill()

    def kill(self) -> None:
        """Let it die on the spot, with all its instances."""
        super().kill()
        for pid in self.instances:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _serves(self, log: str) -> bool:
        return log.count(f" serves {self.url} ") == _INSTANCES


def _missing(what: str) -> Any:
    if NEEDED:
        pytest.fail(f"{what}, and NEEDS_AEGRA is set")
    pytest.skip(what)


@cache
def _found() -> str | None:
    return next((python for python in _PYTHONS if Path(python).exists() and _has_aegra(python)), None)


def _has_aegra(python: str) -> bool:
    return subprocess.run([python, "-c", _HAS_AEGRA], stderr=subprocess.DEVNULL, check=False).returncode == 0


def aegra_python() -> str:
    """Return the Python that has Aegra; the test is skipped, or fails where it is needed, if there is none."""
    return _found() or _missing("no Python >= 3.12 with Aegra is here: make aegra")


def _check_redis() -> None:
    try:
        with redis.Redis.from_url(REDIS) as client:
            client.ping()
    except redis.RedisError as error:
        _missing(f"no Redis answers at {REDIS} ({error})")


def _forget(database: str) -> None:
    with redis.Redis.from_url(REDIS) as client:
        for key in client.scan_iter(f"fanloom:{database}:*"):
            client.delete(key)
