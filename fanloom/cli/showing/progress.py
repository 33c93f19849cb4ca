"""What runs, is done and has failed, shown while a graph runs."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

from fanloom.cli.exits import clean
from fanloom.runlog.recorder import Entry

MAX_LINES = 12
_SEND = "__pregel_push"
_WAITS = {
    "run_slot": "for the run's max_concurrency",
    "concurrency": "for FANLOOM_MAX_CONCURRENCY",
    "rpm": "for FANLOOM_RPM",
    "tpm": "for FANLOOM_TPM",
    "cool_down": "for the provider's pause",
    "back_off": "before another try",
    "needs": "for another task",
    "alone_first": "for the first call with the same documents",
}
_COLOURS = {"running": "cyan", "done": "green", "stopped": "yellow", "partly": "yellow"}


@dataclass
class NodeLine:
    """The tasks of one node; `busy` counts the seconds in which at least one of them ran."""

    name: str
    planned: int = 0
    running: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    busy: float = 0.0
    since: float = 0.0

    def start(self, now: float) -> None:
        """Count a task that starts."""
        self.planned += 1
        self.running += 1
        if self.running == 1:
            self.since = now

    def end(self, status: str, now: float) -> None:
        """Count a task that ends."""
        self.running -= 1
        self.ended[status] += 1
        if not self.running:
            self.busy += now - self.since

    def state(self) -> str:
        """Return the state of the node in one word."""
        if self.running:
            return "running"
        if set(self.ended) <= {"done"}:
            return "done"
        return "partly" if self.ended["done"] else self.ended.most_common(1)[0][0]

    def counts(self) -> str:
        """Return how many of its tasks are where, for a node that has several."""
        if self.planned == 1:
            return ""
        rest = [f"{count} {status}" for status, count in self.ended.items() if status != "done" and count]
        running = [f"{self.running} running"] if self.running else []
        return ", ".join([f"{self.ended['done']}/{self.planned} done", *rest, *running])

    def text(self, now: float) -> Text:
        """Return the line that is shown."""
        state = self.state()
        seconds = self.busy + (now - self.since if self.running else 0)
        line = Text(no_wrap=True, overflow="crop")
        line.append(f"{state:<8} ", style=_COLOURS.get(state, "red"))
        line.append(" ".join(filter(None, (clean(self.name), self.counts()))))
        return line.append(f"  {seconds:.1f} s", style="dim")


class ProgressBoard:
    """The nodes of a run, fed by the events of its stream."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.nodes: dict[str, NodeLine] = {}
        self.note = ""
        self._waits: dict[str, str] = {}
        self._clock = clock
        self._tasks: dict[str, tuple[str, bool]] = {}

    def task(self, event: Mapping[str, Any]) -> None:
        """Take an event of the `tasks` stream: a task that starts, or one that ends."""
        if "result" in event or "error" in event:
            if event["id"] in self._tasks:
                name, is_worker = self._tasks.pop(event["id"])
                self.nodes[name].end(_status(event, is_worker), self._clock())
            return
        name = event["name"]
        self._tasks[event["id"]] = (name, _SEND in event.get("triggers", ()))
        self.nodes.setdefault(name, NodeLine(name)).start(self._clock())

    def custom(self, event: Any) -> None:
        """Take what a node writes to the `custom` stream: a string, or a `message` in an object, is shown."""
        said = event.get("message") if isinstance(event, Mapping) else event
        if isinstance(said, str):
            self.note = " ".join(clean(said).split())

    def take(self, entry: Entry) -> None:
        """Take an event of the run log, from any thread: a wait that begins or ends."""
        if entry.type == "wait.started":
            self._waits[entry.fields["id"]] = str(entry.fields.get("reason"))
        elif entry.type == "wait.ended":
            self._waits.pop(entry.fields["id"], None)

    def waits(self) -> str:
        """Return how many calls and tasks wait, and for what."""
        counts = Counter(list(self._waits.values())).most_common()
        return ", ".join(f"{count} {_WAITS.get(reason, reason)}" for reason, count in counts)

    def has_running(self) -> bool:
        """Tell whether a task has started and not ended."""
        return bool(self._tasks)

    def stop(self) -> None:
        """Count what still runs as stopped."""
        for name, _ in self._tasks.values():
            self.nodes[name].end("stopped", self._clock())
        self._tasks.clear()

    def lines(self) -> list[Text]:
        """Return a line for each node."""
        now = self._clock()
        return [node.text(now) for node in list(self.nodes.values())]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Show the nodes in at most MAX_LINES + 3 lines, those that run before those that have ended."""
        nodes = list(self.nodes.values())
        shown = [node for node in nodes if node.running][:MAX_LINES]
        shown += [node for node in nodes if node not in shown][::-1][: MAX_LINES - len(shown)]
        if len(shown) < len(nodes):
            yield Text(f"... and {len(nodes) - len(shown)} more", style="dim", no_wrap=True, overflow="crop")
        now = self._clock()
        for node in nodes:
            if node in shown:
                yield node.text(now)
        if waits := self.waits():
            yield Text(f"waiting: {waits}", style="yellow", no_wrap=True, overflow="crop")
        if self.note:
            yield Text(self.note, style="dim", no_wrap=True, overflow="crop")


def _status(event: Mapping[str, Any], is_worker: bool) -> str:
    # Only of a worker do Outcomes tell how it went itself; a join that reports the failures of others has not failed.
    if event.get("error"):
        return "failed"
    if event.get("interrupts"):
        return "waiting"
    statuses = _outcome_statuses(event.get("result")) if is_worker else []
    return next((status.replace("_", " ") for status in statuses if status != "done"), "done")


def _outcome_statuses(update: Any) -> list[str]:
    """Return the statuses of the Outcomes in what a node returned."""
    if not isinstance(update, Mapping):
        return []
    return [
        str(item["status"])
        for value in update.values()
        if isinstance(value, list)
        for item in value
        if is_outcome(item)
    ]


def is_outcome(item: Any) -> bool:
    """Tell whether a value has the shape of an Outcome."""
    return isinstance(item, Mapping) and "task_id" in item and "status" in item


@contextmanager
def live(board: ProgressBoard, *, shown: bool) -> Iterator[None]:
    """Show a board on the terminal while a run goes on, and a line per node when it has ended."""
    if not shown:
        yield
        return
    console = Console(file=sys.stderr, highlight=False)
    try:
        with Live(board, console=console, transient=True, refresh_per_second=8):
            yield
    finally:
        board.stop()
        for line in board.lines():
            console.print(line, soft_wrap=True)
