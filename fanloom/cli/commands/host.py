"""Where graphs run and threads are kept: in this process, or on a LangGraph server."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

if TYPE_CHECKING:
    from fanloom.cli.options.input_options import Schema
    from fanloom.cli.thread import Place, Result, Thread

HELP = "Work on the LangGraph server at this address, not here.  [env: FANLOOM_URL]"
_URL = "fanloom.url"


class GraphRun(Protocol):
    """A run of a graph, with its context, that can begin or go on at its place."""

    @property
    def place(self) -> Place:
        """Where it is kept."""

    def logged_to(self, file: Path) -> GraphRun:
        """Return the run, of which a file is written. Raises UserError where that cannot be."""

    def start(self, given: Any, *, progress: bool) -> Result:
        """Run the graph. Raises Refused, RunFailed or UserError."""

    def go_on(self, answers: dict[str, Any] | None, *, progress: bool) -> Result:
        """Go on with the thread, with the answers to its questions by id. Raises as `start` does."""


class Work(Protocol):
    """A graph that can run."""

    name: str
    input_schema: Schema
    context_schema: Schema | None

    def once(self, context: Mapping[str, Any] | None) -> GraphRun:
        """Return a run of which nothing is kept."""

    def new_in(self, thread: str, context: Mapping[str, Any] | None) -> GraphRun:
        """Return a run that begins in a thread, once it is known to be free. Raises UserError if not, or RunFailed."""

    def again_in(self, thread: str, context: Mapping[str, Any] | None) -> GraphRun:
        """Return a run that goes on in a thread."""

    def rerun(self, thread: str, tasks: Collection[str]) -> list[str]:
        """Make a finished thread ready to run failed tasks again, and return their ids. Raises UserError."""

    def rename(self, thread: str, names: Mapping[str, str]) -> None:
        """Let a thread go on whose nodes were renamed. Raises UserError for names that do not fit."""


class Host(Protocol):
    """Where graphs are and threads are kept; `url` is empty for this process."""

    url: str

    def summaries(self) -> Mapping[str, str]:
        """Return a line about each graph, by name."""

    def open(self, name: str) -> Work:
        """Return a graph. Raises UserError if there is none of that name."""

    def get(self, thread: str) -> Thread:
        """Return a thread and its state. Raises UserError, with the nearest name, if there is none."""

    def recent(self, limit: int) -> list[Thread]:
        """Return the newest threads, newest first."""

    def delete(self, thread: str) -> None:
        """Delete a thread and what is kept of it."""


def url_option() -> click.Option:
    """Return the option that names a server."""
    return click.Option(["--url"], metavar="URL", help=HELP, expose_value=False, callback=_keep)


def with_url(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option that names a server."""
    return click.option("--url", metavar="URL", help=HELP, expose_value=False, callback=_keep)(command)


def take_url(ctx: click.Context, args: list[str]) -> list[str]:
    """Take --url out of arguments that cannot be parsed before it is known, and keep it for `open_host`."""
    end = args.index("--") if "--" in args else len(args)
    left: list[str] = []
    words = iter(args[:end])
    for word in words:
        name, equals, value = word.partition("=")
        if name != "--url":
            left.append(word)
            continue
        given = value if equals else next(words, None)
        if given is None:
            raise click.BadOptionUsage("--url", "Option '--url' requires an argument.", ctx)
        ctx.meta[_URL] = given
    return left + args[end:]


def _keep(ctx: click.Context, _param: click.Parameter, given: str | None) -> None:
    if given is not None:
        ctx.meta[_URL] = given


def open_host(ctx: click.Context) -> Host:
    """Return the server that --url, else FANLOOM_URL, names; without either, or with an empty --url, this process.

    Raises UserError for what is no URL, and Refused or RunFailed if the server cannot be used.
    """
    from fanloom.settings import settings

    url = ctx.meta[_URL] if _URL in ctx.meta else settings().url
    if not url:
        from fanloom.cli.here.local_host import LocalHost

        return LocalHost(ctx)
    from fanloom.cli.remote.remote_host import RemoteHost

    return RemoteHost(ctx, url)
