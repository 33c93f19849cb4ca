"""How items end, one line of JSON each, and what many of them come to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, TypedDict, get_args

SPENT = ("model_calls", "input_tokens", "output_tokens", "cost_usd")
Ended = Literal["done", "partly", "failed"]


class EndedItem(TypedDict):
    """How one item ended: `partly` where some of its tasks were not done."""

    id: str
    status: Ended
    output: Any
    usage: dict[str, Any] | None
    error: dict[str, Any] | None
    seconds: float


def json_line(row: Mapping[str, Any]) -> bytes:
    """Return a row as a line of JSON in UTF-8; one with half a character, which UTF-8 has no bytes for, in ASCII."""
    try:
        return json.dumps(row, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(row).encode() + b"\n"


def ended_in(results: Iterable[EndedItem]) -> dict[str, Ended]:
    """Return how items have ended, by id: the last result counts, and what is done does not run again."""
    ended: dict[str, Ended] = {}
    for result in results:
        # Files of shards are read one after another, whichever was written last.
        if ended.get(result["id"]) != "done":
            ended[result["id"]] = result["status"]
    return ended


def totals(results: Iterable[EndedItem]) -> dict[str, Any]:
    """Return how many items have ended and how, and what they used in all; the last result of an id counts."""
    spent: dict[str, float | None] = dict.fromkeys(SPENT, 0)

    def summed() -> Iterator[EndedItem]:
        for result in results:
            for name in SPENT:
                spent[name] = _sum(spent[name], (result["usage"] or {}).get(name, 0))
            yield result

    last = ended_in(summed())
    counts = {status: sum(ended == status for ended in last.values()) for status in get_args(Ended)}
    return {"items": len(last), **counts, **spent}


def _sum(left: float | None, right: float | None) -> float | None:
    """Add two amounts; one that is not known makes the sum unknown."""
    return None if left is None or right is None else left + right
