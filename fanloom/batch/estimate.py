"""What a job would take, from a few of its items."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from fanloom.batch.inputs import InputSource, Item
from fanloom.batch.job_folder import SPENT, totals

if TYPE_CHECKING:
    from fanloom.batch.job import Job

_SAMPLE = 3


async def estimate(make: Callable[[Iterable[Item]], Job], source: InputSource, sample: int = _SAMPLE) -> dict[str, Any]:
    """Count the items, run a few that stand evenly among them, and say what all would take if they are alike."""
    count = sum(1 for _ in source.items())
    chosen = {1 + number * count // sample for number in range(min(sample, count))}
    items = [item for number, item in enumerate(source.items(), 1) if number in chosen]
    ran = [result async for result in make(items).results()]
    told = totals(ran)
    scale = count / len(ran) if ran else 0.0
    expected = {name: _scaled(told[name], scale) for name in SPENT}
    return {"items": count, "sample": len(ran), "failed_in_sample": told["failed"], "expected": expected}


def _scaled(amount: float | None, scale: float) -> float | None:
    return None if amount is None else round(amount * scale, 6)
