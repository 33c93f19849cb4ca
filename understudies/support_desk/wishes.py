"""Group the clauses of a message into wishes, each with what is said about it."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter

from understudies.support_desk import requests, signals
from understudies.support_desk.clauses import Clause, Message
from understudies.support_desk.references import Reference

_NEAR = 2  # sentences between a wish and what still belongs to it
_MOST_CLAUSES = 100  # of one wish
_LONGEST_ORDER = 2_000  # signs in which a sentence's form is looked for

_POINTS_BACK = re.compile(r"\b(?:it|its|it's|this|that|they|them|these|those|there)\b")
_FOLLOWS = re.compile(
    r"\b(?:amount|price|total|correct\w*|discount|tax|vat|error|mistake|cost|breakdown|copy|due|deadline|pay|paid|"
    r"explain|expensive|much|label|rma|process|procedure|box|packaging|shipping|pick|collect\w*|courier|back|money|"
    r"arrange|need|arriv\w+|expect\w*|late|delay\w*|long|carrier|com(?:e|ing)|get|deliver\w*|receive|urgent\w*)\b"
)


@dataclass
class Wish:
    """Something the customer wants: its own clauses, and those without a wish before and after it."""

    kind: signals.Kind
    clauses: list[Clause]
    references: list[Reference]
    before: list[Clause]
    after: list[Clause] = field(default_factory=list)

    @property
    def start(self) -> int:
        return self.clauses[0].start

    @property
    def end(self) -> int:
        return self.clauses[-1].end


def wishes(message: Message, references: Sequence[Reference]) -> list[Wish]:
    """Return the wishes of a message in order."""
    return _Reader(message, references).read()


class _Reader:
    """Goes through the clauses once; what wants nothing waits for the next wish and follows the last one."""

    def __init__(self, message: Message, references: Sequence[Reference]) -> None:
        self.message = message
        self.named: dict[Clause, list[Reference]] = {}
        self.wishes: list[Wish] = []
        self.waiting: list[Clause] = []
        starts = [clause.start for clause in message.clauses]
        for reference in references:
            self.named.setdefault(message.clauses[bisect_right(starts, reference.start) - 1], []).append(reference)

    def read(self) -> list[Wish]:
        for _, sentence in groupby(self.message.clauses, key=attrgetter("sentence")):
            self._sentence(list(sentence))
        return self.wishes

    def _sentence(self, clauses: list[Clause]) -> None:
        text = self.message.plain[clauses[0].start : clauses[-1].end][:_LONGEST_ORDER]
        if requests.HOSTILE.search(text):
            self._add("other", clauses)
        else:
            known = len(self.wishes)
            for clause in clauses:
                self._clause(clause, self.wishes[-1] if len(self.wishes) > known else None)
            if len(self.wishes) == known and clauses[0].question and self._is_new(text, clauses[0]):
                self._add("other", clauses)

    def _clause(self, clause: Clause, current: Wish | None) -> None:
        """Give a clause to the wish before it in its sentence, to a new one, or to those around it."""
        text = self.message.of(clause)
        if not clause.question and requests.SETTLED.search(text):
            self.named.pop(clause, None)
            return
        kind = self._kind(clause, text)
        if kind and not (current and kind == current.kind != "other"):
            self._add(kind, [clause], current)
        elif not kind and requests.asks(text) and not requests.GREETING.match(text) and self._is_new(text, clause):
            self._add("other", [clause])
        elif current:
            self._extend(current, clause)
        elif not requests.GREETING.match(text):
            self._keep(clause)

    def _kind(self, clause: Clause, text: str) -> signals.Kind | None:
        named = self.named.get(clause, [])
        kind = signals.wanted(text, {one.kind for one in named}, question=clause.question)
        if kind is None or (requests.GREETING.match(text) and not named):
            return None
        last = self.wishes[-1] if self.wishes else None
        if kind == "status" and not clause.question and not requests.asks(text) and self._in_passing(clause, last):
            return None
        if kind == "refund":
            return "billing" if last and last.kind == "billing" else "return"
        return kind

    def _in_passing(self, clause: Clause, last: Wish | None) -> bool:
        """Tell "the kettle (order A-12345) leaks" and "Return the kettle, it leaks. Order: A-12345."."""
        in_brackets = self.message.plain[clause.start - 1 : clause.start] == "("
        return in_brackets or (last is not None and last.kind == "return" and signals.is_topic(self.message.of(clause)))

    def _is_new(self, text: str, clause: Clause) -> bool:
        """Tell a wish of its own from "please help" and from another question about the last wish."""
        last = self.wishes[-1] if self.wishes else None
        if last is None or clause.sentence - last.clauses[-1].sentence > _NEAR:
            return bool(requests.content(text))
        return bool(requests.content(text)) and not (
            _POINTS_BACK.search(text) or (last.kind != "other" and _FOLLOWS.search(text))
        )

    def _add(self, kind: signals.Kind, clauses: list[Clause], current: Wish | None = None) -> None:
        references = [reference for clause in clauses for reference in self.named.get(clause, [])]
        # "Order 12 is late and the lamp is broken, so I am returning it": what goes back is said in another wish.
        said = [clause for clause in (current.clauses if current else [])[1:] if clause not in self.named]
        self.wishes.append(Wish(kind, clauses, references, self.waiting or said))
        self.waiting = []

    def _extend(self, wish: Wish, clause: Clause) -> None:
        if len(wish.clauses) < _MOST_CLAUSES:
            wish.clauses.append(clause)
        wish.references += self.named.get(clause, [])

    def _keep(self, clause: Clause) -> None:
        self.waiting.append(clause)
        if self.wishes and len(self.wishes[-1].after) < _MOST_CLAUSES:
            self.wishes[-1].after.append(clause)
