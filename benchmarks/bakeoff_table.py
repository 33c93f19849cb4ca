"""What `fanloom eval --json` has found, as the Markdown that stands in the docs; a test compares the two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Found = Mapping[str, Any]
_DIGITS = {"share": 1, "count": 1, "s": 2, "US$": 6}


def markdown(found: Found) -> Iterator[str]:
    """Yield a table of the measures of all candidates, and of how much what is judged varies between runs."""
    candidates = found["candidates"]
    of = f"{found['items']} items, {found['rounds']} runs of each"
    yield f"| {of} | {' | '.join(one['name'] for one in candidates)} |"
    yield f"|---|{'---|' * len(candidates)}"
    for measure, about in found["measures"].items():
        cells = [_cell(one["figures"].get(measure), about["unit"]) for one in candidates]
        if any(one["figures"].get(measure, {"value": 0})["value"] for one in candidates):
            yield f"| {measure} | {' | '.join(cells)} |"
    for measure, about in found["measures"].items():
        spreads = [one["spreads"].get(measure) for one in candidates]
        if about["kind"] == "quality" and any(spread and spread["between_runs"] for spread in spreads):
            yield f"| {measure}, standard deviation between runs | {' | '.join(map(_spread, spreads))} |"


def speeds(found: Found) -> Iterator[str]:
    """Yield how many times as fast as the first candidate each other one is."""
    first, *others = found["candidates"]
    for one in others:
        times = one["times"]["seconds"]
        value, low, high = (f"{1 / times[name]:.2f}" for name in ("value", "high", "low"))
        yield f"`{one['name']}` is {value} times as fast as `{first['name']}` ({low} to {high})"


def _cell(figure: Found | None, unit: str) -> str:
    if figure is None:
        return "-"
    scale, sign = (100, " %") if unit == "share" else (1, "")
    value, low, high = (f"{scale * figure[name]:.{_DIGITS[unit]}f}" for name in ("value", "low", "high"))
    return f"{value}{sign} ({low} to {high})"


def _spread(spread: Found | None) -> str:
    if spread is None:
        return "-"
    bounds = spread["between_runs_interval"]
    told = f" ({100 * bounds['low']:.1f} to {100 * bounds['high']:.1f})" if bounds else ""
    return f"{100 * spread['between_runs']:.1f} %{told}"
