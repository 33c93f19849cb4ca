"""`fanloom eval`: a data set through one graph or several, judged, with intervals."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fanloom.cli.commands.judging.evaluation_options import EvaluationOptions, takes_evaluation_options
from fanloom.cli.exits import NOT_ALL_DONE, RunFailed
from fanloom.errors import MissingPackage, UserError

if TYPE_CHECKING:
    from fanloom.evaluation.dataset import Dataset
    from fanloom.evaluation.figures.candidate_figures import Evaluation


@click.command("eval")
@click.argument("dataset", type=click.Path(dir_okay=False, path_type=Path))
@takes_evaluation_options
@click.pass_context
def evaluate(ctx: click.Context, /, **given: Any) -> None:
    """Run a data set (JSONL or CSV) through a graph, and show how good the results are and what they take.

    The JSON file beside the data set says which graph it is for and how its items are judged. Where LangSmith is
    configured, the same run is an experiment there.
    """
    from fanloom.cli.commands.judging.rounds import all_evaluated
    from fanloom.cli.here.project import read_project
    from fanloom.evaluation.dataset import read_dataset

    options = EvaluationOptions(**given)
    _check_scipy(options)
    data = read_dataset(options.dataset).only(_pairs(options.where), options.limit)
    project = read_project(ctx.obj.project)
    project.enter()
    if options.page and not options.page.absolute().parent.is_dir():
        raise UserError(f"--page: there is no folder {str(options.page.parent)!r}; make it first.")
    done = all_evaluated(project, data, options)
    _show(data, done, options)
    _finish(done)


def _check_scipy(options: EvaluationOptions) -> None:
    """Raise MissingPackage where candidates are to be compared and nothing could be said of what is paid for."""
    from fanloom.evaluation.figures.intervals import INSTALL_SCIPY, has_scipy

    if (options.compare or options.parts or options.repeat > 1) and not has_scipy():
        raise MissingPackage(f"--compare, --parts and --repeat need SciPy for their intervals; run: {INSTALL_SCIPY}")


def _show(data: Dataset, done: list[Evaluation], options: EvaluationOptions) -> None:
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


def _keep(found: dict[str, Any], options: EvaluationOptions) -> None:
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


def _finish(done: Iterable[Evaluation]) -> None:
    for evaluation in done:
        failed = evaluation.failed()
        if len(failed) == len(evaluation.runs()):
            raise RunFailed(f"{evaluation.candidate.name}: no item has a result: {failed[0].run.error}")
    if any(evaluation.failed() for evaluation in done):
        raise click.exceptions.Exit(NOT_ALL_DONE)
