"""How a run of a graph ends on the command line: what is said about what is not done, and the exit code for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from fanloom.cli.exits import NOT_ALL_DONE, RunFailed, brief

if TYPE_CHECKING:
    from fanloom.cli.thread import Place, Result

_MOST_LINES = 6


def finish(result: Result, place: Place) -> None:
    """Say what is not done, and leave with the exit code for it."""
    from fanloom.cli.showing.output import unfinished
    from fanloom.cli.showing.questions import show_questions

    if result.waiting:
        show_questions(result.waiting, place)
        raise click.exceptions.Exit(NOT_ALL_DONE)
    if result.paused:
        click.echo("waiting for a person: the graph stops here on purpose", err=True)
        told = "to go on from here, run it with --thread NAME" if place.thread is None else _go_on(place)
        click.echo(told, err=True)
        raise click.exceptions.Exit(NOT_ALL_DONE)
    left = unfinished(result.output)
    if left:
        click.echo(f"{left} {'task was' if left == 1 else 'tasks were'} not done.", err=True)
        raise click.exceptions.Exit(NOT_ALL_DONE)


@contextmanager
def resumable(place: Place) -> Iterator[None]:
    """Say, when a run that is kept fails or is stopped, how to go on."""
    try:
        yield
    except RunFailed as error:
        if place.thread is None:
            raise
        said = "\n".join(brief(error.message).splitlines()[:_MOST_LINES])
        raise RunFailed(f"{said}\n{_go_on(place)}") from error.__cause__
    except KeyboardInterrupt:
        if place.thread is not None:
            click.echo(_go_on(place), err=True)
        raise


def _go_on(place: Place) -> str:
    return f"What is finished is kept. Go on with: {place.resume_command()}"
