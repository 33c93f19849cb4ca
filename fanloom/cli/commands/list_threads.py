"""`fanloom threads`: the threads that are kept, and how each stands."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from fanloom.cli.commands.host import open_host, with_url
from fanloom.cli.exits import brief, clean
from fanloom.cli.options.lazy_group import SentenceGroup

if TYPE_CHECKING:
    from fanloom.cli.thread import Thread

_SHORT = 60


@click.group("threads", cls=SentenceGroup, invoke_without_command=True)
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="List at most so many, newest first."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_url
@click.pass_context
def threads(ctx: click.Context, limit: int, as_json: bool) -> None:
    """List the threads that are kept, newest first.

    A thread is done, failed, waiting for a person, or interrupted: stopped in the middle, or running right now. With
    --url they are your threads on a server, which tells the two apart.
    """
    if ctx.invoked_subcommand is not None:
        return
    # One more tells whether there are more.
    found = open_host(ctx).recent(limit + 1)
    if as_json:
        click.echo(json.dumps([_row(thread) for thread in found[:limit]], indent=2))
        return
    _print_table([_cells(thread) for thread in found[:limit]])
    if len(found) > limit:
        click.echo(f"These are the newest {limit}; see more with --limit.", err=True)


@threads.command("show")
@click.argument("thread")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_url
@click.pass_context
def show_thread(ctx: click.Context, thread: str, as_json: bool) -> None:
    """Show how a thread stands, what it waits for, and its output so far."""
    from fanloom.cli.showing.output import plain, show

    found = open_host(ctx).get(thread)
    if as_json:
        click.echo(json.dumps({**_row(found), "output": plain(found.output)}, indent=2))
        return
    _print_table([_cells(found)])
    click.echo()
    show(found.output, [], as_json=False)


@threads.command("delete")
@click.argument("thread")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_url
@click.pass_context
def delete_thread(ctx: click.Context, thread: str, yes: bool) -> None:
    """Delete a thread with all that is kept of it, and what is written down of its runs."""
    host = open_host(ctx)
    found = host.get(thread)
    if not yes:
        click.confirm(f"Delete thread {clean(found.id)!r} ({found.state})?", abort=True, err=True)
    host.delete(found.id)
    click.echo(f"Thread {clean(found.id)!r} is deleted.", err=True)


def _row(thread: Thread) -> dict[str, Any]:
    from fanloom.cli.showing.output import plain

    row = plain(asdict(thread))
    return {
        "thread": row["id"],
        **{name: row[name] for name in ("graph", "state", "started", "waiting")},
        "error": brief(thread.error) or None,
    }


def _cells(thread: Thread) -> tuple[str, ...]:
    return (
        # Names that others gave may hold line breaks.
        clean(thread.id).replace("\n", " "),
        clean(thread.graph or "-"),
        "waiting for a person" if thread.state == "waiting" else thread.state,
        f"{datetime.fromisoformat(thread.started).astimezone():%Y-%m-%d %H:%M}",
        _short(_about(thread)),
    )


def _about(thread: Thread) -> str:
    """Return what a thread waits for, or why it has failed."""
    from fanloom.cli.showing.output import plain

    if thread.state != "waiting":
        return thread.error
    value = plain(thread.waiting[0]["value"])
    question = value.get("question") if isinstance(value, dict) else None
    more = f" (and {len(thread.waiting) - 1} more)" if len(thread.waiting) > 1 else ""
    return f"{question or (value if isinstance(value, str) else json.dumps(value))}{more}"


def _short(text: str) -> str:
    line = " ".join(brief(text).split())
    return line if len(line) <= _SHORT else f"{line[: _SHORT - 3]}..."


def _print_table(rows: list[tuple[str, ...]]) -> None:
    if not rows:
        click.echo("No threads yet: `fanloom run GRAPH --thread NAME` keeps one.", err=True)
        return
    rows = [("THREAD", "GRAPH", "STATE", "STARTED", "WAITS FOR / FAILED WITH"), *rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
