"""Evaluators: what an item's run is worth. They know no graph: the data set says which fields they look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict

from fanloom.errors import UserError
from fanloom.evaluation.dataset import Item
from fanloom.evaluation.figures.intervals import Ratio
from fanloom.evaluation.item_run import ItemRun
from fanloom.grounding import lexical as text


class Judgement(NamedTuple):
    """What an evaluator says of one item: by measure how much is right, and what is not.

    `said` is what it has looked at, by what that is about, to be compared between runs of the item; None where only the
    measures can be.
    """

    ratios: dict[str, Ratio]
    notes: list[str] = []
    said: Mapping[str, object] | None = None


class Evaluator(Protocol):
    """Judges the run of an item. A run that has failed has no output, and what should be there counts as missing."""

    @property
    def name(self) -> str:
        """What the evaluator is called."""
        ...

    def judge(self, item: Item, run: ItemRun) -> Judgement:
        """Return what the run is worth."""
        ...


class Options(BaseModel):
    """The options of an evaluator: the fields of a class below."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @property
    def name(self) -> str:
        """What the evaluator is called."""
        return type(self).__name__.lower()

    @property
    def places(self) -> list[str]:
        """Where in a run it looks."""
        return [at] if isinstance(at := getattr(self, "at", None), str) else []


class Exact(Options):
    """Is the output's `field` what the item's `expected` says? Case and blanks around it do not count."""

    field: str
    expected: str = ""
    measure: str = "accuracy"

    @property
    def label(self) -> str:
        """The name of the item's field that says what is right."""
        return self.expected or self.field

    @property
    def places(self) -> list[str]:
        """Where in a run it looks."""
        return [f"output.{self.field}"]

    def judge(self, item: Item, run: ItemRun) -> Judgement:
        """Compare the two."""
        wanted, got = _expected(item, self.label), run.at(f"output.{self.field}")
        right = not run.error and same(wanted) == same(got)
        # Why a run has failed is told; what it said before says nothing.
        notes = [] if right or run.error else [f"expected {wanted!r}, got {got!r}"]
        return Judgement({self.measure: _right(right)}, notes, {self.measure: same(got)})


class Tasks(Options):
    """Does the plan at a place of the run hold the item's `expected` tasks?

    Two tasks are the same if their `fields` are; signs and case in them do not count, order does not, number does.
    """

    at: str
    fields: list[str]
    expected: str = "tasks"

    def judge(self, item: Item, run: ItemRun) -> Judgement:
        """Count the tasks that are in both, and those that are in one only."""
        wanted, got = self._tasks(_expected(item, self.expected)), self._tasks(run.at(self.at))
        right = (wanted & got).total()
        ratios = {
            "precision": Ratio(right, got.total()),
            "recall": Ratio(right, wanted.total()),
            # Twice the tasks found, of all that are on either side: the harmonic mean of the two.
            "F1": Ratio(2 * right, wanted.total() + got.total()),
            "all tasks right": _right(wanted == got and not run.error),
        }
        notes = [*_listed("missing", wanted - got), *_listed("not asked for", got - wanted)]
        return Judgement(ratios, notes, {"tasks": got})

    def _tasks(self, tasks: Any) -> Counter[tuple[str, ...]]:
        return Counter(tuple(_letters(task.get(name)) for name in self.fields) for task in _entries(tasks))


class Grounded(Options):
    """Do the sentences of the answers stand in the documents that each answer names? A lexical measure.

    A sentence counts as supported if `threshold` of its word stems, and each number in it, stand within three sentences
    of one named document. It sees neither negation nor paraphrase: what is invented in the words of a document passes,
    and what is true in other words does not.
    """

    at: str
    answer: str = "answer"
    names: str = "sources"
    documents: str = "sources"
    title: str = "title"
    content: str = "content"
    threshold: float = 0.7

    def judge(self, item: Item, run: ItemRun) -> Judgement:
        """Count the sentences that are supported."""
        contents = {doc[self.title]: doc[self.content] for doc in _expected(item, self.documents)}
        said = [
            (sentence, [contents[name] for name in _list(entry.get(self.names)) if name in contents])
            for entry in _entries(run.at(self.at))
            for sentence in text.sentences(str(entry.get(self.answer) or ""))
        ]
        bare = [sentence for sentence, named in said if text.support(sentence, named) < self.threshold]
        return Judgement(
            {"sentences supported": Ratio(len(said) - len(bare), len(said))},
            [f"not supported: {sentence}" for sentence in bare],
        )


