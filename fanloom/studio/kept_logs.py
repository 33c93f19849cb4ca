"""Where the logs of this project are, and one run of them, by its id, its thread or its file."""

from __future__ import annotations

import zipfile
from pathlib import Path

from fanloom.errors import UserError
from fanloom.runlog.fanrun import LoggedRun, read_fanrun
from fanloom.runlog.run_store import RunStore
from fanloom.runs.run_log import run_logs
from fanloom.studio.report_file import read_report

_SUFFIXES = (".fanrun", ".html")


def open_store() -> RunStore:
    """Return the store of this project's logs. Raises InvalidSettings."""
    return run_logs().store


def logged_run(store: RunStore, run: str) -> LoggedRun | None:
    """Return a run of a store, or None where there is none of that id."""
    if store.run(run) is None:
        return None
    return LoggedRun(list(store.events(run)), store.contents(run))


def is_file(named: str) -> bool:
    """Say whether a file with a run is meant: by its ending, or as one that is there, whatever its name."""
    file = Path(named)
    return file.suffix in _SUFFIXES or (file.is_file() and zipfile.is_zipfile(file))


def run_in(file: Path) -> LoggedRun:
    """Return the run in a .fanrun file or a report. Raises UserError."""
    return read_report(file) if file.suffix == ".html" else read_fanrun(file)


def find_run(named: str, store: RunStore) -> LoggedRun:
    """Return the run of a file, of an id, or the newest of a thread. Raises UserError if there is none."""
    if is_file(named):
        return run_in(Path(named))
    newest = store.runs(thread=named, limit=1)
    found = logged_run(store, newest[0].run if newest else named)
    if found is None:
        raise UserError(f"no run and no thread {named!r} is in the log; `fanloom runs` lists them")
    return found
