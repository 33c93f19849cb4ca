"""`fanloom batch`: many inputs through one graph, kept in a folder, so that a job can stop and go on."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fanloom.cli.exits import NOT_ALL_DONE, RunFailed
from fanloom.cli.options.provider_batch import check_no_waves, takes_wave_options, wave_options
from fanloom.errors import UserError

if TYPE_CHECKING:
    from fanloom.batch.job import Job
    from fanloom.batch.job_folder import JobFolder, Manifest
    from fanloom.cli.here.loading import AnyGraph, Session
    from fanloom.cli.here.project import Project

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group("batch")
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
@click.option("settings", "--set", multiple=True, metavar="NAME=VALUE", help="Set a field of the context.")
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
    from fanloom.cli.here.loading import Session

    source = InputSource(given["source"], _pairs(given["columns"]), given["id_column"])
    with Session() as session:
        opened = _opened(ctx, session, given["graph"])
        opened.check_fields(source.columns)
        context = opened.context(given["model"], given["settings"])
        manifest = opened.manifest(source, context, given)
        if given["dry_run"]:
            return _estimate(session, opened, source, context, given)
        folder = _folder(given["out"], given["shard"])
        job = _job(opened.graph, source, context, folder, given)
        folder.begin(manifest, force=given["force"])
        return _run(session, job, given["quiet"])


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
    from fanloom.cli.here.loading import Session

    folder = _folder(given["out"], given["shard"])
    known = _known(folder)
    source = InputSource(known.input, known.columns, known.id_column)
    kept = {**known.bounds, **{name: given[name] for name in known.bounds if given.get(name) is not None}}
    with Session() as session:
        opened = _opened(ctx, session, known.graph)
        folder.begin(opened.manifest(source, known.context, {**given, **kept}), force=given["force"])
        job = _job(opened.graph, source, known.context, folder, {**given, **kept})
        job.retry_failed = given["retry_failed"]
        return _run(session, job, given["quiet"])


@batch.command("status")
@click.argument("out", metavar="DIR", type=_FOLDER)
@click.option("as_json", "--json", is_flag=True, help="Print JSON.")
def status(out: Path, as_json: bool) -> None:
    """Show how the job in DIR stands: items done, done in part and failed, and what they used."""
    from fanloom.batch.job import summary_of
    from fanloom.batch.provider_jobs.wave_ledger import waiting_for

    folder = _folder(out, None)
    told = {"graph": _known(folder).graph, **summary_of(folder)}
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

    folder = _folder(out, None)
    _known(folder)
    count = write_results(folder.results(), file)
    click.echo(f"{count} items written to {file}", err=True)


@dataclass(frozen=True)
class _OpenedGraph:
    """The graph of a job, loaded."""

    name: str
    graph: AnyGraph
    project: Project

    def context(self, model: str | None, settings: tuple[str, ...]) -> dict[str, Any] | None:
        from fanloom.cli.options.context_options import make_context

        return make_context(self.graph.get_context_jsonschema(), model, settings)

    def check_fields(self, columns: Mapping[str, str]) -> None:
        """Raise UserError for a field that the graph's input does not have."""
        from fanloom.cli.options.input_options import check_names

        check_names(columns, self.graph.get_input_jsonschema().get("properties", {}), "input field")

    def manifest(self, source: Any, context: Mapping[str, Any] | None, given: Mapping[str, Any]) -> Manifest:
        from fanloom.batch.job_folder import Manifest, prompt_versions
        from fanloom.cli.thread import run_metadata

        # As a thread's, a job's context is kept, and must hold no secret.
        run_metadata(self.name, context)
        kept = ("max_model_calls", "max_total_tokens", "max_cost_usd", "max_failures", "concurrency")
        return Manifest(
            graph=self.name,
            context=dict(context or {}),
            input=source.kept_place,
            fingerprint=source.fingerprint(),
            columns=dict(source.columns),
            id_column=source.id_column,
            prompts=prompt_versions(self.project.root),
            bounds={name: given[name] for name in kept if given.get(name) is not None},
        )


def _opened(ctx: click.Context, session: Session, name: str) -> _OpenedGraph:
    from fanloom.cli.here.loading import open_graph
    from fanloom.cli.here.project import read_project
    from fanloom.cli.options.input_options import check_names

    project = read_project(ctx.obj.project)
    check_names([name], project.graphs, "graph")
    return _OpenedGraph(name, open_graph(project, name, session), project)


def _job(graph: Any, source: Any, context: Any, folder: JobFolder | None, given: Mapping[str, Any]) -> Job:
    from fanloom.batch.job import Bounds, Job
    from fanloom.batch.provider_jobs.wave_ledger import has_waves, options_of

    names = ("max_model_calls", "max_total_tokens", "max_cost_usd", "max_failures", "limit")
    bounds = Bounds(**{name: given.get(name) for name in names})
    made = (graph, source, context, folder, given.get("concurrency") or 16, bounds)
    if folder is None:
        return Job(*made)
    if not (given.get("provider_batch") or has_waves(folder.folder)):
        check_no_waves(given)
        return Job(*made)
    from fanloom.batch.provider_jobs.wave_job import WaveJob

    return WaveJob(*made, waves=wave_options(given, options_of(folder.folder)))


def _run(session: Session, job: Job, quiet: bool) -> None:
    from fanloom.cli.showing.job_progress import watched

    # Before anything is paid for: an item that cannot be read is told here.
    total = job.count_left()
    # The first Ctrl-C lets what is in flight end, the second ends the command.
    before = signal.signal(signal.SIGINT, lambda *_: _stop(job, before))
    try:
        session.run(watched(job, shown=not quiet, total=total, waiting=job.waiting))
    finally:
        signal.signal(signal.SIGINT, before)
    _finish(job)


def _stop(job: Job, before: Any) -> None:
    click.echo("\nWaiting for what is in flight; press Ctrl-C again to leave it.", err=True)
    signal.signal(signal.SIGINT, before)
    job.stop("Ctrl-C")


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


def _estimate(session: Session, opened: _OpenedGraph, source: Any, context: Any, given: Mapping[str, Any]) -> None:
    from fanloom.batch.estimate import estimate

    job = _job(opened.graph, source, context, _folder(given["out"], given["shard"]), given)
    left = job.items_left()
    told = session.run(estimate(lambda items: _job(opened.graph, items, context, None, given), left))
    if given["provider_batch"]:
        from fanloom.batch.provider_jobs.wave_count import in_waves

        told = session.run(in_waves(told, opened.graph, job.items_left(), context))
    click.echo(json.dumps(told, indent=2))


def _known(folder: JobFolder) -> Manifest:
    known = folder.manifest()
    if known is None:
        raise UserError(f"there is no job in {str(folder.folder)!r}; `fanloom batch run` makes one")
    return known


def _folder(out: Path, shard: str | None) -> JobFolder:
    from fanloom.batch.job_folder import JobFolder

    return JobFolder(out, _shard(shard))


def _shard(given: str | None) -> tuple[int, int]:
    number, _, of = (given or "1/1").partition("/")
    if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise UserError(f"--shard takes I/N with I from 1 to N, as in 2/8, not {given!r}")
    return int(number), int(of)


def _pairs(given: tuple[str, ...]) -> dict[str, str]:
    split = [pair.partition("=") for pair in given]
    if wrong := [
        pair for pair, (name, equals, column) in zip(given, split, strict=True) if not (name and equals and column)
    ]:
        raise UserError(f"--map takes FIELD=COLUMN, not {wrong[0]!r}")
    return {name: column for name, _, column in split}
