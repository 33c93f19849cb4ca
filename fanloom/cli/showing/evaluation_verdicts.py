"""What an evaluation shows of its candidates in words: only where an interval leaves no doubt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fanloom.cli.showing.evaluation_table import written
from fanloom.evaluation.figures.candidate_figures import Evaluation
from fanloom.evaluation.figures.intervals import Estimate
from fanloom.evaluation.figures.repeats import SpreadGap


def verdicts(done: Sequence[Evaluation]) -> Iterator[str]:
    """Say of each candidate after the first in words where it differs."""
    first = done[0]
    for other in done[1:]:
        gaps, factors = other.over(first), other.times(first)
        sure = [f"{name} {_gap_told(name, gap, factors.get(name))}" for name, gap in gaps.items() if _is_sure(gap)]
        steady = [_spread_told(name, gap) for name, gap in other.spread_over(first).items() if _is_told(gap)]
        unsure = [name for name, gap in gaps.items() if not _is_sure(gap)]
        names = f"{other.candidate.name} against {first.candidate.name}"
        yield f"{names}: {'; '.join([*sure, *steady]) or 'no difference is shown'}."
        if unsure and sure:
            yield f"  Not told apart by these items: {', '.join(unsure)}."


def _is_sure(gap: Estimate) -> bool:
    return gap.method != "none" and (gap.low > 0 or gap.high < 0)


def _is_told(gap: SpreadGap) -> bool:
    return gap.interval is not None and (gap.interval.low > 0 or gap.interval.high < 0)


def _gap_told(measure: str, gap: Estimate, factor: Estimate | None) -> str:
    value, interval = written(measure, gap, "+")
    times = ""
    if factor is not None and factor.method != "none":
        times = f"; {factor.value:,.2f} times as much, {factor.low:,.2f} to {factor.high:,.2f}"
    return f"is {'higher' if gap.value > 0 else 'lower'} ({value}, {interval}{times})"


def _spread_told(measure: str, gap: SpreadGap) -> str:
    assert gap.interval
    value, interval = written(measure, Estimate(gap.value, *gap.interval, "t", gap.n), "+")
    return f"{measure} varies {'more' if gap.value > 0 else 'less'} between runs of one item ({value}, {interval})"
