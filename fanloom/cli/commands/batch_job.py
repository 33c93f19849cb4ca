"""`fanloom batch`: many inputs through one graph, kept in a folder, so that a job can stop and go on."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fanloom.cli.exits import NOT_ALL_DONE, RunFailed
from fanloom.cli.options.lazy_group import SentenceGroup
from fanloom.cli.options.provider_batch import takes_wave_options

if TYPE_CHECKING:
    from fanloom.batch.job import Job
    from fanloom.cli.here.job_setup import OpenedGraph
    from fanloom.cli.here.loading import Session

_STOPS: dict[int, tuple[str, str]] = {
    signal.SIGINT: ("Ctrl-C", "press Ctrl-C again"),
    signal.SIGTERM: ("SIGTERM", "send it again"),
}
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group("batch", cls=SentenceGroup)
def batch() -> None:
    """Run many inputs through a graph: a job, which is kept in a folder and can go on."""


def _bounds(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that bound a job."""
    options = [
        click.option("--concurrency", type=click.IntRange(1, 10_000), help="Items at a time.  [default: 16]"),
        click.option("--max-model-calls", type=click.IntRange(0), help="Model calls the whole job may send."),
        click.option("--max-total-tokens", type=click.IntRange(0), help="Tokens in and out the whole job may use."),
        click.option("--max-cost-usd", type=click.FloatRange(0), help="What the whole job may cost."),
        click.option("--max-failures", type=click.IntRange(0), help="Stop when more items than this have failed."),
        click.option("--limit", type=click.IntRange(1), help="Take so many items and stop."),
        click.option("--shard", metavar="I/N", help="Do the Ith of N parts; the others can run elsewhere."),
        click.option("--engine", type=click.Choice(["local", "ray"]), help="Where items run.  [default: local]"),
        click.option(
            "--address", metavar="HOST:PORT", help="The Ray cluster, or auto.  [default: one of its own, here]"
        ),
        click.option("--workers", type=click.IntRange(1), help="Workers on Ray.  [default: one a CPU]"),
        click.option("-q", "--quiet", is_flag=True, help="Show no progress."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@batch.command("run")
@click.argument("graph")
@click.argument("source", metavar="INPUT")
@click.option("--out", required=True, type=_FOLDER, metavar="DIR", help="The folder of the job, new or to go on with.")
@click.option(
    "columns", "--map", multiple=True, metavar="FIELD=COLUMN", help="Take a field of the input from a column."
)
@click.option("id_column", "--id", metavar="COLUMN", help="The column with the items' ids.  [default: their numbers]")
@click.option("--model", metavar="SPEC", help="Short for --set model=SPEC.")
@click.option(
    "settings", "--set", multiple=True, metavar="NAME=VALUE", help="Set a field of the context; VALUE may be @FILE."
)
@click.option("--force", is_flag=True, help="Go on although graph, input, context or prompts are not what they were.")
@click.option("--dry-run", is_flag=True, help="Count the items, run three of them, and estimate what all would take.")
@click.option(
    "--provider-batch", is_flag=True, help="Send the model calls to Gemini's or Bedrock's batch mode: half the price."
)
@takes_wave_options
@_bounds
@click.pass_context
def run_job(ctx: click.Context, /, **given: Any) -> None:
    """Run the items of INPUT through GRAPH: JSONL, CSV, Parquet, a folder of texts, or '-' for JSONL.

    Items that have ended in DIR do not run again. Ctrl-C lets what is in flight end; `fanloom batch resume` goes on.
    """
    from fanloom.batch.inputs import InputSource
    from fanloom.cli.here.job_setup import engine_choice, job_folder, opened_graph, pairs
    from fanloom.cli.here.loading import Session

    source = InputSource(given["source"], pairs(given["columns"]), given["id_column"])
    choice = engine_choice(given)
    with Session() as session:
        opened = opened_graph(ctx.obj.project, given["graph"], session)
        opened.check_fields(source.columns)
        context = opened.context(given["model"], given["settings"])
        manifest = opened.manifest(source, context, given, choice)
        if given["dry_run"]:
            return _estimate(session, opened, source, context, given)
        folder, engine = job_folder(given["out"], given["shard"]), opened.engine(choice, context, given)
        job = opened.job(source, context, folder, given, engine)
        # Before the folder is this job's: a column that there is not leaves nothing behind that holds to it.
        total = job.count_left()
        folder.begin(manifest, force=given["force"])
        return _run(session, job, total, given["quiet"])


@batch.command("resume")
@click.argument("out", metavar="DIR", type=_FOLDER)
@click.option("--retry-failed", is_flag=True, help="Run again what failed or was done in part.")
@click.option("--force", is_flag=True, help="Go on although graph, input or prompts are not what they were.")
@takes_wave_options
@_bounds
@click.pass_context
def resume_job(ctx: click.Context, /, **given: Any) -> None:
    """Go on with the job in DIR: with the items that have not ended, and with --retry-failed those that failed."""
    from fanloom.batch.inputs import InputSource
    from fanloom.cli.here.job_setup import engine_choice, job_folder, known_job, opened_graph
    from fanloom.cli.here.loading import Session

    folder = job_folder(given["out"], given["shard"])
    known = known_job(folder)
    source = InputSource(known.input, known.columns, known.id_column)
    choice = engine_choice(given, known.engine)
    given = {**known.bounds, **{name: value for name, value in given.items() if value is not None}}
    with Session() as session:
        opened = opened_graph(ctx.obj.project, known.graph, session)
        engine = opened.engine(choice, known.context, given)
        job = opened.job(source, known.context, folder, given, engine)
        total = job.count_left()
        folder.begin(opened.manifest(source, known.context, given, choice), force=given["force"])
        return _run(session, job, total, given["quiet"])


@batch.command("status")
@click.argument("out", metavar="DIR", type=_FOLDER)
@click.option("as_json", "--json", is_flag=True, help="Print JSON.")
def status(out: Path, as_json: bool) -> None:
    """Show how the job in DIR stands: items done, done in part and failed, and what they used."""
    from fanloom.batch.job import summary_of
    from fanloom.batch.provider_jobs.wave_ledger import waiting_for
    from fanloom.cli.here.job_setup import job_folder, known_job

    folder = job_folder(out)
    told = {"graph": known_job(folder).graph, **summary_of(folder)}
    if waiting := waiting_for(out):
        told["waiting_for"] = ", ".join(f"provider job {job.name} ({job.note or job.state})" for job in waiting)
    if as_json:
        click.echo(json.dumps(told, indent=2))
        return
    for name, value in told.items():
        click.echo(f"{name.replace('_', ' '):<14} {'unknown' if value is None else value}")


@batch.command("export")
@click.argument("out", metavar="DIR", type=_FOLDER)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export(out: Path, file: Path) -> None:
    """Write the results of the job in DIR, sorted by id, to a .jsonl, .csv or .parquet FILE."""
    from fanloom.batch.export import write_results
    from fanloom.cli.here.job_setup import job_folder, known_job

    folder = job_folder(out)
    known_job(folder)
    count = write_results(folder.results(), file)
    click.echo(f"{count} items written to {file}", err=True)


def _run(session: Session, job: Job, total: int | None, quiet: bool) -> None:
    from fanloom.cli.showing.job_progress import watched

    # Ray prints a page where a worker dies, which progress tells in a word.
    with _stopping(job), open(os.devnull, "w") as nowhere, redirect_stdout(nowhere if job.engine else sys.stdout):
        session.run(watched(job, shown=not quiet, total=total, waiting=job.waiting))
    _finish(job)


@contextmanager
def _stopping(job: Job) -> Iterator[None]:
    """Let what is in flight end at the first Ctrl-C or SIGTERM; the second ends the command."""
    before = {number: signal.getsignal(number) for number in _STOPS}

    def stop(number: int, _: Any) -> None:
        name, again = _STOPS[number]
        # Before anything is said: who reads it may send it again at once.
        signal.signal(number, before[number])
        job.stop(name)
        click.echo(f"\nWaiting for what is in flight; {again} to leave it.", err=True)

    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _finish(job: Job) -> None:
    from fanloom.batch.job import summary_of

    assert job.folder is not None, "a job of the command line is kept"
    told = summary_of(job.folder)
    cost = "unknown" if told["cost_usd"] is None else f"${told['cost_usd']:.4f}"
    click.echo(
        f"{told['done']} done, {told['partly']} in part, {told['failed']} failed; cost {cost}; in {job.folder.folder}",
        err=True,
    )
    if job.stopped_by:
        where = job.folder.folder
        raise RunFailed(f"the job has stopped: {job.stopped_by}. Go on with: fanloom batch resume {where}")
    if told["partly"] or told["failed"]:
        raise click.exceptions.Exit(NOT_ALL_DONE)


def _estimate(session: Session, opened: OpenedGraph, source: Any, context: Any, given: Mapping[str, Any]) -> None:
    from fanloom.batch.estimate import estimate
    from fanloom.cli.here.job_setup import job_folder

    job = opened.job(source, context, job_folder(given["out"], given["shard"]), given)
    told = session.run(estimate(lambda items: opened.job(items, context, None, given), job.items_left()))
    if given["provider_batch"]:
        from fanloom.batch.provider_jobs.wave_count import in_waves

        told = session.run(in_waves(told, opened.graph, job.items_left(), context))
    click.echo(json.dumps(told, indent=2))
