"""`fanloom dev` as users start it, on a folder of its own that has this project's langgraph.json."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient

from tests.ports import free_port
from tests.wire.provider import foreign

ROOT = Path(__file__).parents[3]
CONFIG = (ROOT / "langgraph.json").read_text()
_LONGEST_S = 120
_POLL_S = 0.02
_FOREIGN = ("FANLOOM_", "PYTEST", "COV", "MAKE", "LANGGRAPH_")


class DevServer:
    """A development server in a folder, which outlives it and can be given to another."""

    config = CONFIG
    command: Sequence[str] = (sys.executable, "dev")
    has_websockets = True

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.environment = environment
        self._log = folder / "log"

    @property
    def log(self) -> str:
        """Return what it and its predecessors in this folder have logged."""
        return self._log.read_text()

    def start(self) -> Self:
        """Start serving."""
        (self.folder / "langgraph.json").write_text(self.config)
        if not (self.folder / "graphs").exists():
            (self.folder / "graphs").symlink_to(ROOT / "graphs")
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        python, *words = self.command
        command = [python, "-m", "fanloom", "-C", str(self.folder), *words, "--port", str(port)]
        before = len(self.log) if self._log.exists() else 0
        with self._log.open("a") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, env=self._variables(), stdout=log, stderr=log)
        try:
            _wait(lambda: self._serves(self.log[before:]) or self._process.poll() is not None)
            assert self._process.poll() is None, self.log[-3000:]
        except BaseException:
            self.kill()
            raise
        return self

    def _serves(self, log: str) -> bool:
        return "Application started up" in log

    def kill(self) -> None:
        """Let it die on the spot."""
        self._process.kill()
        self._process.wait(20)

    def stop(self) -> None:
        """Ask it to end."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(20)
        finally:
            self._process.kill()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def client(self, key: str | None = None) -> LangGraphClient:
        """Return a client with a key, or with none."""
        return get_client(url=self.url, api_key=key)

    def checkpoints(self, thread: str) -> int:
        """Count the checkpoints that are kept of a thread."""
        with closing(sqlite3.connect(self.folder / ".fanloom" / "checkpoints.db")) as threads:
            count = threads.execute("SELECT COUNT(*) FROM checkpoints WHERE thread_id = ?", [thread])
            return int(count.fetchone()[0])

    def namespace(self, user: str) -> list[str]:
        """Return below what a user's memory is kept; who has no key shares it."""
        return [] if user == "anybody" else [user]

    def _variables(self) -> dict[str, str]:
        dropped = {*foreign(), *(name for name in os.environ if name.startswith(_FOREIGN))}
        kept = {name: value for name, value in os.environ.items() if name not in dropped}
        return {**kept, "PYTHONUNBUFFERED": "1", "LANGSMITH_TRACING": "false", "NO_COLOR": "1", **self.environment}


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _LONGEST_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(_POLL_S)


async def until(question: Callable[[], Awaitable[Any]]) -> Any:
    """Ask until the answer is true, and return it."""
    deadline = time.monotonic() + _LONGEST_S
    while not (answer := await question()):
        assert time.monotonic() < deadline
        await asyncio.sleep(_POLL_S)
    return answer


async def refused(call: Awaitable[Any]) -> int:
    """Return the status by which a call is refused."""
    with pytest.raises(httpx.HTTPStatusError) as error:
        await call
    return error.value.response.status_code
