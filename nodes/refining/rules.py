"""A rule: how many of something a draft may have, whether it does, and what a modest writer does about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Literal, TypeAlias

from nodes.refining.pieces import pieces_of, with_piece, without_piece
from nodes.refining.topic import Topic
from nodes.refining.units import Unit

MOST_ADDED = 400

Place: TypeAlias = Literal["start", "end", "anywhere"]


@dataclass(frozen=True)
class Rule:
    """So many of a unit, in the whole draft or in its first or last piece.

    `measured` is False for a rule that only looks for the words of a criterion that nobody can judge by rule.
    """

    unit: Unit
    least: float = 0
    most: float = inf
    where: Place = "anywhere"
    measured: bool = True

    def count(self, draft: str) -> int:
        """Count the unit where the rule looks for it."""
        if self.where == "anywhere":
            return self.unit.count(draft)
        pieces = pieces_of(draft) or [""]
        return self.unit.count(pieces[0 if self.where == "start" else -1])

    def is_met(self, draft: str) -> bool:
        """Say whether a draft keeps to the rule."""
        return self.least <= self.count(draft) <= self.most

    def told(self, draft: str) -> str:
        """Say how a draft does, and what is asked for if it does not keep to the rule."""
        place = "" if self.where == "anywhere" else f" at the {self.where}"
        has = f"{self.unit.name}{place}: {self.count(draft)}"
        honest = "" if self.measured else "No rule can judge this, only look for its words. "
        return honest + (f"{has}." if self.is_met(draft) else f"{has}; asked for: {self._asked()}.")

    def _asked(self) -> str:
        if self.most == 0:
            return "none"
        if self.least == self.most:
            return f"exactly {self.least:g}"
        if self.least == 0:
            return f"at most {self.most:g}"
        return f"at least {self.least:g}" if self.most == inf else f"{self.least:g} to {self.most:g}"


def mended(draft: str, topic: Topic, broken: Sequence[Rule], rules: Sequence[Rule]) -> str:
    """Return a draft that keeps to more of the rules: first what is missing is added, then what is too much goes."""
    # What must come first or last is put there once the rest is there.
    placed = [rule for rule in rules if rule.where != "anywhere"]
    for rule in [*(rule for rule in broken if rule not in placed), *placed]:
        draft = _lengthened(draft, topic, rule)
    for rule in broken:
        draft = _shortened(draft, rule, [other for other in rules if other is not rule])
    return draft


def _lengthened(draft: str, topic: Topic, rule: Rule) -> str:
    place = rule.unit.place if rule.where == "anywhere" else rule.where
    for sample in (rule.unit.sample(topic, number) for number in range(MOST_ADDED)):
        before = rule.count(draft)
        if before >= rule.least:
            break
        pieces = pieces_of(draft)
        if sample in pieces and rule.where == "anywhere":
            continue
        # At one end it stands once: it is moved there.
        longer = with_piece(without_piece(draft, pieces.index(sample)) if sample in pieces else draft, sample, place)
        if rule.count(longer) <= before:
            break
        draft = longer
    return draft


def _shortened(draft: str, rule: Rule, others: Sequence[Rule]) -> str:
    """Drop from the end what no other rule needs, until the draft has few enough."""
    kept = [other for other in others if other.is_met(draft)]
    for number in reversed(range(len(pieces_of(draft)))):
        if (count := rule.count(draft)) <= rule.most:
            break
        shorter = without_piece(draft, number)
        useful = shorter and rule.least <= rule.count(shorter) < count
        if useful and all(other.is_met(shorter) for other in kept):
            draft = shorter
    return draft
