"""How sure a figure is: 95 % intervals of proportions, ratios and means, and of their differences on the same items.

Everything that is measured is a ratio of two sums over the items: 1 of 1 for an item that is right, 2 of 3 for one with
two of three tasks found, 1.7 of 1 for one that took 1.7 seconds. What stands inside one item hangs together, so it is
the items that are counted, not the tasks or sentences in them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from statistics import NormalDist, fmean, stdev
from typing import Literal, NamedTuple

CONFIDENCE = 0.95
INSTALL_SCIPY = 'pip install "fanloom[eval]"'
# Sums of the same numbers in another order differ by less than this part of them.
_NOISE = 1e-9
_Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)

Method = Literal["wilson", "clustered", "t", "none"]
"""Wilson's interval of a proportion of items, or of what stands in items; Student's t; none: too few, or no SciPy."""


class Ratio(NamedTuple):
    """What one item adds to a measure: `hits` of `of`; `of` is 0 where there is nothing to be measured."""

    hits: float
    of: float


class Estimate(NamedTuple):
    """A figure with its interval; `n` is the number of items behind it."""

    value: float
    low: float
    high: float
    method: Method
    n: int


def estimate(ratios: Sequence[Ratio], *, share: bool, copies: int = 1) -> Estimate | None:
    """Return the ratio of the sums with its interval, or None where there is nothing to measure.

    A `share` lies between 0 and 1. Wilson's interval is taken where each item is right or wrong, and where all or
    nothing is right, since nothing then varies; where items hold several things that are right or wrong, with as many
    things as would vary as much if they did not hang together. Student's t is for what is no count. Where each ratio
    adds up `copies` runs of its item, they make no more of it than one run is.
    """
    sums = [ratio for ratio in ratios if ratio.of]
    counted = [Ratio(ratio.hits / copies, ratio.of / copies) for ratio in sums]
    if not counted:
        return None
    value, n = _value(counted), len(counted)
    if share and (value in (0, 1) or all(ratio in ((0, 1), (1, 1)) for ratio in counted)):
        return Estimate(value, *wilson(value, n), "wilson", n)
    if n < 2 or not has_scipy():
        return Estimate(value, value, value, "none", n)
    effects = _influences(counted, value)
    if share and all(float(number).is_integer() for ratio in sums for number in ratio):
        return Estimate(value, *wilson(value, _effective(counted, value, effects)), "clustered", n)
    half = _half(effects)
    low, high = value - half, value + half
    # What is measured is never negative.
    return Estimate(value, max(0.0, low), min(1.0, high) if share else high, "t", n)


def difference(first: Mapping[int, Ratio], second: Mapping[int, Ratio], *, share: bool) -> Estimate | None:
    """Return by how much the second exceeds the first on the items that both have, or None where there are none.

    Where no item differs, the interval of a share is what Wilson's leaves open for 0 of n.
    """
    both = [number for number in first if number in second and (first[number].of or second[number].of)]
    left, right = [first[number] for number in both], [second[number] for number in both]
    if not sum(ratio.of for ratio in left) or not sum(ratio.of for ratio in right):
        return None
    a, b = _value(left), _value(right)
    gap = 0.0 if math.isclose(a, b, rel_tol=_NOISE) else b - a
    effects = [y - x for x, y in zip(_influences(left, a), _influences(right, b), strict=True)]
    if share and not any(effects):
        open_ = wilson(0, len(both))[1]
        return Estimate(0.0, -open_, open_, "wilson", len(both))
    if len(both) < 2 or not has_scipy():
        return Estimate(gap, gap, gap, "none", len(both))
    half = _half(effects)
    half = half if half > _NOISE * abs(a) else 0.0
    low, high = gap - half, gap + half
    return Estimate(gap, max(-1.0, low) if share else low, min(1.0, high) if share else high, "t", len(both))


def times(first: Mapping[int, Ratio], second: Mapping[int, Ratio]) -> Estimate | None:
    """Return how many times the first the second is, on the items that both have; None where either is nothing.

    The interval is one of the logarithm, so that twice as much and half as much are equally far from the same.
    """
    both = [number for number in first if number in second]
    left, right = [first[number] for number in both], [second[number] for number in both]
    if not all(math.fsum(ratio.hits for ratio in ratios) > 0 for ratios in (left, right)):
        return None
    a, b = _value(left), _value(right)
    if len(both) < 2 or not has_scipy():
        return Estimate(b / a, b / a, b / a, "none", len(both))
    pulls = zip(_influences(left, a), _influences(right, b), strict=True)
    factor = math.exp(_half([y / b - x / a for x, y in pulls]))
    return Estimate(b / a, b / a / factor, b / a * factor, "t", len(both))


def wilson(share: float, n: float) -> tuple[float, float]:
    """Return Wilson's interval of a share that was seen among `n`."""
    spread = _Z**2 / n
    middle = (share + spread / 2) / (1 + spread)
    half = _Z * math.sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    # Rounding must not push a bound over the share itself.
    return min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half))


def student_t(freedom: int) -> float:
    """Return the quantile of Student's t, for the 95 % in the middle, as SciPy has it."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + CONFIDENCE) / 2))


def has_scipy() -> bool:
    """Tell whether SciPy is here, without which there are no intervals but Wilson's."""
    return find_spec("scipy") is not None


def _value(ratios: Sequence[Ratio]) -> float:
    return math.fsum(ratio.hits for ratio in ratios) / math.fsum(ratio.of for ratio in ratios)


def _influences(ratios: Sequence[Ratio], value: float) -> list[float]:
    """Return how much each item pulls at the ratio of the sums: its linearisation."""
    mean = fmean(ratio.of for ratio in ratios)
    return [(ratio.hits - value * ratio.of) / mean for ratio in ratios]


def _effective(ratios: Sequence[Ratio], value: float, effects: Sequence[float]) -> float:
    """Return how many things that do not hang together would tell as much: never more than there are.

    Student's t at the ends of a share close to 0 or 1 is too narrow; Wilson's with this number holds what it says
    (tests simulate it). The number is smaller for few items, whose spread is itself not sure.
    """
    total = math.fsum(ratio.of for ratio in ratios)
    variance = stdev(effects) ** 2 / len(effects)
    alike = min(total, value * (1 - value) / variance) if variance else total
    return alike * (_Z / student_t(len(effects) - 1)) ** 2


def _half(effects: Sequence[float]) -> float:
    return student_t(len(effects) - 1) * stdev(effects) / math.sqrt(len(effects))
