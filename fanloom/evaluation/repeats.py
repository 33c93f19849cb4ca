"""Items that were run several times: what varies between runs of one item, and what between items.

Runs of one item are no new items: a measure adds them up within the item, so that its interval stays one over items.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from statistics import fmean, quantiles, variance
from typing import NamedTuple

from fanloom.evaluation.intervals import Ratio

ByItem = Mapping[int, Ratio]


class Spread(NamedTuple):
    """Standard deviations of one run's value: between items, and between runs of one item."""

    between_items: float
    between_runs: float


def added(rounds: Sequence[ByItem]) -> dict[int, Ratio]:
    """Return what each item adds to a measure over all rounds."""
    found = {number: [each[number] for each in rounds if number in each] for number in _numbers(rounds)}
    return {
        number: Ratio(math.fsum(ratio.hits for ratio in ratios), math.fsum(ratio.of for ratio in ratios))
        for number, ratios in found.items()
    }


def spread(rounds: Sequence[ByItem]) -> Spread | None:
    """Return how much a measure varies: the one-way analysis of variance with items as random groups.

    None where fewer than two items have two runs.
    """
    values = [[ratio.hits / ratio.of for ratio in ratios if ratio.of] for ratios in _of_items(rounds)]
    several = [runs for runs in values if len(runs) > 1]
    if len(several) < 2:
        return None
    runs = fmean(len(each) for each in several)
    within = fmean(variance(each) for each in several)
    between = variance(fmean(each) for each in several) - within / runs
    return Spread(math.sqrt(max(0.0, between)), math.sqrt(within))


def agreement(rounds: Sequence[Mapping[int, object]]) -> dict[int, Ratio]:
    """Return for each item how many pairs of its runs gave the same, of all pairs."""
    found = {number: [each[number] for each in rounds if number in each] for number in _numbers(rounds)}
    return {number: _alike(list(combinations(runs, 2))) for number, runs in found.items() if len(runs) > 1}


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """Return the median and the 90th and 95th percentile; nothing for fewer than two times."""
    if len(seconds) < 2:
        return {}
    cuts = quantiles(seconds, n=100, method="inclusive")
    return {f"p{percent}": cuts[percent - 1] for percent in (50, 90, 95)}


def _alike(pairs: Sequence[tuple[object, object]]) -> Ratio:
    return Ratio(sum(one == other for one, other in pairs), len(pairs))


def _of_items(rounds: Sequence[ByItem]) -> Iterable[list[Ratio]]:
    return ([each[number] for each in rounds if number in each] for number in _numbers(rounds))


def _numbers(rounds: Iterable[Mapping[int, object]]) -> list[int]:
    return sorted({number for each in rounds for number in each})
