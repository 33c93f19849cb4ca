"""What an evaluation has found, as a table and as JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fanloom.cli.exits import brief, clean
from fanloom.cli.showing.output import NO_MODEL, plain
from fanloom.evaluation.dataset import Dataset
from fanloom.evaluation.intervals import Estimate
from fanloom.evaluation.runner import USED, Evaluation, ItemResult

_MOST_FAILURES = 10
_WIDEST = 400
_FORMATS = {"model calls": ",.1f", "tokens in": ",.0f", "tokens out": ",.0f", "cost, US$": ".3g", "seconds": ",.2f"}
_METHOD = (
    "95 % intervals over the items: Wilson's for shares, fitted to what hangs together within an item; "
    "else Student's t. Means are per item; the first item's time, which loads libraries too, is not counted."
)


def show(data: Dataset, done: Sequence[Evaluation], by: str | None, *, misses: bool) -> None:
    """Print the figures, what they rest on and what has failed."""
    table = _table(data, done, by)
    # As wide as it needs to be: a figure that is cut off is none.
    width = Console(width=_WIDEST).measure(table).maximum
    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False, soft_wrap=True)
    console.width = max(width, console.width)
    graphs = ", ".join(dict.fromkeys(evaluation.candidate.graph_name for evaluation in done))
    console.print(f"{clean(data.name)}: {len(data.items)} items through {graphs}\n")
    console.print(table, soft_wrap=False)
    console.print(f"\n{_METHOD}{' Differences are between the same items.' if len(done) > 1 else ''}")
    for line in verdicts(done):
        console.print(brief(line))
    for evaluation in done:
        for line in (*_repeated(evaluation), *_notes(evaluation), *(_misses(evaluation) if misses else ())):
            console.print(brief(line))
    if "offline" in {model for evaluation in done for model in _models(evaluation)}:
        console.print(NO_MODEL)


def verdicts(done: Sequence[Evaluation]) -> Iterator[str]:
    """Say of each candidate after the first in words where it differs: only where the interval leaves no doubt."""
    first = done[0]
    for other in done[1:]:
        gaps = other.over(first)
        sure = [f"{measure} {_gap_told(measure, gap)}" for measure, gap in gaps.items() if _is_sure(gap)]
        unsure = [measure for measure, gap in gaps.items() if not _is_sure(gap)]
        names = f"{other.candidate.name} against {first.candidate.name}"
        yield f"{names}: {'; '.join(sure) or 'no difference is shown'}."
        if unsure and sure:
            yield f"  Not told apart by these items: {', '.join(unsure)}."


def _is_sure(gap: Estimate) -> bool:
    return gap.method != "none" and (gap.low > 0 or gap.high < 0)


def _gap_told(measure: str, gap: Estimate) -> str:
    value, interval = _figure(measure, gap, "+")
    return f"is {'higher' if gap.value > 0 else 'lower'} ({value}, {interval})"


def _repeated(evaluation: Evaluation) -> Iterator[str]:
    """Tell what several runs of each item say: what varies between them, and how long they took."""
    name = evaluation.candidate.name
    if seconds := evaluation.latency():
        yield f"{name}: seconds a run, " + ", ".join(f"{which} {value:,.2f}" for which, value in seconds.items())
    if not evaluation.again:
        return
    yield f"{name}: {len(evaluation.rounds)} runs of each item; standard deviations between items and between runs:"
    for measure, (items, runs) in evaluation.spreads().items():
        if measure not in USED:
            yield f"  {measure}: {100 * items:.1f} % between items, {100 * runs:.1f} % between runs of one item"


def _table(data: Dataset, done: Sequence[Evaluation], by: str | None) -> Table:
    compared = len(done) > 1
    names = ["", "", "", "95 % interval", "items", *(["difference", "95 % interval"] if compared else [])]
    table = Table(box=None, pad_edge=False, header_style="dim")
    for number, name in enumerate(names):
        table.add_column(name, justify="right" if number > 1 else "left", no_wrap=True)
    sections = _compared(done) if compared else _grouped(data, done[0], by)
    for measure, rows in sections.items():
        for number, (who, *cells) in enumerate(rows):
            table.add_row(Text("" if number else clean(measure), "bold"), Text(clean(who)), *cells)
    return table


def _compared(done: Sequence[Evaluation]) -> dict[str, list[list[str]]]:
    """Return for each measure a row for each candidate, with its difference from the first."""
    found = [(one.candidate.name, one.figures(), one.over(done[0]) if one is not done[0] else {}) for one in done]
    measures = dict.fromkeys(name for _, figures, _ in found for name in figures)
    return {
        name: [[who, *_cells(name, figures.get(name)), *_gap(name, gaps.get(name))] for who, figures, gaps in found]
        for name in measures
    }


def _grouped(data: Dataset, evaluation: Evaluation, by: str | None) -> dict[str, list[list[str]]]:
    """Return for each measure a row for all items, and for a share one for each group."""
    found = {name: evaluation.figures(numbers) for name, numbers in groups(data, by).items()}
    return {
        measure: [
            ["", *_cells(measure, figure)],
            *(
                [who, *_cells(measure, of[measure])]
                for who, of in found.items()
                if measure in of and measure not in USED
            ),
        ]
        for measure, figure in evaluation.figures().items()
    }


def groups(data: Dataset, by: str | None) -> dict[str, list[int]]:
    """Return the numbers of the items by the value of a field; nothing where all have the same."""
    found: dict[str, list[int]] = {}
    for number, item in data.items.items():
        if by is not None and by in item:
            found.setdefault(str(item[by]), []).append(number)
    return found if len(found) > 1 else {}


def _cells(measure: str, figure: Estimate | None) -> list[str]:
    return [*_figure(measure, figure, ""), str(figure.n)] if figure else ["unknown", "", ""]


def _gap(measure: str, gap: Estimate | None) -> list[str]:
    return _figure(measure, gap, "+") if gap else ["", ""]


def _figure(measure: str, figure: Estimate, sign: str) -> list[str]:
    value, low, high = (_told(measure, number, sign) for number in figure[:3])
    unit = "" if measure in USED else " %"
    return [f"{value}{unit}", f"{low} to {high}" if figure.method != "none" else "one item"]


def _told(measure: str, number: float, sign: str) -> str:
    if measure in USED:
        return f"{number:{sign}{_FORMATS[measure]}}"
    return f"{100 * number:{sign}.1f}"


def _notes(evaluation: Evaluation) -> Iterator[str]:
    failed, name = evaluation.failed(), evaluation.candidate.name
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
        "verdicts": list(verdicts(done)),
        "candidates": [_candidate(data, evaluation, done[0], by) for evaluation in done],
    }


def _candidate(data: Dataset, evaluation: Evaluation, first: Evaluation, by: str | None) -> dict[str, Any]:
    return {
        "name": evaluation.candidate.name,
        "graph": evaluation.candidate.graph_name,
        "models": sorted(_models(evaluation)),
        "failed": len(evaluation.failed()),
        "experiment": evaluation.experiment,
        "figures": _figures(evaluation.figures()),
        "groups": {name: _figures(evaluation.figures(numbers)) for name, numbers in groups(data, by).items()},
        "differences": {} if evaluation is first else _figures(evaluation.over(first)),
        **(_of_repeats(evaluation) if evaluation.again else {}),
        "results": [_result(result) for _, result in sorted(evaluation.results.items())],
    }


def _of_repeats(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "latency": evaluation.latency(),
        "spreads": {name: each._asdict() for name, each in evaluation.spreads().items()},
        "again": [[_result(result) for _, result in sorted(results.items())] for results in evaluation.again],
    }


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
