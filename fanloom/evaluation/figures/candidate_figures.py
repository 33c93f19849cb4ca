"""The results of one candidate over all rounds: its figures, what varies in them, and how it differs from another."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from fanloom.evaluation.call_counts import CALLS, TASKS
from fanloom.evaluation.figures.intervals import Estimate, Ratio, difference, estimate, times
from fanloom.evaluation.figures.repeats import (
    Said,
    Spread,
    SpreadGap,
    added,
    agreement,
    percentiles,
    spread,
    spread_gap,
)
from fanloom.evaluation.item_run import ANSWERED
from fanloom.evaluation.runner import Candidate, ItemResult

USED = ("model calls", "tokens in", "tokens out", "cost, US$", "seconds")
"""What a run takes, a mean per item; everything else that is measured is a share."""

AGREEMENT = "agreement"
"""Of items that were run several times: in how much the pairs of an item's runs say the same."""

RELIABILITY = (AGREEMENT, ANSWERED, TASKS, *CALLS)
"""How far one can rely on it, whatever is judged; what is neither this nor used is what evaluators have judged."""


@dataclass
class Evaluation:
    """The results of one candidate, by the items' numbers; `again` holds those of the rounds after the first."""

    candidate: Candidate
    results: dict[int, ItemResult] = field(default_factory=dict)
    experiment: str | None = None
    again: list[dict[int, ItemResult]] = field(default_factory=list)

    @property
    def rounds(self) -> list[dict[int, ItemResult]]:
        """The results of each round in which the items were run."""
        return [self.results, *self.again]

    def runs(self) -> list[ItemResult]:
        """Return the results of all rounds, those of one item together."""
        return [results[number] for number in sorted(self.results) for results in self.rounds if number in results]

    def failed(self) -> list[ItemResult]:
        """Return the runs that have no result."""
        return [result for result in self.runs() if result.run.error]

    def measures(self) -> dict[str, dict[int, Ratio]]:
        """Return what each item adds to each measure: first what is judged, then reliability, then what runs take.

        A run that failed counts as 0 of 1 where it is judged and nothing is known of it.
        """
        found = {name: added(rounds) for name, rounds in self._by_round().items()}
        agreeing = {AGREEMENT: agreement(list(map(_said, self.rounds)))} if self.again else {}
        return {name: {**agreeing, **found}[name] for name in in_order([*found, *agreeing])}

    def spreads(self) -> dict[str, Spread]:
        """Return of each measure how much it varies between items and between runs of one item."""
        found = {name: spread(rounds) for name, rounds in self._by_round().items()}
        return {name: each for name, each in found.items() if each is not None}

    def latency(self) -> dict[str, float]:
        """Return percentiles of the seconds that a run took, without runs that load libraries."""
        return percentiles([result.ratios["seconds"].hits for result in self.runs() if "seconds" in result.ratios])

    def _by_round(self) -> dict[str, list[dict[int, Ratio]]]:
        names = dict.fromkeys(name for result in self.runs() for name in result.ratios)
        rounds = [sorted(results.items()) for results in self.rounds]
        return {name: [dict(_known(name, results)) for results in rounds] for name in names}

    def figures(self, numbers: Iterable[int] | None = None) -> dict[str, Estimate]:
        """Return the figure of each measure over all items, or over some."""
        wanted = set(self.results if numbers is None else numbers)
        found = {
            name: estimate(
                [ratio for number, ratio in ratios.items() if number in wanted],
                share=name not in USED,
                copies=self._copies(name),
            )
            for name, ratios in self.measures().items()
        }
        return {name: figure for name, figure in found.items() if figure is not None}

    def _copies(self, name: str) -> int:
        rounds = len(self.rounds)
        return math.comb(rounds, 2) if name == AGREEMENT and rounds > 1 else rounds

    def over(self, first: Evaluation) -> dict[str, Estimate]:
        """Return by how much this candidate exceeds another one on the same items."""
        mine, theirs = self.measures(), first.measures()
        found = {name: difference(theirs[name], mine[name], share=name not in USED) for name in mine if name in theirs}
        return {name: figure for name, figure in found.items() if figure is not None}

    def times(self, first: Evaluation) -> dict[str, Estimate]:
        """Return how many times as much as another one this candidate takes of what runs take."""
        mine, theirs = self.measures(), first.measures()
        found = {name: times(theirs[name], mine[name]) for name in USED if name in mine and name in theirs}
        return {name: figure for name, figure in found.items() if figure is not None}

    def spread_over(self, first: Evaluation) -> dict[str, SpreadGap]:
        """Return by how much more what is judged varies between runs of one item than with another candidate."""
        mine, theirs = self._by_round(), first._by_round()
        judged = [name for name in mine if name in theirs and kind_of(name) == "quality"]
        found = {name: spread_gap(theirs[name], mine[name]) for name in judged}
        return {name: gap for name, gap in found.items() if gap is not None}


def kind_of(measure: str) -> Literal["quality", "reliability", "use"]:
    """Return what a measure is about; `quality` is what evaluators have judged."""
    return "use" if measure in USED else "reliability" if measure in RELIABILITY else "quality"


def in_order(measures: Iterable[str]) -> list[str]:
    """Return measures as they are shown: first what is judged, then reliability, then what runs take."""
    known = [*RELIABILITY, *USED]
    return sorted(measures, key=lambda name: known.index(name) if name in known else -1)


def _known(name: str, results: Iterable[tuple[int, ItemResult]]) -> Iterable[tuple[int, Ratio]]:
    for number, result in results:
        if name in result.ratios:
            yield number, result.ratios[name]
        elif result.run.error and kind_of(name) == "quality":
            yield number, Ratio(0, 1)


def _said(results: Mapping[int, ItemResult]) -> dict[int, Said | None]:
    return {number: None if result.run.error else result.said for number, result in results.items()}
