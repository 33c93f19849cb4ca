"""Which runs are written down, where, and what may be written of them."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic_core import to_jsonable_python

from fanloom.errors import InvalidSettings
from fanloom.redaction import redactor
from fanloom.runlog.log_writer import LogWriter
from fanloom.runlog.recorder import Content, Entry, Mode
from fanloom.settings import Hidden, in_home, settings
from fanloom.tracing.trace_mask import TraceMask

if TYPE_CHECKING:
    from fanloom.runlog.run_store import RunStore

_HIDDEN = "(hidden by FANLOOM_TRACE_REDACT)"
_REMEMBERED_S = 1.0
_REMEMBERED_TEXTS, _SHORT = 2048, 200
# A word of letters and digits that is shorter is no secret: most texts of an event are ids and kinds.
_NO_SECRET = 8
_NO_TEXT = {int, float, bool, type(None)}
_UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


class RunLogs(NamedTuple):
    """The logs of this process: where they are kept, and the thread that writes them."""

    store: RunStore
    writer: LogWriter


def run_logs(mode: Mode = "all") -> RunLogs:
    """Return the logs beside the threads of FANLOOM_CHECKPOINT_URL: in PostgreSQL, or in `.fanloom/runs.db`.

    Raises InvalidSettings for variables that mean nothing.
    """
    now = settings()
    url = now.checkpoint_url
    kept = url if url.partition("+")[0].startswith("postgres") else f"sqlite:///{in_home('.fanloom/runs.db')}"
    # A forked process has none of its parent's threads.
    return _opened(os.getpid(), os.getcwd(), kept, mode, now.trace_redact, now.run_log_keep)


class Apart(NamedTuple):
    """Who else is told what happens: logs of their own, and a function that gets each event at once."""

    logs: RunLogs | None = None
    listen: Callable[[Entry], None] | None = None


_APART: ContextVar[Apart] = ContextVar("fanloom_log_apart", default=Apart())  # noqa: B039 - it cannot be changed


def logs_in(folder: Path) -> RunLogs:
    """Return logs of a folder of their own, which hold contents too."""
    return _made(f"sqlite:///{folder}/runs.db", "all", settings().trace_redact)


@contextmanager
def told_apart(apart: Apart) -> Iterator[None]:
    """Let others be told what happens in the runs of this block too, whatever else is written down of them."""
    token = _APART.set(apart)
    try:
        yield
    finally:
        _APART.reset(token)


def apart() -> Apart:
    """Return who else is told in this block."""
    return _APART.get()


def log_mode(*, has_thread: bool) -> Mode | None:
    """Return what is written down of a run that is kept in a thread or not; None is nothing."""
    chosen = settings().run_log
    if chosen is None:
        # What is sent to a collector is read from the log.
        return "all" if has_thread else "facts" if settings().otlp_endpoint else None
    return None if chosen == "off" else chosen


def kept_for(given: str) -> tuple[float | None, int | None]:
    """Return for how many days, and in how many bytes in all, logs are kept. Raises InvalidSettings."""
    if given.strip().casefold() == "forever":
        return None, None
    days = size = None
    for part in given.split(","):
        if found := re.fullmatch(r"\s*(\d+)\s*d\s*", part):
            days = float(found[1])
        elif found := re.fullmatch(r"\s*(\d+)\s*([KMGT]B)\s*", part):
            size = int(found[1]) * _UNITS[found[2]]
        else:
            wanted = "write days, a size or both, as in 30d,2GB; or forever"
            raise InvalidSettings(f"FANLOOM_RUN_LOG_KEEP={given!r}: {wanted}")
    return days, size


@lru_cache(maxsize=16)
def _opened(pid: int, folder: str, url: str, mode: Mode, hidden: frozenset[Hidden], keep: str) -> RunLogs:
    days, size = kept_for(keep)
    return _made(url, mode, hidden, days=days, size=size)


def _made(url: str, mode: Mode, hidden: frozenset[Hidden], **kept: Any) -> RunLogs:
    # SQLAlchemy takes a fifth of the time that a graph takes to load.
    from fanloom.runlog.run_store import RunStore

    store = RunStore(url, **kept)
    return RunLogs(store, LogWriter(store, RunLogMask(hidden), mode))


class RunLogMask:
    """What a run log may hold: never a secret, and nothing of what FANLOOM_TRACE_REDACT names."""

    def __init__(self, hidden: frozenset[Hidden]) -> None:
        self._hidden = hidden
        self._trace = TraceMask(hidden)
        self._texts, self._known_at = _Texts(redactor()), time.monotonic()

    def text(self, content: Content) -> str:
        """Return of a content what may be kept."""
        if self._hidden & {"all", "outputs" if content.is_output else "inputs"}:
            return _HIDDEN
        return str(self._trace({"text": content.text})["text"]) if self._hidden else self._now().redact(content.text)

    def fields(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of an event that may be kept, without those that are None."""
        told = {name: value for name, value in fields.items() if value is not None}
        return self._trace(told) if self._hidden else self._now().of(told)

    def _now(self) -> _Texts:
        # Looking through the environment takes longer than a text does.
        if time.monotonic() - self._known_at > _REMEMBERED_S:
            now, self._known_at = redactor(), time.monotonic()
            self._texts = self._texts if now is self._texts.redact else _Texts(now)
        return self._texts


class _Texts:
    """The texts of events without secrets: names, ids and models are the same again and again."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        self.redact = redact
        self._short = lru_cache(maxsize=_REMEMBERED_TEXTS)(redact)

    def of(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Return what an event holds as JSON knows it, with each of its texts masked."""
        return {name: value if type(value) in _NO_TEXT else self.plain(value) for name, value in fields.items()}

    def plain(self, value: Any) -> Any:
        """Return one thing that an event holds."""
        kind = type(value)
        if kind is str:
            if len(value) < _NO_SECRET and value.isalnum():
                return value
            return self._short(value) if len(value) <= _SHORT else self.redact(value)
        if kind in _NO_TEXT:
            return value
        if kind is dict:
            return {
                self.plain(name) if isinstance(name, str) else name: self.plain(item) for name, item in value.items()
            }
        if kind is list:
            return [self.plain(item) for item in value]
        return self.plain(to_jsonable_python(value, fallback=str) if not isinstance(value, str) else str.__str__(value))
