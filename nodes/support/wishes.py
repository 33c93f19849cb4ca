"""Group the clauses of a message into wishes, each with what is said about it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal, TypeAlias

from nodes.support import requests, settled, signals
from nodes.support.clauses import Clause, Message
from nodes.support.products import asked_for, spoken_of
from nodes.support.references import Reference

Kind: TypeAlias = Literal["billing", "return", "status", "other"]

_NEAR = 2  # sentences between a wish and what still belongs to it
_MOST_CONTEXT = 8  # clauses
_MOST_CLAUSES = 100  # of one wish

_NEAR_SIGNS = 200

_ONLY_REFUND = re.compile(
    r"\W*(?:refund me|give me a refund|get a refund|get my money back|(?:i want )?my money back)\W*$"
)
_ALSO = re.compile(r"\b(?:also|as well|too|need|same (?:for|with|goes))\b")
_POINTS_BACK = re.compile(r"\b(?:it|its|it's|this|that|they|them|these|those|there)\b")
_CLOSING = re.compile(
    r"\W*(?:thank|thanks|thx|many thanks|appreciat\w*|hope|i hope|have a|looking forward|"
    r"i look forward|we look forward|sent from)\b"
)
_INSTEAD = re.compile(r"\b(?:exchange|swap|replace\w*|refund\w*|money|label|credit)\b")
_STATEMENT = re.compile(r"\W*(?:it|they|this|that|the|its|both|half|which|one)\b")
_FOLLOWS: dict[Kind, re.Pattern[str]] = {
    "billing": re.compile(
        r"\b(?:differen\w+|amount|price|total|correct\w*|wrong|discount|tax|vat|high\w*|error|mistake|"
        r"twice|cost|breakdown|copy|due|deadline|"
        r"pay|paid|euros?|why|explain|expensive|much|remove|item)\b"
    ),
    "return": re.compile(
        r"\b(?:label|rma|process|procedure|how|box|packaging|shipping|pay|pick|collect\w*|courier|"
        r"back|replacement|money|option|arrange|need)\b"
    ),
    "status": re.compile(
        r"\b(?:arriv\w+|expect\w*|late|delay\w*|long|tomorrow|carrier|come|coming|get|deliver\w*|"
        r"receive|why|warehouse|ship\w*|urgent\w*|need)\b"
    ),
    "other": re.compile(r"(?!)"),
}


@dataclass
class Wish:
    """Something the customer wants: its own clauses, and those without a wish before and after it."""

    kind: Kind
    clauses: list[Clause]
    references: list[Reference]
    before: list[Clause] = field(default_factory=list)
    after: list[Clause] = field(default_factory=list)
    guessed: bool = False  # by its form alone

    @property
    def start(self) -> int:
        return self.clauses[0].start

    @property
    def end(self) -> int:
        return self.clauses[-1].end

    @property
    def sentence(self) -> int:
        return self.clauses[-1].sentence


def wishes(message: Message, references: Sequence[Reference]) -> list[Wish]:
    """Return the wishes of a message in order."""
    return _Reader(message, references).read()


class _Reader:
    """Goes through the clauses once; what wants nothing waits for the next wish and follows the last one."""

    def __init__(self, message: Message, references: Sequence[Reference]) -> None:
        self.message = message
        self.plain = _without_quoted_names(message, references)
        self.named = dict(_by_clause(message.clauses, references))
        self.wishes: list[Wish] = []
        self.waiting: list[Clause] = []
        self.said: list[Clause] = []  # of this sentence

    def read(self) -> list[Wish]:
        for _, sentence in groupby(self.message.clauses, key=lambda clause: clause.sentence):
            self._sentence(list(sentence))
        return self.wishes

    def _sentence(self, clauses: list[Clause]) -> None:
        if requests.hostile(self.plain[clauses[0].start : clauses[-1].end][:2_000]):
            self._add("other", clauses)
            return
        if settled.is_aside(self.plain[clauses[0].start : clauses[-1].end]):
            for clause in clauses:
                self._keep(clause)
            return
        known = len(self.wishes)
        self.said = []
        for clause in clauses:
            self._clause(clause, self.wishes[-1] if len(self.wishes) > known else None)
            self.said.append(clause)
        text = self.plain[clauses[0].start : clauses[-1].end]
        if len(self.wishes) == known and clauses[0].question and self._is_new(text, clauses[0]):
            self._add("other", clauses)

    def _clause(self, clause: Clause, current: Wish | None) -> None:
        text = self._text(clause)
        if not clause.question and settled.is_settled(text):
            self.named.pop(clause, None)
            return
        if self.wishes and settled.corrects(text) and (instead := self.named.get(clause)):
            self.wishes[-1].references[-1:] = instead
            return
        kind = self._kind(clause, text)
        if kind is None and (more := self._more_of_the_last(clause, text)):
            self.wishes[-1].references += more
            return
        if current and self._continues(clause, current, kind, text):
            self._extend(current, clause)
        elif kind == "return" and current and current.guessed and _POINTS_BACK.search(text):
            # "Have the table picked up, I want to return it": the first half was the wish already.
            current.kind, current.guessed = kind, False
            self._extend(current, clause)
        elif kind:
            self._add(kind, [clause])
        elif requests.asks(text) and not requests.is_greeting(text) and self._is_new(text, clause):
            self._add("other", [clause], guessed=True)
        elif current:
            self._extend(current, clause)
        elif not requests.is_greeting(text):
            self._keep(clause)

    def _more_of_the_last(self, clause: Clause, text: str) -> list[Reference]:
        """Return the numbers that the last wish is about too: "I would also need number 30038"."""
        last = self.wishes[-1] if self.wishes else None
        near = last and last.kind in ("billing", "status") and clause.sentence - last.sentence <= 1
        named = [one for one in self.named.get(clause, []) if one.kind == "unknown"]
        return named if near and _ALSO.search(text) else []

    def _kind(self, clause: Clause, text: str) -> Kind | None:
        named = self.named.get(clause, [])
        if _CLOSING.match(text) and not named:
            return None
        kind = signals.wanted(text, {reference.kind for reference in named}, question=clause.question)
        if kind == "status" and not (clause.question or requests.asks(text)) and self._in_passing(clause, text):
            return None
        return self._refunded(clause) if kind == "refund" else kind

    def _in_passing(self, clause: Clause, text: str) -> bool:
        """Tell "the kettle (order A-12345) leaks" and "Return the kettle, it leaks. Order: A-12345."."""
        if self._in_brackets(clause):
            return True
        after_return = self.wishes and self.wishes[-1].kind == "return" and clause.sentence > self.wishes[-1].sentence
        return bool(after_return) and signals.is_topic(text) and not self._is_item(clause)

    def _is_item(self, clause: Clause) -> bool:
        line = self.plain[max(0, clause.start - _NEAR_SIGNS) : clause.start].rpartition("\n")[2]
        return "\x1e" in line

    def _refunded(self, clause: Clause) -> Kind:
        """Tell whether the money is wanted back for a product or for an invoice."""
        last = self.wishes[-1] if self.wishes else None
        if asked_for(self.message, clause.start, clause.end):
            return "return"
        if last and last.kind in ("billing", "return") and clause.sentence - last.sentence <= _NEAR:
            return last.kind
        about = any(spoken_of(self.message, one.start, one.end) for one in self.waiting[-_MOST_CONTEXT:])
        return "return" if about else "billing"

    def _continues(self, clause: Clause, current: Wish, kind: Kind | None, text: str) -> bool:
        """Tell whether a clause belongs to the wish before it in its sentence."""
        if clause.subordinate or kind is None:
            own = self.named.get(clause) and kind not in (None, current.kind)
            return clause.subordinate and not own
        if current.kind == "return" and self._in_brackets(clause) and not requests.asks(text):
            return True
        if current.kind == "other" and _ONLY_REFUND.match(text):
            return True
        if current.kind == "other" and kind == "status" and _STATEMENT.match(text) and not requests.asks(text):
            return True
        if kind == "return" == current.kind:
            return not asked_for(self.message, clause.start, clause.end)
        if kind == current.kind:
            return kind != "other"
        if current.kind not in ("billing", "return") or self.named.get(clause):
            return False
        if current.kind == "billing":
            return kind == "status" and not requests.asks(text) and not signals.PARCEL.search(text)
        return (
            bool(_INSTEAD.search(text)) if kind == "other" else bool(_STATEMENT.match(text)) and not requests.asks(text)
        )

    def _in_brackets(self, clause: Clause) -> bool:
        opened, closed = (self.plain.rfind(sign, max(0, clause.start - _NEAR_SIGNS), clause.start) for sign in "()")
        return opened > closed

    def _is_new(self, text: str, clause: Clause) -> bool:
        """Tell a wish of its own from "please help" and from another question about the last wish."""
        if not requests.content(text) or requests.is_negated(text):
            return False
        last = self.wishes[-1] if self.wishes else None
        if last is None or clause.sentence - last.sentence > _NEAR:
            return True
        return not (_POINTS_BACK.search(text) or _FOLLOWS[last.kind].search(text))

    def _add(self, kind: Kind, clauses: list[Clause], *, guessed: bool = False) -> None:
        references = [reference for clause in clauses for reference in self.named.get(clause, [])]
        # "Order 12 is late and the lamp is broken, so I am returning it": what goes back is said in another wish.
        wanted = [wish.clauses[0] for wish in self.wishes[-_MOST_CONTEXT:]]
        said = [clause for clause in self.said[-_MOST_CONTEXT:] if clause not in self.named and clause not in wanted]
        before = self.waiting or (said if kind == "return" else [])
        self.wishes.append(Wish(kind, clauses, references, before=before, guessed=guessed))
        self.waiting = []

    def _extend(self, wish: Wish, clause: Clause) -> None:
        if len(wish.clauses) < _MOST_CLAUSES:
            wish.clauses.append(clause)
        wish.references += self.named.get(clause, [])

    def _keep(self, clause: Clause) -> None:
        self.waiting.append(clause)
        if self.wishes and len(self.wishes[-1].after) < _MOST_CLAUSES:
            self.wishes[-1].after.append(clause)

    def _text(self, clause: Clause) -> str:
        return self.plain[clause.start : clause.end]


def _by_clause(clauses: Sequence[Clause], references: Sequence[Reference]) -> Iterator[tuple[Clause, list[Reference]]]:
    waiting = list(reversed(references))
    for clause in clauses:
        inside = list[Reference]()
        while waiting and waiting[-1].start < clause.end:
            inside.append(waiting.pop())
        if inside:
            yield clause, inside


def _without_quoted_names(message: Message, references: Sequence[Reference]) -> str:
    """Blank the names between quotes, which want nothing; an identifier stays."""
    starts = {reference.start for reference in references}
    parts: list[str] = []
    at = 0
    for start, end in message.quotes.items():
        is_name = len(message.plain[start:end].split()) <= 5 and not starts.intersection(range(start, end))
        parts += [message.plain[at:start], "¤" * (end - start) if is_name else message.plain[start:end]]
        at = end
    return "".join([*parts, message.plain[at:]])
