"""How a job goes on: what is done and failed, how fast, until when, at what cost; live, or a line a minute."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import click

_LINE_S, _LIVE_S = 60.0, 0.5


class WatchedJob(Protocol):
    """A job whose results come one by one."""

    def results(self) -> Any:
        """Yield the results."""


@dataclass
class JobProgress:
    """What is known of a job while it runs; `total` is None where nobody has counted the input."""

    total: int | None = None
    clock: Callable[[], float] = time.monotonic
    counts: dict[str, int] = field(default_factory=lambda: {"done": 0, "partly": 0, "failed": 0})
    cost: float | None = 0.0
    began: float = 0.0

    def __post_init__(self) -> None:
        self.began = self.clock()

    def take(self, result: Any) -> None:
        """Count one item that has ended."""
        self.counts[result["status"]] += 1
        cost = (result["usage"] or {}).get("cost_usd", 0.0)
        self.cost = None if cost is None or self.cost is None else self.cost + cost

    def line(self) -> str:
        """Return how the job stands, in one line."""
        ended, seconds = sum(self.counts.values()), max(self.clock() - self.began, 1e-9)
        said = [f"{count} {status}" for status, count in self.counts.items() if count or status == "done"]
        said.append(f"{60 * ended / seconds:,.0f} a minute")
        said.append("cost unknown" if self.cost is None else f"cost ${self.cost:.4f}")
        if self.total and ended:
            said += self._ahead(ended, seconds)
        return ", ".join(said)

    def _ahead(self, ended: int, seconds: float) -> list[str]:
        assert self.total, "asked for where it is known"
        left = seconds * (self.total - ended) / ended
        projected = [] if self.cost is None else [f"${self.cost * self.total / ended:.4f} in all"]
        return [f"{self.total - ended} left", f"about {_duration(left)}", *projected]


async def watched(job: WatchedJob, *, shown: bool, total: int | None = None) -> None:
    """Run a job to its end and show how it goes: in one live line on a terminal, else a line a minute."""
    progress, live = JobProgress(total), shown and sys.stderr.isatty()
    next_line = progress.began + (_LIVE_S if live else _LINE_S)
    async for result in job.results():
        progress.take(result)
        if shown and progress.clock() >= next_line:
            next_line = progress.clock() + (_LIVE_S if live else _LINE_S)
            click.echo(f"\r\x1b[K{progress.line()}" if live else progress.line(), err=True, nl=not live)
    if live:
        click.echo("\r\x1b[K", err=True, nl=False)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
