"""What a job would take, from a few of its items."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from typing import TYPE_CHECKING, Any

from fanloom.batch.ended_items import SPENT, totals
from fanloom.batch.inputs import Item

if TYPE_CHECKING:
    from fanloom.batch.job import Job

_SAMPLE = 3


async def estimate(
    make: Callable[[Iterable[Item]], Job], items: Iterable[Item], sample: int = _SAMPLE
) -> dict[str, Any]:
    """Count the items, run a few of them, and say what all would take if they are alike."""
    count, chosen = _chosen(items, sample)
    ran = [result async for result in make(chosen).results()]
    told = totals(ran)
    scale = count / len(ran) if ran else 0.0
    expected = {name: _scaled(told[name], scale) for name in SPENT}
    return {"items": count, "sample": len(ran), "failed_in_sample": told["failed"], "expected": expected}


def _chosen(items: Iterable[Item], most: int) -> tuple[int, list[Item]]:
    """Count items that can be read only once, and choose some by chance: of the same items always the same ones."""
    chance, chosen, count = Random(0), list[Item](), 0
    for count, item in enumerate(items, 1):
        if count <= most:
            chosen.append(item)
        elif (place := chance.randrange(count)) < most:
            chosen[place] = item
    return count, chosen


def _scaled(amount: float | None, scale: float) -> float | None:
    return None if amount is None else round(amount * scale, 6)
