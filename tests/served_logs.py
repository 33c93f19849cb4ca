"""A store of run logs that the server shows, small runs for it, and the keys of those who ask."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fanloom.runlog.contents import packed
from fanloom.runlog.fanrun import LoggedRun
from fanloom.runlog.log_writer import Batch
from fanloom.runlog.run_store import RunStore
from fanloom.server.app import app
from tests.made_logs import MadeLog

KEYS = {
    "key-of-anna-0123456789": {"user": "anna"},
    "key-of-berta-0123456789": {"user": "berta"},
    "key-of-staff-0123456789": {"user": "sue", "role": "staff"},
}
SECRET_TEXT = "what only anna may read"


def write(store: RunStore, run: LoggedRun, events: list[dict[str, Any]] | None = None) -> None:
    chosen = run.events if events is None else events
    lines = b"".join(json.dumps(event).encode() + b"\n" for event in chosen)
    bodies = {name: packed(text) for name, text in run.contents.items()} if chosen[0]["seq"] == 1 else {}
    store.write([Batch(run.events[0]["run"], chosen[0]["seq"], chosen[-1]["seq"], lines, chosen, bodies)])


def small_run(name: str, owner: str, *, ended: bool = True, **fields: Any) -> LoggedRun:
    log = MadeLog(name, owner=owner, input="", **fields)
    log.events[0]["input"] = log.text(SECRET_TEXT)
    log.call("", "answer", (1, 2, "first", "ok", "made", 0.1))
    if ended:
        log.add(3, "run.ended", status="done", result=log.text("answered"))
    return log.run()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RunStore]:
    made = RunStore(f"sqlite:///{tmp_path}/runs.db")
    app.state.logs = made
    yield made
    del app.state.logs
    made.close()