class Sources(Options):
    """Does each answer name at least one document, and only documents that there are?"""

    at: str
    names: str = "sources"
    documents: str = "sources"
    title: str = "title"

    def judge(self, item: Item, run: ItemRun) -> Judgement:
        """Count the answers that do."""
        titles = {doc[self.title] for doc in _expected(item, self.documents)}
        named = [_list(entry.get(self.names)) for entry in _entries(run.at(self.at))]
        wrong = [names for names in named if not names or not set(names) <= titles]
        return Judgement(
            {"sources valid": Ratio(len(named) - len(wrong), len(named))},
            [f"sources not valid: {names}" for names in wrong],
        )


class Facts(Options):
    """Do the answers tell what the documents are about? Lexical too.

    An item's `expected` facts are `{"words", "source"}`: a fact is told by an answer that has all of the words' stems,
    and well sourced if such an answer names the source.
    """

    at: str
    expected: str = "facts"
    answer: str = "answer"
    names: str = "sources"

    def judge(self, item: Item, run: ItemRun) -> Judgement:
        """Count the facts that are told, and those of them that are well sourced."""
        answers = [(text.stems(str(entry.get(self.answer) or "")), entry) for entry in _entries(run.at(self.at))]
        told, sourced = dict[str, object](), 0
        for fact in _entries(_expected(item, self.expected)):
            by = [entry for stems, entry in answers if text.stems(str(fact["words"])) <= stems]
            told[str(fact["words"])] = bool(by)
            sourced += any(fact["source"] in _list(entry.get(self.names)) for entry in by)
        hits = sum(map(bool, told.values()))
        ratios = {"facts told": Ratio(hits, len(told)), "told facts well sourced": Ratio(sourced, hits)}
        return Judgement(ratios, [f"not told: {words}" for words, by in told.items() if not by], told)


class Delivered(Options):
    """Is there as much at a place of the run as was asked for?

    `asked` is a number, or the name of the item's field that has it; what stands at the place counts as one thing, a
    list as its entries. More than was asked for is not worth more.
    """

    at: str
    asked: int | str = 1
    measure: str = "delivered"

    def judge(self, item: Item, run: ItemRun) -> Judgement:
        """Count what there is."""
        wanted, found = self._wanted(item), None if run.error else run.at(self.at)
        there = min(wanted, len(found) if isinstance(found, list) else int(bool(found)))
        notes = [f"{there} of {wanted} delivered"] if there < wanted else []
        return Judgement({self.measure: Ratio(there, wanted)}, notes)

    def _wanted(self, item: Item) -> int:
        # The command line gives a number as a text.
        said = int(self.asked) if str(self.asked).isdecimal() else _expected(item, str(self.asked))
        if not isinstance(said, int | str) or not str(said).isdecimal():
            raise UserError(f"{self.asked!r} is {said!r}, not how many things were asked for.")
        return int(said)


def _expected(item: Item, name: str) -> Any:
    if name not in item:
        raise UserError(f"the item has no {name!r} to judge by; write it, or correct the evaluator's options.")
    return item[name]


def _right(right: bool) -> Ratio:
    return Ratio(int(right), 1)


def same(value: Any) -> Any:
    """Return what is compared of a value."""
    return value.strip().casefold() if isinstance(value, str) else value


def _letters(value: Any) -> str:
    return "".join(sign for sign in str("" if value is None else value).casefold() if sign.isalnum())


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _entries(value: Any) -> list[Mapping[str, Any]]:
    return [entry for entry in _list(value) if isinstance(entry, Mapping)]


def _listed(what: str, tasks: Counter[tuple[str, ...]]) -> Iterable[str]:
    return [f"{what}: {' '.join(filter(None, task))}" for task in tasks.elements()]


BUILT_IN: dict[str, Callable[..., Evaluator]] = {
    "exact": Exact,
    "tasks": Tasks,
    "grounded": Grounded,
    "sources": Sources,
    "facts": Facts,
    "delivered": Delivered,
}
