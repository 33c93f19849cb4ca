"""The candidates of an evaluation, run in rounds: one after the other, each with all of them."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from fanloom.cli.commands.judging.evaluated_graphs import GraphAndModel, candidates
from fanloom.cli.commands.judging.evaluation_options import EvaluationOptions
from fanloom.cli.commands.judging.kept_runs import folder_of, kept_in
from fanloom.cli.commands.judging.unfinished import kept_until_done
from fanloom.cli.here.loading import Session
from fanloom.cli.here.project import Project
from fanloom.errors import UserError
from fanloom.evaluation.dataset import Dataset
from fanloom.evaluation.environment import variables
from fanloom.evaluation.evaluator_names import evaluators
from fanloom.evaluation.experiment import LangSmith
from fanloom.evaluation.figures.candidate_figures import Evaluation
from fanloom.evaluation.runner import Done, ItemResult, Judge, run_all
from fanloom.tracing.langsmith_tracing import start_tracing


def all_evaluated(project: Project, data: Dataset, options: EvaluationOptions) -> list[Evaluation]:
    """Run the items through each candidate, after all of them are known to be usable."""
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


def _place(
    project: Project, judges: Sequence[Judge], options: EvaluationOptions
) -> AbstractContextManager[Path | None]:
    """Return the folder that is given, or one that is there until all have ended."""
    if options.out is not None:
        return nullcontext(options.out)
    return kept_until_done(options.dataset, project.root, judges, fresh=options.fresh)


def _in_rounds(rounds: Sequence[Evaluation]) -> Evaluation:
    first, *others = rounds
    first.again = [each.results for each in others]
    return first


def _judges(project: Project, session: Session, data: Dataset, options: EvaluationOptions) -> list[Judge]:
    judging = evaluators(options.chosen or data.about.evaluators)
    first = GraphAndModel(options.graph or data.about.graph or _no_graph(project.graphs), options.model)
    with variables(data.about.environment):
        compare = [each.strip() for given in options.compare for each in given.split(",")]
        found = candidates(project, session, data, first, compare, options.parts, options.settings)
        judges = [Judge(data, candidate, judging, options.timeout) for candidate in found]
        for judge in judges:
            judge.check()
    return judges


def _no_graph(known: Iterable[str]) -> str:
    raise UserError(f"the data set names no graph: give --graph, one of {', '.join(known)}.")


def _kept(
    session: Session, project: Project, judge: Judge, number: int, options: EvaluationOptions, *how: Any
) -> Evaluation:
    """Run one candidate in the round of this number, and keep its runs where a folder is given."""
    if options.out is None:
        return _evaluated(session, judge, None, *how)
    folder = folder_of(options.out, judge.candidate, number)
    with kept_in(folder, options.dataset, project.root, judge, retry_failed=options.retry_failed) as kept:
        return _evaluated(session, replace(judge, kept=kept), folder / "environment", *how)


def _evaluated(
    session: Session, judge: Judge, folder: Path | None, concurrency: int, watched: bool, langsmith: LangSmith
) -> Evaluation:
    """Run one candidate in variables of its own, so that it does not find what the one before has left."""
    evaluation = Evaluation(judge.candidate)
    with (
        variables(judge.dataset.about.environment, folder),
        redirect_stdout(sys.stderr),
        progress(judge.candidate.name, judge.dataset, evaluation, watched) as done,
    ):
        session.run(_run(judge, concurrency, evaluation, done, langsmith))
    return evaluation


async def _run(judge: Judge, concurrency: int, evaluation: Evaluation, done: Done, langsmith: LangSmith) -> None:
    evaluation.experiment = await langsmith.experiment(judge, concurrency, done)
    with langsmith.traces():
        start_tracing()
        # All, or what an experiment that broke off has left.
        await run_all(judge, judge.dataset.items, concurrency, done)


@contextmanager
def progress(name: str, dataset: Dataset, evaluation: Evaluation, watched: bool) -> Iterator[Done]:
    """Collect the results, and show on a terminal how many there are."""
    columns = [TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()]
    with Progress(*columns, console=Console(file=sys.stderr), transient=True, disable=not watched) as bar:
        task, failed = bar.add_task(name, total=len(dataset.items)), Counter[str]()

        def done(result: ItemResult) -> None:
            evaluation.results[result.number] = result
            bar.advance(task)
            failed["items"] += bool(result.run.error)
            bar.update(task, description=f"{name}, {failed['items']} failed" if failed["items"] else name)

        yield done
