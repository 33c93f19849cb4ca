"""A rule: how many of something a draft may have, whether it does, and what a modest writer does about it."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from understudies.prose.sentences import split_sentences

ITEM = r"[ \t]{0,8}(?:[-*+•]|\d{1,3}[.)])[ \t]+\S"
HEADING = r"[ ]{0,3}#{1,6}[ \t]+\S"
FILLERS = (
    "It says what matters most, in plain words.",
    "It tells what is meant, whom it concerns and what comes next.",
    "Names and figures are left to those who know them.",
    "Point {number} about {subject} is still to be added by somebody who knows it.",
)
_MOST_ADDED = 200


class Piece(NamedTuple):
    """A heading, a list item or a sentence of a draft, and the blanks before it."""

    before: str
    text: str

    @property
    def kind(self) -> str:
        """Which of them it is."""
        return "heading" if re.match(HEADING, self.text) else "item" if re.match(ITEM, self.text) else "sentence"


def pieces_of(draft: str) -> list[Piece]:
    """Take a draft apart."""
    pieces = []
    for block in re.split(r"\n[ \t]*\n", draft.strip()):
        before = "\n\n"
        for line in filter(str.strip, block.splitlines()):
            for text in split_sentences(line.strip()) if Piece("", line).kind == "sentence" else [line]:
                pieces.append(Piece(before, text))
                before = " "
            before = "\n"
    return pieces


def joined(pieces: Iterable[Piece]) -> str:
    """Make a draft of its pieces."""
    return "".join(piece.before + piece.text for piece in pieces).strip()


def with_piece(draft: str, text: str, place: str) -> str:
    """Add a piece once: at the start, in a block of its own at the end, or after the last piece."""
    pieces = [piece for piece in pieces_of(draft) if piece.text != text]
    if place == "start":
        return joined([Piece("", text), *pieces])
    kind = Piece("", text).kind
    apart = place == "end" or not pieces or pieces[-1].kind != kind
    return joined([*pieces, Piece("\n\n" if apart else "\n" if kind == "item" else " ", text)])


@dataclass(frozen=True)
class Rule:
    """So many of something, in the whole draft or, if `where` is start or end, in its first or last piece.

    One more of it is the next sample, or the last one again, put at `place`. A rule that is not `measured` only looks
    for the words of a criterion that nobody can judge by rule.
    """

    name: str
    counted: Callable[[str], int]
    samples: tuple[str, ...] = FILLERS
    place: str = ""
    where: str = ""
    least: float = 0
    most: float = inf
    measured: bool = True

    def count(self, draft: str) -> int:
        """Count where the rule looks."""
        if not self.where:
            return self.counted(draft)
        pieces = [piece.text for piece in pieces_of(draft)] or [""]
        return self.counted(pieces[0 if self.where == "start" else -1])

    def is_met(self, draft: str) -> bool:
        """Say whether a draft keeps to the rule."""
        return self.least <= self.count(draft) <= self.most

    def told(self, draft: str) -> str:
        """Say how a draft does, and what is asked for if it does not keep to the rule."""
        has = f"{self.name}{self.where and f' at the {self.where}'}: {self.count(draft)}"
        honest = "" if self.measured else "No rule can judge this, only look for its words. "
        bounds = {f"at least {self.least:g}": self.least > 0, f"at most {self.most:g}": self.most < inf}
        asked = f"exactly {self.least:g}" if self.least == self.most else " and ".join(filter(bounds.get, bounds))
        return honest + (f"{has}." if self.is_met(draft) else f"{has}; asked for: {asked}.")


def mended(draft: str, subject: str, broken: Sequence[Rule], rules: Sequence[Rule]) -> str:
    """Return a draft that keeps to more of the rules: first what is missing is added, then what is too much goes."""
    # What must come first or last is put there once the rest is there.
    placed = [rule for rule in rules if rule.where]
    for rule in [*(rule for rule in broken if rule not in placed), *placed]:
        draft = _lengthened(draft, subject, rule)
    for rule in broken:
        if rule.count(draft) > rule.most:
            draft = _shortened(draft, rule, [other for other in rules if other is not rule])
    return draft


def _lengthened(draft: str, subject: str, rule: Rule) -> str:
    for number in range(_MOST_ADDED):
        if rule.count(draft) >= rule.least:
            break
        sample = rule.samples[min(number, len(rule.samples) - 1)]
        text = sample.replace("{number}", str(number + 1)).replace("{subject}", subject)
        draft = max(draft, with_piece(draft, text, rule.where or rule.place), key=rule.count)
    return draft


def _shortened(draft: str, rule: Rule, others: Sequence[Rule]) -> str:
    """Drop from the end what no other rule needs, until the draft has few enough."""
    kept = [other for other in others if other.is_met(draft)]
    for number in reversed(range(len(pieces_of(draft)))):
        if (count := rule.count(draft)) <= rule.most:
            break
        pieces = pieces_of(draft)
        shorter = joined([*pieces[:number], *pieces[number + 1 :]])
        useful = shorter and rule.least <= rule.count(shorter) < count
        if useful and all(other.is_met(shorter) for other in kept):
            draft = shorter
    return draft
