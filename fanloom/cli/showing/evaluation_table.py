"""The figures of an evaluation as a table, and how a figure is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from fanloom.cli.exits import clean
from fanloom.evaluation.call_counts import CALLS
from fanloom.evaluation.dataset import Dataset
from fanloom.evaluation.figures.candidate_figures import USED, Evaluation, in_order, kind_of
from fanloom.evaluation.figures.intervals import Estimate

_FORMATS = {"model calls": ",.1f", "tokens in": ",.0f", "tokens out": ",.0f", "cost, US$": ".3g", "seconds": ",.2f"}
Section = list[list[str]]
"""The rows of one measure."""


def evaluation_table(data: Dataset, done: Sequence[Evaluation], by: str | None) -> Table:
    """Return a row for each measure, and in it for each candidate or group; without ways in which no call went."""
    compared = len(done) > 1
    names = ["", "", "", "95 % interval", "items", *(["difference", "95 % interval"] if compared else [])]
    table = Table(box=None, pad_edge=False, header_style="dim")
    for number, name in enumerate(names):
        table.add_column(name, justify="right" if number > 1 else "left", no_wrap=True)
    sections, left_out = _compared(done) if compared else _grouped(data, done[0], by), ways_not_gone(done)
    for measure in sections:
        for number, (who, *cells) in enumerate(sections[measure] if measure not in left_out else ()):
            table.add_row(Text("" if number else clean(measure), "bold"), Text(clean(who)), *cells)
    return table


def ways_not_gone(done: Sequence[Evaluation]) -> list[str]:
    """Return the ways in which a call can go, such as repaired, and no call of any candidate went."""
    found = [evaluation.figures() for evaluation in done]
    seen: Mapping[str, list[float]] = {name: [each[name].value for each in found if name in each] for name in CALLS}
    return [name for name, values in seen.items() if values and not any(values)]


def groups(data: Dataset, by: str | None) -> dict[str, list[int]]:
    """Return the numbers of the items by the value of a field; nothing where all have the same."""
    found: dict[str, list[int]] = {}
    for number, item in data.items.items():
        if by is not None and by in item:
            found.setdefault(str(item[by]), []).append(number)
    return found if len(found) > 1 else {}


def written(measure: str, figure: Estimate, sign: str = "") -> list[str]:
    """Return a figure and its interval as they are shown; shares in per cent."""
    value, low, high = (_number(measure, number, sign) for number in figure[:3])
    unit = "" if measure in USED else " %"
    nothing = "one item" if figure.n < 2 else "-"
    return [f"{value}{unit}", f"{low} to {high}" if figure.method != "none" else nothing]


def _compared(done: Sequence[Evaluation]) -> dict[str, Section]:
    """Return for each measure a row for each candidate, with its difference from the first."""
    found = [(one.candidate.name, one.figures(), one.over(done[0]) if one is not done[0] else {}) for one in done]
    measures = in_order(dict.fromkeys(name for _, figures, _ in found for name in figures))
    return {
        name: [[who, *_cells(name, figures.get(name)), *_gap(name, gaps.get(name))] for who, figures, gaps in found]
        for name in measures
    }


def _grouped(data: Dataset, evaluation: Evaluation, by: str | None) -> dict[str, Section]:
    """Return for each measure a row for all items, and for what is judged one for each group."""
    found = {name: evaluation.figures(numbers) for name, numbers in groups(data, by).items()}
    return {
        measure: [
            ["", *_cells(measure, figure)],
            *(
                [who, *_cells(measure, of[measure])]
                for who, of in found.items()
                if measure in of and kind_of(measure) == "quality"
            ),
        ]
        for measure, figure in evaluation.figures().items()
    }


def _cells(measure: str, figure: Estimate | None) -> list[str]:
    return [*written(measure, figure), str(figure.n)] if figure else ["unknown", "", ""]


def _gap(measure: str, gap: Estimate | None) -> list[str]:
    return written(measure, gap, "+") if gap else ["", ""]


def _number(measure: str, number: float, sign: str) -> str:
    if measure in USED:
        return f"{number:{sign}{_FORMATS[measure]}}"
    return f"{100 * number:{sign}.1f}"
