"""Items that were run several times: what varies between runs of one item, and what between items.

Runs of one item are no new items: a measure adds them up within the item, so that its interval stays one over items.
Where it is the variation itself that is estimated, whole items are drawn again, with all their runs (a cluster
bootstrap).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations
from statistics import fmean, quantiles, variance
from typing import TYPE_CHECKING, Any, NamedTuple

from fanloom.evaluation.figures.intervals import CONFIDENCE, Ratio, has_scipy

if TYPE_CHECKING:
    from numpy import ndarray

ByItem = Mapping[int, Ratio]
Said = Mapping[str, object]
"""What a run says, by what it is about."""

# Below this many items, a bootstrap of items is surer of itself than it is right; tests simulate it.
FEWEST_ITEMS = 8
_DRAWS = 2000


class Interval(NamedTuple):
    """The bounds of a 95 % interval."""

    low: float
    high: float


class Spread(NamedTuple):
    """Standard deviations of one run's value: between items, and between runs of one item.

    The intervals are None where there are fewer than FEWEST_ITEMS items, where nothing varies, and without SciPy.
    """

    between_items: float
    between_runs: float
    between_items_interval: Interval | None = None
    between_runs_interval: Interval | None = None


class SpreadGap(NamedTuple):
    """By how much the standard deviation between runs of one item exceeds another candidate's."""

    value: float
    interval: Interval | None
    n: int


def added(rounds: Sequence[ByItem]) -> dict[int, Ratio]:
    """Return what each item adds to a measure over all rounds."""
    return {
        number: Ratio(math.fsum(ratio.hits for ratio in ratios), math.fsum(ratio.of for ratio in ratios))
        for number, ratios in _of_items(rounds).items()
    }


def spread(rounds: Sequence[ByItem]) -> Spread | None:
    """Return how much a measure varies: the one-way analysis of variance with items as random groups.

    None where fewer than two items have two runs.
    """
    several = _values(rounds)
    if len(several) < 2:
        return None
    runs = fmean(map(len, several.values()))
    means, variances = list(map(fmean, several.values())), list(map(variance, several.values()))
    between = math.sqrt(max(0.0, variance(means) - fmean(variances) / runs))
    return Spread(
        between,
        math.sqrt(fmean(variances)),
        _bootstrapped(lambda m, v, axis: _root(m.var(axis, ddof=1) - v.mean(axis) / runs), means, variances),
        _bootstrapped(lambda v, axis: _root(v.mean(axis)), variances),
    )


def spread_gap(first: Sequence[ByItem], second: Sequence[ByItem]) -> SpreadGap | None:
    """Return by how much the second varies more between runs of one item, on the items that both have."""
    mine, theirs = _values(second), _values(first)
    both = sorted(mine.keys() & theirs.keys())
    if len(both) < 2:
        return None
    a, b = ([variance(values[number]) for number in both] for values in (theirs, mine))
    interval = _bootstrapped(lambda x, y, axis: _root(y.mean(axis)) - _root(x.mean(axis)), a, b)
    return SpreadGap(math.sqrt(fmean(b)) - math.sqrt(fmean(a)), interval, len(both))


def agreement(rounds: Sequence[Mapping[int, Said | None]]) -> dict[int, Ratio]:
    """Return for each item in how much its runs say the same, of all pairs of runs; None, a run that failed, in none.

    A pair counts as 1, or as the share of what is the same in it where a run says several things.
    """
    return {
        number: Ratio(math.fsum(_alike(one, other) for one, other in combinations(runs, 2)), math.comb(len(runs), 2))
        for number, runs in _of_items(rounds).items()
        if len(runs) > 1
    }


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """Return the median and the 90th and 95th percentile; nothing for fewer than two times."""
    if len(seconds) < 2:
        return {}
    cuts = quantiles(seconds, n=100, method="inclusive")
    return {f"p{percent}": cuts[percent - 1] for percent in (50, 90, 95)}


def _bootstrapped(statistic: Callable[..., Any], *of_items: Sequence[float]) -> Interval | None:
    """Return the interval of a statistic, by drawing items again: bias-corrected and accelerated, always the same."""
    if len(of_items[0]) < FEWEST_ITEMS or not has_scipy() or not any(len(set(values)) > 1 for values in of_items):
        return None
    from numpy import isfinite
    from scipy.stats import bootstrap

    with warnings.catch_warnings(action="ignore"):
        # Where an interval cannot be had, SciPy warns and gives NaN.
        found = bootstrap(
            of_items, statistic, n_resamples=_DRAWS, paired=True, vectorized=True, confidence_level=CONFIDENCE, rng=1
        ).confidence_interval
    return Interval(float(found.low), float(found.high)) if isfinite([found.low, found.high]).all() else None


def _root(variances: ndarray[Any, Any]) -> Any:
    return variances.clip(0) ** 0.5


def _alike(one: Said | None, other: Said | None) -> float:
    if one is None or other is None:
        return 0.0
    about = one.keys() | other.keys()
    return fmean(name in one and name in other and one[name] == other[name] for name in about) if about else 1.0


def _values(rounds: Sequence[ByItem]) -> dict[int, list[float]]:
    """Return the values of the runs of each item that has several."""
    values = {
        number: [ratio.hits / ratio.of for ratio in ratios if ratio.of] for number, ratios in _of_items(rounds).items()
    }
    return {number: runs for number, runs in values.items() if len(runs) > 1}


def _of_items(rounds: Sequence[Mapping[int, Any]]) -> dict[int, list[Any]]:
    return {number: [each[number] for each in rounds if number in each] for number in _numbers(rounds)}


def _numbers(rounds: Iterable[Mapping[int, object]]) -> list[int]:
    return sorted({number for each in rounds for number in each})
