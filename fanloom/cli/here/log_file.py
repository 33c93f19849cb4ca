"""What happens in one run, in a file of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from fanloom.errors import UserError
from fanloom.runlog.fanrun import LoggedRun, write_fanrun
from fanloom.runs.run_log import RunLogs, logs_in


@contextmanager
def log_file(file: Path | None) -> Iterator[RunLogs | None]:
    """Give logs whose run is written to a file at the end, however it ends. Raises UserError if it cannot be."""
    if file is None:
        yield None
        return
    _check(file)
    with logs_for_once() as logs:
        try:
            yield logs
        finally:
            write_fanrun(newest_run(logs), file)


@contextmanager
def logs_for_once() -> Iterator[RunLogs]:
    """Give logs that are gone afterwards."""
    with TemporaryDirectory(prefix="fanloom-log-") as folder:
        logs = logs_in(Path(folder))
        try:
            yield logs
        finally:
            logs.writer.flush()
            logs.store.close()


def newest_run(logs: RunLogs) -> LoggedRun:
    """Return the run that was begun last; one without events if none was."""
    logs.writer.flush()
    return next(
        (LoggedRun(list(logs.store.events(each.run)), logs.store.contents(each.run)) for each in logs.store.runs()),
        LoggedRun([], {}),
    )


def _check(file: Path) -> None:
    # Before the run, which may cost money.
    try:
        file.open("ab").close()
    except OSError as error:
        raise UserError(f"{str(file)!r} cannot be written: {error.strerror}") from None
