"""How a job goes on: what is done and failed, how fast, until when, at what cost; live, or a line a minute."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol

import click

_LINE_S, _LIVE_S = 60.0, 0.5
_WORDS = {
    "rpm": "calls wait for requests a minute",
    "tpm": "calls wait for tokens a minute",
    "cool_down": "calls wait for the provider's cool-down",
    "concurrency": "calls wait for a free slot",
    "worker": "items wait for a worker",
    "died": "workers have died and are replaced",
}


class WatchedJob(Protocol):
    """A job whose results come one by one."""

    def results(self) -> Any:
        """Yield the results."""


@dataclass
class JobProgress:
    """What is known of a job while it runs; `total` is None where nobody has counted the input.

    `waiting` tells how many calls wait, by what they wait for.
    """

    total: int | None = None
    clock: Callable[[], float] = time.monotonic
    waiting: Callable[[], Mapping[str, int]] = dict
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
        said += [f"{count} {_WORDS.get(why, f'calls wait for {why}')}" for why, count in self.waiting().items()]
        return ", ".join(said)

    def _ahead(self, ended: int, seconds: float) -> list[str]:
        assert self.total, "asked for where it is known"
        left = seconds * (self.total - ended) / ended
        projected = [] if self.cost is None else [f"${self.cost * self.total / ended:.4f} in all"]
        return [f"{self.total - ended} left", f"about {_duration(left)}", *projected]


async def watched(
    job: WatchedJob,
    *,
    shown: bool,
    total: int | None = None,
    waiting: Callable[[], Mapping[str, int]] = dict,
    every_s: float | None = None,
) -> None:
    """Run a job to its end and show how it goes: in one live line on a terminal, else a line a minute."""
    progress, live = JobProgress(total, waiting=waiting), sys.stderr.isatty()
    with _ticking(progress, live, every_s or (_LIVE_S if live else _LINE_S)) if shown else nullcontext():
        async for result in job.results():
            progress.take(result)


@contextmanager
def _ticking(progress: JobProgress, live: bool, every_s: float) -> Iterator[None]:
    """Show a job's progress again and again, also while nothing ends."""
    ticking = asyncio.create_task(_tick(progress, live, every_s))
    try:
        yield
    finally:
        ticking.cancel()
        if live:
            click.echo("\r\x1b[K", err=True, nl=False)


async def _tick(progress: JobProgress, live: bool, every_s: float) -> None:
    while True:
        await asyncio.sleep(every_s)
        click.echo(f"\r\x1b[K{progress.line()}" if live else progress.line(), err=True, nl=not live)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
