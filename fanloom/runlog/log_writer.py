"""The one thread of a process that writes logs: events come in at once, and go to the store in batches."""

from __future__ import annotations

import atexit
import logging
import threading
from collections import deque
from typing import Any, NamedTuple, Protocol

from pydantic_core import to_json

from fanloom.runlog.contents import Contents
from fanloom.runlog.recorder import VERSION, Content, Entry, Mode

# Beyond half of it contents are given up, and the events themselves where it is full.
MOST_QUEUED = 100_000
_BATCH_S, _BATCH = 0.1, 2000
_END_S = 5.0

_logger = logging.getLogger(__name__)


class Batch(NamedTuple):
    """Some events of one run, in order, as NDJSON, and the bodies of contents that they name and that are new."""

    run: str
    first: int
    last: int
    lines: bytes
    events: list[dict[str, Any]]
    bodies: dict[str, bytes]


class Sink(Protocol):
    """Where batches go."""

    def write(self, batches: list[Batch]) -> None:
        """Keep some batches. Raises whatever keeps it from doing so."""


class LogMask(Protocol):
    """What may be written: never a secret, and nothing that the settings hide."""

    def text(self, content: Content) -> str:
        """Return of a content what may be kept."""

    def fields(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of an event that may be kept, without those that are None."""


class LogWriter:
    """Writes what recorders put in; a store that fails costs the log, never the run, and is told of once."""

    def __init__(self, sink: Sink, mask: LogMask, mode: Mode) -> None:
        self._sink, self._mask = sink, mask
        self._contents = Contents(mask.text, kept=mode == "all")
        self._queue: deque[Entry] = deque()
        self._dropped: dict[str, int] = {}
        self._come, self._idle = threading.Event(), threading.Event()
        self._has_failed = False
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        atexit.register(self.flush)

    def put(self, entry: Entry) -> None:
        """Take an event; from any thread, without waiting."""
        waiting = len(self._queue)
        if waiting >= MOST_QUEUED:
            self._dropped[entry.run] = self._dropped.get(entry.run, 0) + 1
            return
        self._queue.append(entry)
        if not self._come.is_set():
            self._idle.clear()
            self._come.set()
            self._start()

    def flush(self, seconds: float = _END_S) -> bool:
        """Wait until all that was put in is written, and say whether it is."""
        if self._thread is None or not self._thread.is_alive():
            # A forked process has none of its parent's threads.
            return not self._queue
        return self._idle.wait(seconds)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="fanloom-log", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            self._come.wait()
            # So that a burst becomes one transaction.
            threading.Event().wait(_BATCH_S)
            self._come.clear()
            while self._queue:
                self._write([self._queue.popleft() for _ in range(min(_BATCH, len(self._queue)))])
            self._idle.set()
            if self._come.is_set():
                self._idle.clear()

    def _write(self, entries: list[Entry]) -> None:
        try:
            batches = self._batches(entries)
            self._sink.write(batches)
        except Exception as error:  # noqa: BLE001 - whatever a disk or a database does, the runs go on
            self._lose(entries, error)
        else:
            for batch in batches:
                self._dropped[batch.run] = self._dropped.get(batch.run, 0) - batch.events[-1].get("dropped", 0)

    def _lose(self, entries: list[Entry], error: Exception) -> None:
        # What was thought to be stored is not: contents are given again.
        self._contents.forget()
        for entry in entries:
            self._dropped[entry.run] = self._dropped.get(entry.run, 0) + 1
        if not self._has_failed:
            said = "The run log cannot be written; the runs are not affected. %s: %s"
            _logger.warning(said, type(error).__name__, self._mask.text(Content(str(error))))
        self._has_failed = True

    def _batches(self, entries: list[Entry]) -> list[Batch]:
        by_run: dict[str, list[Entry]] = {}
        for entry in entries:
            by_run.setdefault(entry.run, []).append(entry)
        return [self._batch(run, of_run) for run, of_run in by_run.items()]

    def _batch(self, run: str, entries: list[Entry]) -> Batch:
        if len(self._queue) >= MOST_QUEUED // 2:
            entries = [entry._replace(contents={}) for entry in entries]
        entries.sort(key=_seq)
        events = [self._event(entry) for entry in entries]
        if dropped := self._dropped.get(run, 0):
            # It bears the number of the event before it.
            head = {name: events[-1][name] for name in ("v", "seq", "t", "mono")}
            events.append({**head, "type": "log.gap", "dropped": dropped})
        bodies, self._contents.new = self._contents.new, {}
        return Batch(run, entries[0].seq, entries[-1].seq, _lines(events), events, bodies)

    def _event(self, entry: Entry) -> dict[str, Any]:
        head = {"v": VERSION, "seq": entry.seq, "t": entry.at_ms, "mono": entry.mono_us, "type": entry.type}
        return head | self._mask.fields(entry.fields) | self._contents.named(entry.run, entry.contents)


def _lines(events: list[dict[str, Any]]) -> bytes:
    return b"\n".join(to_json(event, inf_nan_mode="null", fallback=str) for event in events) + b"\n"


def _seq(entry: Entry) -> int:
    return entry.seq
