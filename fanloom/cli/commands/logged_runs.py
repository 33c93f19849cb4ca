"""`fanloom runs`: the runs that are written down, what happened in one, and as a file for others to read."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fanloom.cli.commands.judging.replayed_run import replay
from fanloom.cli.commands.providers.list_models import enter_environment
from fanloom.cli.exits import brief, clean
from fanloom.cli.here.project import CONFIG
from fanloom.cli.options.lazy_group import SentenceGroup
from fanloom.errors import UserError

if TYPE_CHECKING:
    from fanloom.runlog.fanrun import LoggedRun
    from fanloom.runlog.run_store import RunStore
    from fanloom.runlog.run_summary import RunSummary

_HEAD = ("RUN", "GRAPH", "STATUS", "STARTED", "DONE", "REQUESTS", "COST", "THREAD")
_SHORT = 8


@click.group("runs", cls=SentenceGroup, invoke_without_command=True)
@click.option("--graph", metavar="GRAPH", help="Those of one graph only.")
@click.option("--status", metavar="STATUS", help="Those that are running, waiting, done, failed or stopped only.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="At most so many.")
@click.option("as_json", "--json", is_flag=True, help="Print JSON.")
@click.pass_context
def runs(ctx: click.Context, graph: str | None, status: str | None, limit: int, as_json: bool) -> None:
    """List the runs that are written down, newest first: how each stands, and what it took."""
    enter_environment(ctx.obj.project)
    if ctx.invoked_subcommand is not None:
        return
    found = _store().runs(graph=graph, status=status, limit=limit)
    if as_json:
        click.echo(json.dumps([run.as_data() for run in found], indent=2))
        return
    if not found:
        click.echo("No run is written down yet: runs with --thread are, or all with FANLOOM_RUN_LOG=all.", err=True)
        if not (ctx.obj.project / CONFIG).is_file():
            click.echo(f"There is no {CONFIG} here: runs are written down in their project's folder.", err=True)
        return
    rows = [_HEAD, *map(_cells, found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    for row in rows:
        click.echo("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


@runs.command("show")
@click.argument("run")
@click.option("--contents", is_flag=True, help="Show prompts and answers too.")
@click.option("as_json", "--json", is_flag=True, help="Print the events as JSON lines.")
def show(run: str, contents: bool, as_json: bool) -> None:
    """Show what happened in a run: its id or the beginning of it, or a thread's name for its newest, or a file."""
    from fanloom.cli.showing.run_story import story

    found = _logged(run)
    lines = map(json.dumps, found.events) if as_json else story(found, contents=contents)
    for line in lines:
        click.echo(clean(line))


@runs.command("export")
@click.argument("run")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file.  [default: RUN.fanrun]"
)
@click.option(
    "form",
    "--as",
    type=click.Choice(["fanrun", "perfetto", "otlp", "csv", "test"]),
    default="fanrun",
    show_default=True,
    help="What to write.",
)
@click.option("form", "--as-test", flag_value="test", help="Short for --as test.")
def export(run: str, output: Path | None, form: str) -> None:
    """Write a run to a file: a .fanrun, a trace for Perfetto, OpenTelemetry spans, its attempts as CSV, or a test case.

    A test case holds the input, the recorded answers and how the tasks are expected to end; the model `replay:FILE`
    gives these answers with no key.
    """
    from fanloom.runlog.fanrun import write_fanrun

    found = _logged(run)
    suffix = {"fanrun": ".fanrun", "perfetto": ".json", "otlp": ".otlp", "csv": ".csv", "test": ".json"}[form]
    file = output or Path(f"{run}{suffix}")
    try:
        if form == "fanrun":
            write_fanrun(found, file)
        else:
            file.write_bytes(_as_bytes(found, form))
    except OSError as error:
        raise UserError(f"{str(file)!r} cannot be written: {error.strerror}") from None
    click.echo(f"written to {file}", err=True)


@runs.command("delete")
@click.argument("run")
def delete(run: str) -> None:
    """Delete what is written down of a run."""
    store = _store()
    store.delete(run=_found(store, run).run)


runs.add_command(replay)


def _as_bytes(found: LoggedRun, form: str) -> bytes:
    from fanloom.evaluation.recorded_case import as_test
    from fanloom.runlog.attempts_table import attempts_csv
    from fanloom.runlog.otlp import otlp_request
    from fanloom.runlog.perfetto import perfetto_trace

    if form == "test":
        return json.dumps(as_test(found), indent=2).encode()
    if form == "otlp":
        return bytes(otlp_request(found.events).SerializeToString())
    return (attempts_csv(found.events) if form == "csv" else json.dumps(perfetto_trace(found.events))).encode()


def _store() -> RunStore:
    from fanloom.runs.run_log import run_logs

    return run_logs().store


def _logged(name: str) -> LoggedRun:
    """Return a run from the store, or from a file of that name: a .fanrun or a report. Raises UserError."""
    from fanloom.runlog.fanrun import LoggedRun
    from fanloom.studio.kept_logs import is_file, run_in

    if is_file(name):
        return run_in(Path(name))
    store = _store()
    run = _found(store, name).run
    return LoggedRun(list(store.events(run)), store.contents(run))


def _found(store: RunStore, name: str) -> RunSummary:
    exact = store.run(name)
    begun = [run for run in store.runs(limit=10_000) if run.run.startswith(name)] if exact is None else []
    of_thread = store.runs(thread=name, limit=1)
    found = [exact] if exact else begun or of_thread
    if not found or found[0] is None:
        raise UserError(f"no run {name!r} is written down; `fanloom runs` lists those that are")
    if len(found) > 1:
        raise UserError(f"{len(found)} runs begin with {name!r}; write more of the one that you mean")
    return found[0]


def _cells(run: RunSummary) -> tuple[str, ...]:
    done = run.outcomes.get("done", 0)
    cost = "unknown" if run.cost_usd is None else f"${run.cost_usd:.4f}"
    started = f"{datetime.fromtimestamp(run.started / 1000).astimezone():%Y-%m-%d %H:%M}"
    told: tuple[Any, ...] = (
        run.run[:_SHORT],
        run.graph or "-",
        run.status,
        started,
        f"{done}/{run.planned}" if run.planned else "-",
        run.requests,
        cost,
        run.thread or "-",
    )
    return tuple(brief(str(cell)).replace("\n", " ") for cell in told)
