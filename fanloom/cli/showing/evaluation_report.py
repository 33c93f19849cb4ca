"""What an evaluation has found, as text and as JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.console import Console

from fanloom.cli.exits import brief, clean
from fanloom.cli.showing.evaluation_table import evaluation_table, groups, ways_not_gone
from fanloom.cli.showing.evaluation_verdicts import verdicts
from fanloom.cli.showing.output import plain
from fanloom.cli.showing.readable_output import NO_MODEL
from fanloom.evaluation.dataset import Dataset
from fanloom.evaluation.figures.candidate_figures import USED, Evaluation, in_order, kind_of
from fanloom.evaluation.figures.intervals import INSTALL_SCIPY, Estimate, has_scipy
from fanloom.evaluation.figures.repeats import Interval, Spread, SpreadGap
from fanloom.evaluation.runner import ItemResult

_MOST_FAILURES = 10
_WIDEST = 400
_UNITS = {"cost, US$": "US$", "seconds": "s"}
_METHOD = (
    "95 % intervals over the items: Wilson's for shares, fitted to what hangs together within an item; "
    "else Student's t. Means are per item; the first item's time, which loads libraries too, is not counted."
)


def show(data: Dataset, done: Sequence[Evaluation], by: str | None, *, misses: bool) -> None:
    """Print the figures, what they rest on and what has failed."""
    table = evaluation_table(data, done, by)
    # As wide as it needs to be: a figure that is cut off is none.
    width = Console(width=_WIDEST).measure(table).maximum
    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False, soft_wrap=True)
    console.width = max(width, console.width)
    graphs = ", ".join(dict.fromkeys(evaluation.candidate.graph_name for evaluation in done))
    console.print(f"{clean(data.name)}: {len(data.items)} items through {graphs}\n")
    console.print(table, soft_wrap=False)
    console.print(f"\n{_METHOD}{' Differences are between the same items.' if len(done) > 1 else ''}")
    for line in (*_without_scipy(), *_never(done), *verdicts(done)):
        console.print(brief(line))
    for evaluation in done:
        for line in (*_repeated(evaluation), *_notes(evaluation), *(_misses(evaluation) if misses else ())):
            console.print(brief(line))
    if "offline" in {model for evaluation in done for model in _models(evaluation)}:
        console.print(NO_MODEL)


def _repeated(evaluation: Evaluation) -> Iterator[str]:
    """Tell what several runs of each item say: what varies between them, and how long they took."""
    name = evaluation.candidate.name
    if seconds := evaluation.latency():
        yield f"{name}: seconds a run, " + ", ".join(f"{which} {value:,.2f}" for which, value in seconds.items())
    if not evaluation.again:
        return
    yield f"{name}: {len(evaluation.rounds)} runs of each item; standard deviations between items and between runs:"
    for measure, found in evaluation.spreads().items():
        if kind_of(measure) == "quality":
            items, runs = 100 * found.between_items, 100 * found.between_runs
            interval = found.between_runs_interval
            told = f" ({100 * interval.low:.1f} to {100 * interval.high:.1f})" if interval else ""
            yield f"  {measure}: {items:.1f} % between items, {runs:.1f} % between runs of one item{told}"


def _without_scipy() -> Iterator[str]:
    if not has_scipy():
        yield f"Other intervals than Wilson's need SciPy: {INSTALL_SCIPY}"


def _never(done: Sequence[Evaluation]) -> Iterator[str]:
    if ways := ways_not_gone(done):
        yield f"Model calls {', '.join(way.removeprefix('calls ') for way in ways)}: none."


def _notes(evaluation: Evaluation) -> Iterator[str]:
    failed, name, prompts = evaluation.failed(), evaluation.candidate.name, evaluation.candidate.prompts
    if prompts and (unused := prompts.unused()):
        yield f"{name}: no prompt of these runs is made of {', '.join(unused)}: differences are chance."
    if evaluation.experiment:
        yield f"{name}: experiment {evaluation.experiment} in LangSmith"
    if failed:
        what = f"{len(evaluation.runs())} {'runs' if evaluation.again else 'items'}"
        yield f"{name}: {len(failed)} of {what} failed, and count as wrong:"
        yield from (f"  line {result.number}: {_line(result.run.error)}" for result in failed[:_MOST_FAILURES])
    if len(failed) > _MOST_FAILURES:
        yield f"  ... and {len(failed) - _MOST_FAILURES} more"


def _misses(evaluation: Evaluation) -> Iterator[str]:
    for _, result in sorted(evaluation.results.items()):
        yield from (f"  line {result.number}: {_line(note)}" for note in result.notes)


def _line(text: str) -> str:
    return " ".join(text.split())


def _models(evaluation: Evaluation) -> Iterable[str]:
    usages = [result.run.output.get("usage") for result in evaluation.results.values()]
    return {model for usage in usages if isinstance(usage, dict) for model in usage.get("by_model") or ()}


def as_data(data: Dataset, done: Sequence[Evaluation], by: str | None) -> dict[str, Any]:
    """Return all that is known as JSON knows it: figures, differences from the first candidate, and items."""
    return {
        "dataset": data.name,
        "items": len(data.items),
        "rounds": len(done[0].rounds),
        "measures": {
            name: {"kind": kind_of(name), "unit": "share" if name not in USED else _UNITS.get(name, "count")}
            for name in in_order(dict.fromkeys(name for evaluation in done for name in evaluation.figures()))
        },
        "verdicts": list(verdicts(done)),
        "candidates": [_candidate(data, evaluation, done[0], by) for evaluation in done],
    }


def _candidate(data: Dataset, evaluation: Evaluation, first: Evaluation, by: str | None) -> dict[str, Any]:
    return {
        "name": evaluation.candidate.name,
        "graph": evaluation.candidate.graph_name,
        "models": sorted(_models(evaluation)),
        "runs": len(evaluation.runs()),
        "failed": len(evaluation.failed()),
        "parts": evaluation.candidate.prompts.files if evaluation.candidate.prompts else {},
        "experiment": evaluation.experiment,
        "figures": _figures(evaluation.figures()),
        "groups": {name: _figures(evaluation.figures(numbers)) for name, numbers in groups(data, by).items()},
        "differences": {} if evaluation is first else _figures(evaluation.over(first)),
        "times": {} if evaluation is first else _figures(evaluation.times(first)),
        "latency": evaluation.latency(),
        **(_of_repeats(evaluation, first) if evaluation.again else {}),
        "results": [_result(result) for _, result in sorted(evaluation.results.items())],
    }


def _of_repeats(evaluation: Evaluation, first: Evaluation) -> dict[str, Any]:
    gaps = {} if evaluation is first else evaluation.spread_over(first)
    return {
        "spreads": {name: _with_bounds(each) for name, each in evaluation.spreads().items()},
        "spread_differences": {name: _with_bounds(each) for name, each in gaps.items()},
        "again": [[_result(result) for _, result in sorted(results.items())] for results in evaluation.again],
    }


def _with_bounds(spread: Spread | SpreadGap) -> dict[str, Any]:
    return {name: value._asdict() if isinstance(value, Interval) else value for name, value in spread._asdict().items()}


def _figures(figures: dict[str, Estimate]) -> dict[str, Any]:
    return {name: figure._asdict() for name, figure in figures.items()}


def _result(result: ItemResult) -> dict[str, Any]:
    return {
        "line": result.number,
        "error": result.run.error or None,
        "measures": {name: ratio._asdict() for name, ratio in result.ratios.items()},
        "notes": result.notes,
        "output": plain(result.run.output),
        "thread": result.run.thread,
    }
