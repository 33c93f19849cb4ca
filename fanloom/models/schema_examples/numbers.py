"""Numbers within the bounds of a JSON schema."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from fanloom.models.schema_examples.no_example import NoExample


def number(schema: dict[str, Any], turn: int = 0) -> float:
    """Return the number nearest to zero that a schema allows, at other turns others. Raises NoExample."""
    low, high = _Bound(schema, "Minimum", 1), _Bound(schema, "Maximum", -1)
    step = schema.get("multipleOf")
    if step or schema["type"] == "integer":
        found = _on_grid(Fraction(str(step or 1)), low, high, turn)
    else:
        found = _anywhere(low, high, turn)
    return int(found) if schema["type"] == "integer" else float(found)


class _Bound:
    """One end of a range, or none: `inwards` is 1 at the lower end and -1 at the upper one."""

    def __init__(self, schema: dict[str, Any], name: str, inwards: int) -> None:
        closed, opened = schema.get(name.lower()), schema.get(f"exclusive{name}")
        given = [Fraction(str(value)) for value in (closed, opened) if value is not None]
        self.value = (max(given) if inwards > 0 else min(given)) if given else None
        self.excluded = opened is not None and self.value == Fraction(str(opened))
        self.inwards = inwards

    def on_grid(self, step: Fraction) -> float:
        """Return the first multiple of `step` within, counted in steps."""
        if self.value is None:
            return -self.inwards * math.inf
        steps = self.inwards * self.value / step
        return self.inwards * (math.floor(steps) + 1 if self.excluded else math.ceil(steps))


def _on_grid(step: Fraction, low: _Bound, high: _Bound, turn: int) -> Fraction:
    first, last = low.on_grid(step), high.on_grid(step)
    start = min(max(0, first), last)
    place = start + turn if start + turn <= last else start - (turn - (last - start))
    if not first <= place <= last:
        raise NoExample("no number is within the bounds")
    return int(place) * step


def _anywhere(low: _Bound, high: _Bound, turn: int) -> Fraction:
    ends = [bound.value for bound in (low, high) if bound.value is not None]
    # Beyond 2**53 the next whole number is no float of its own.
    step = max([Fraction(1), *(2 * Fraction(math.ulp(float(end))) for end in ends)])
    try:
        return _on_grid(step, low, high, turn)
    except NoExample:
        if low.value is None or high.value is None:
            raise
    if turn == 0 and low.value == high.value and not (low.excluded or high.excluded):
        return low.value
    if low.value >= high.value:
        raise NoExample("no number is within the bounds")
    return low.value + (high.value - low.value) / (turn + 2)
