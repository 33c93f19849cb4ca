"""`fanloom eval`: a data set through one graph or several, judged, with intervals."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fanloom.cli.exits import NOT_ALL_DONE, RunFailed
from fanloom.errors import MissingPackage, UserError

if TYPE_CHECKING:
    from fanloom.cli.here.loading import Session
    from fanloom.cli.here.project import Project
    from fanloom.evaluation.dataset import Dataset
    from fanloom.evaluation.experiment import LangSmith
    from fanloom.evaluation.figures.candidate_figures import Evaluation
    from fanloom.evaluation.runner import Done, ItemResult, Judge


@click.command("eval")
@click.argument("dataset", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--graph", metavar="GRAPH", help="The graph to evaluate.  [default: the one that the data set names]")
@click.option("--model", metavar="SPEC", help="Short for --set model=SPEC.")
@click.option(
    "settings", "--set", multiple=True, metavar="NAME=VALUE", help="Set a field of the context; VALUE may be @FILE."
)
@click.option(
    "compare",
    "--compare",
    multiple=True,
    metavar="GRAPH|SPEC|GRAPH@SPEC",
    help="Run the same items through another graph, model or both, too; several with commas between.",
)
@click.option(
    "parts",
    "--parts",
    multiple=True,
    metavar="FILE=FILE",
    help="Run the same items with a prompt file replaced by another version of it, too; several replaced at once with "
    "commas between.",
)
@click.option(
    "chosen",
    "--evaluator",
    multiple=True,
    metavar="NAME[,OPTION=VALUE]",
    help="exact, tasks, grounded, sources, facts, delivered, or your own as module:function.  "
    "[default: the data set's]",
)
@click.option("--where", multiple=True, metavar="FIELD=VALUE", help="Run the items whose field has this value only.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Run the first N items only.")
@click.option(
    "--repeat",
    type=click.IntRange(1, 1000),
    default=1,
    metavar="K",
    help="Run each item K times, and tell what varies between runs from what varies between items.",
)
@click.option("--by", metavar="FIELD", help="Show figures by this field of the items too.  [default: the data set's]")
@click.option("--concurrency", type=click.IntRange(1, 100), help="Items at a time.  [default: the data set's, or 4]")
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=600.0,
    show_default=True,
    help="Seconds an item may take.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Keep each run in this folder: given again, what has ended there is judged and not run.  [default: kept "
    "until all have ended, and gone on with if they have not]",
)
@click.option("--fresh", is_flag=True, help="Run all items, also where the same evaluation has broken off.")
@click.option("--retry-failed", is_flag=True, help="Run again what has failed in DIR.")
@click.option(
    "--page",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE.html",
    help="Write all that is found as one HTML page too, with plots; it opens with no network and no server.",
)
@click.option("--misses", is_flag=True, help="Show what is wrong with each item.")
@click.option("as_json", "--json", is_flag=True, help="Print everything as JSON and nothing else.")
@click.option("-q", "--quiet", is_flag=True, help="Show no progress.")
@click.pass_context
def evaluate(ctx: click.Context, /, **given: Any) -> None:
    """Run a data set (JSONL or CSV) through a graph, and show how good the results are and what they take.

    The JSON file beside the data set says which graph it is for and how its items are judged. Where LangSmith is
    configured, the same run is an experiment there.
    """
    from fanloom.cli.here.project import read_project
    from fanloom.evaluation.dataset import read_dataset

    options = _EvaluateOptions(**given)
    _check_scipy(options)
    data = read_dataset(options.dataset).only(_pairs(options.where), options.limit)
    project = read_project(ctx.obj.project)
    project.enter()
    if options.page and not options.page.absolute().parent.is_dir():
        raise UserError(f"--page: there is no folder {str(options.page.parent)!r}; make it first.")
    done = _all_evaluated(project, data, options)
    _show(data, done, options)
    _finish(done)


@dataclass(frozen=True)
class _EvaluateOptions:
    dataset: Path
    graph: str | None
    model: str | None
    settings: tuple[str, ...]
    compare: tuple[str, ...]
    parts: tuple[str, ...]
    chosen: tuple[str, ...]
    where: tuple[str, ...]
    limit: int | None
    repeat: int
    by: str | None
    concurrency: int | None
    timeout: float
    out: Path | None
    fresh: bool
    retry_failed: bool
    page: Path | None
    misses: bool
    as_json: bool
    quiet: bool


def _check_scipy(options: _EvaluateOptions) -> None:
    """Raise MissingPackage where candidates are to be compared and nothing could be said of what is paid for."""
    from fanloom.evaluation.figures.intervals import INSTALL_SCIPY, has_scipy

    if (options.compare or options.parts or options.repeat > 1) and not has_scipy():
        raise MissingPackage(f"--compare, --parts and --repeat need SciPy for their intervals; run: {INSTALL_SCIPY}")


def _all_evaluated(project: Project, data: Dataset, options: _EvaluateOptions) -> list[Evaluation]:
    """Run the items through each candidate, after all of them are known to be usable."""
    from fanloom.cli.here.loading import Session
    from fanloom.evaluation.experiment import LangSmith

    concurrency = options.concurrency or data.about.concurrency
    watched = sys.stderr.isatty() and not (options.as_json or options.quiet)
    with Session() as session:
        judges, langsmith = _judges(project, session, data, options), LangSmith()
        how = (concurrency, watched, langsmith)
        with _place(project, judges, options) as out:
            options = replace(options, out=out)
            # One round after the other, each with all candidates: what a provider does meanwhile concerns all.
            rounds = [
                [_kept(session, project, each.anew() if number > 1 else each, number, options, *how) for each in judges]
                for number in range(1, options.repeat + 1)
            ]
    return [_in_rounds(each) for each in zip(*rounds, strict=True)]


def _place(project: Project, judges: Sequence[Judge], options: _EvaluateOptions) -> AbstractContextManager[Path | None]:
    """Return the folder that is given, or one that is there until all have ended."""
    from fanloom.cli.commands.judging.unfinished import kept_until_done

    if options.out is not None:
        return nullcontext(options.out)
    return kept_until_done(options.dataset, project.root, judges, fresh=options.fresh)


def _in_rounds(rounds: Sequence[Evaluation]) -> Evaluation:
    first, *others = rounds
    first.again = [each.results for each in others]
    return first


def _judges(project: Project, session: Session, data: Dataset, options: _EvaluateOptions) -> list[Judge]:
    from fanloom.cli.commands.judging.evaluated_graphs import GraphAndModel, candidates
    from fanloom.evaluation.environment import variables
    from fanloom.evaluation.evaluator_names import evaluators
    from fanloom.evaluation.runner import Judge

    judging = evaluators(options.chosen or data.about.evaluators)
    first = GraphAndModel(options.graph or data.about.graph or _no_graph(project.graphs), options.model)
    with variables(data.about.environment):
        compare = [each.strip() for given in options.compare for each in given.split(",")]
        found = candidates(project, session, data, first, compare, options.parts, options.settings)
        judges = [Judge(data, candidate, judging, options.timeout) for candidate in found]
        for judge in judges:
            judge.check()
    return judges


def _show(data: Dataset, done: list[Evaluation], options: _EvaluateOptions) -> None:
    from fanloom.cli.showing.evaluation_report import as_data, show
    from fanloom.cli.showing.output import plain
    from fanloom.cli.showing.output import show as show_output

    by = options.by or data.about.group_by
    found = plain(as_data(data, done, by))
    if options.as_json:
        show_output(found, [], as_json=True)
    else:
        show(data, done, by, misses=options.misses)
    _keep(found, options)


def _keep(found: dict[str, Any], options: _EvaluateOptions) -> None:
    """Keep what is found where the studio lists it, with the runs where a folder is given, and as a page."""
    from fanloom.cli.showing.output import write_file
    from fanloom.studio.kept_evaluations import keep
    from fanloom.studio.report_file import evaluation_page

    try:
        keep(found)
        if options.out:
            (options.out / "evaluation.json").write_text(json.dumps(found), encoding="utf-8")
    except OSError as error:
        # It has been paid for, and is shown.
        click.echo(f"What was found is not kept: {error}", err=True)
    if options.page:
        write_file(options.page, evaluation_page(found))


def _pairs(where: Iterable[str]) -> dict[str, str]:
    split = [pair.partition("=") for pair in where]
    if wrong := [name for name, equals, _ in split if not (name and equals)]:
        raise UserError(f"--where takes FIELD=VALUE, not {wrong[0]!r}.")
    return {name: value for name, _, value in split}


def _no_graph(known: Iterable[str]) -> str:
    raise UserError(f"the data set names no graph: give --graph, one of {', '.join(known)}.")


def _kept(
    session: Session, project: Project, judge: Judge, number: int, options: _EvaluateOptions, *how: Any
) -> Evaluation:
    """Run one candidate in the round of this number, and keep its runs where a folder is given."""
    if options.out is None:
        return _evaluated(session, judge, None, *how)
    from fanloom.cli.commands.judging.kept_runs import folder_of, kept_in

    folder = folder_of(options.out, judge.candidate, number)
    with kept_in(folder, options.dataset, project.root, judge, retry_failed=options.retry_failed) as kept:
        return _evaluated(session, replace(judge, kept=kept), folder / "environment", *how)


def _evaluated(
    session: Session, judge: Judge, folder: Path | None, concurrency: int, watched: bool, langsmith: LangSmith
) -> Evaluation:
    """Run one candidate in variables of its own, so that it does not find what the one before has left."""
    from fanloom.evaluation.environment import variables
    from fanloom.evaluation.figures.candidate_figures import Evaluation

    evaluation = Evaluation(judge.candidate)
    with (
        variables(judge.dataset.about.environment, folder),
        redirect_stdout(sys.stderr),
        _progress(judge.candidate.name, judge.dataset, evaluation, watched) as done,
    ):
        session.run(_run(judge, concurrency, evaluation, done, langsmith))
    return evaluation


async def _run(judge: Judge, concurrency: int, evaluation: Evaluation, done: Done, langsmith: LangSmith) -> None:
    from fanloom.evaluation.runner import run_all
    from fanloom.tracing.langsmith_tracing import start_tracing

    evaluation.experiment = await langsmith.experiment(judge, concurrency, done)
    with langsmith.traces():
        start_tracing()
        # All, or what an experiment that broke off has left.
        await run_all(judge, judge.dataset.items, concurrency, done)


@contextmanager
def _progress(name: str, dataset: Dataset, evaluation: Evaluation, watched: bool) -> Iterator[Done]:
    """Collect the results, and show on a terminal how many there are."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = [TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()]
    with Progress(*columns, console=Console(file=sys.stderr), transient=True, disable=not watched) as bar:
        task, failed = bar.add_task(name, total=len(dataset.items)), Counter[str]()

        def done(result: ItemResult) -> None:
            evaluation.results[result.number] = result
            bar.advance(task)
            failed["items"] += bool(result.run.error)
            bar.update(task, description=f"{name}, {failed['items']} failed" if failed["items"] else name)

        yield done


def _finish(done: Iterable[Evaluation]) -> None:
    for evaluation in done:
        failed = evaluation.failed()
        if len(failed) == len(evaluation.runs()):
            raise RunFailed(f"{evaluation.candidate.name}: no item has a result: {failed[0].run.error}")
    if any(evaluation.failed() for evaluation in done):
        raise click.exceptions.Exit(NOT_ALL_DONE)
