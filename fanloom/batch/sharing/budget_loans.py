"""How the shards of a job share its budget: the rule, on a ledger that is given from outside.

A shard is lent what it may have spent in all. What is lent to all never exceeds the whole, and a shard that has not
come yet has its even part kept for it, which it takes where it cannot reach the ledger. So nobody who has not asked,
and nobody who was killed, can spend what another one was lent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor
from typing import Any

Ledger = dict[str, Any]
"""What the store knows of a job: by shard what was `lent` to it and what it has `spent`; it is JSON."""
Amounts = Mapping[str, float]
"""By the name of a limit, as in `max_model_calls`."""
Shard = tuple[int, int]

# Of what is free, for so many shards each: the last ones find something left, and few ask often.
_ASK_AHEAD = 2


def come(ledger: Ledger, shard: Shard, spent: Amounts, known: Mapping[Shard, Amounts]) -> dict[str, float]:
    """Note that a shard goes on, having spent so much, and return what it is to count as spent.

    Where it has told of more before, what is left of its folder does not say all: what was lent to it counts. `known`
    are shards of other divisions, which have ended with what they have spent.
    """
    shards = ledger.setdefault("shards", {})
    for other, amounts in known.items():
        shards[_name(other)] = _entry(amounts, amounts)
    before = shards.get(_name(shard), _entry({}, {}))
    is_lost = any(spent.get(name, 0) < told for name, told in before["spent"].items())
    counted = {name: max(value, before["lent"].get(name, 0) if is_lost else 0) for name, value in spent.items()}
    shards[_name(shard)] = _entry(counted, counted)
    return counted


@dataclass(frozen=True)
class Shares:
    """What a shard tells: what it has `spent`, with what may be in flight `held`, and with what it needs `wanted`."""

    held: Amounts
    spent: Amounts
    wanted: Amounts


def lend(
    ledger: Ledger, shard: Shard, whole: Amounts, parts: Mapping[Shard, Amounts], shares: Shares
) -> dict[str, float]:
    """Return what a shard may have spent in all from now on: what it wants and something ahead, as far as it is free.

    `parts` is what is kept for the shards that have not come.
    """
    shards = ledger.setdefault("shards", {})
    others = [entry for name, entry in shards.items() if name != _name(shard)]
    kept = [part for other, part in parts.items() if other != shard and _name(other) not in shards]
    lent = {}
    for name, most in whole.items():
        taken = sum(max(entry["lent"].get(name, 0), entry["spent"].get(name, 0)) for entry in others)
        free = most - taken - sum(part[name] for part in kept)
        ahead = max(0, free - shares.wanted[name]) / (_ASK_AHEAD * shard[1])
        wanted = shares.wanted[name] + (ahead if name == "max_cost_usd" else floor(ahead))
        lent[name] = max(shares.held[name], min(free, wanted))
    shards[_name(shard)] = _entry(lent, shares.spent)
    return lent


def give_back(ledger: Ledger, shard: Shard, held: Amounts, spent: Amounts) -> None:
    """Note that a shard has ended, and needs no more than it has spent or may still have in flight."""
    ledger.setdefault("shards", {})[_name(shard)] = _entry(held, spent)


def _entry(lent: Amounts, spent: Amounts) -> dict[str, dict[str, float]]:
    return {"lent": dict(lent), "spent": dict(spent)}


def _name(shard: Shard) -> str:
    return f"{shard[0]}-of-{shard[1]}"
