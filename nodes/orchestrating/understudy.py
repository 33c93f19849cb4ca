"""Plan, write and combine by rule, from the task and what is known only: no model, no key, no network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nodes.orchestrating.document import Document, Section
from nodes.orchestrating.facts import bullets, capital, enumerated, first_sentence
from nodes.orchestrating.plan import Plan, PlannedSubtask
from nodes.orchestrating.reading import read_task
from nodes.orchestrating.steps import Understudies

_FEWEST = 2
_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")
_OF_OTHERS = frozenset({"summary", "conclusion", "recap"})
NOTHING_KNOWN = "Nothing else is known about it yet: what stands in the context of the task is said here."

Needs = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Trade:
    """What the offline orchestrators differ in.

    `kinds` are the kinds of parts that it knows, each with guidelines; `usual` those that a task gets which names none;
    `noun` what the parts are called; `introduction` what is said first, of the `count`, `subject` and `kinds`;
    `write(subject, kind, guidelines, context)` writes one.
    """

    kinds: Mapping[str, str]
    usual: Sequence[str]
    noun: str
    introduction: str
    write: Callable[[str, str, str, Mapping[str, Any]], str]

    def understudies(self) -> Understudies:
        """Return who answers offline."""
        return Understudies(self.plan, self.work, self.combine)

    def plan(self, task: str, context: Mapping[str, Any], max_subtasks: int) -> Plan:
        """Plan the kinds of parts that the task names, else the usual ones."""
        subject, named = read_task(task, frozenset(self.kinds))
        kinds = _filled(named, self.usual)[:max_subtasks] if len(named) < _FEWEST else named
        why = "The task names them" if len(named) >= _FEWEST else "They are the usual ones"
        known = f" Known: {enumerated(list(context))}." if context else ""
        return Plan(
            analysis=f"The task is about {subject}. It is divided into {enumerated(kinds)}. {why}.{known}",
            subtasks=[self._subtask(number, kinds, subject) for number in range(len(kinds))],
        )

    def work(self, task: str, context: Mapping[str, Any], type: str, description: str, needs: Needs) -> str:
        """Write one part from the facts, and from the results that it needs."""
        subject = read_task(task, frozenset(self.kinds)).subject
        if type.lower() in _OF_OTHERS and needs:
            return f"In short, about {subject}:\n\n{_points(needs)}"
        text = self.write(subject, type, description, context)
        return f"{text}\n\nIt builds on these parts:\n\n{_points(needs)}" if needs else text

    def combine(
        self, task: str, context: Mapping[str, Any], analysis: str, parts: Sequence[Mapping[str, str]]
    ) -> Document:
        """Put the parts together as they are."""
        subject = read_task(task, frozenset(self.kinds)).subject
        done = [part for part in parts if part.get("text")]
        count = f"{_number(len(done))} {self.noun}{'s' * (len(done) != 1)}"
        kinds = enumerated([part["heading"] for part in done])
        return Document(
            title=capital(subject.split(" that ")[0].removeprefix("a ").removeprefix("an ").removeprefix("the ")),
            introduction=self.introduction.format(count=count, subject=subject, kinds=kinds),
            sections=[Section(id=part["id"], text=part["text"]) for part in done],
        )

    def _subtask(self, number: int, kinds: Sequence[str], subject: str) -> PlannedSubtask:
        kind = kinds[number]
        guidelines = self.kinds.get(kind.lower(), f"Write what belongs under {kind!r}.")
        needs = [f"s{before + 1}" for before in range(number)] if kind.lower() in _OF_OTHERS else []
        return PlannedSubtask(
            id=f"s{number + 1}", type=kind, description=f"{guidelines} It is about {subject}.", depends_on=needs
        )


def write_facts(subject: str, kind: str, guidelines: str, context: Mapping[str, Any]) -> str:
    """Write what is known, under any kind of heading."""
    return f"{capital(kind)} of {subject}.\n\n{bullets(context) or NOTHING_KNOWN}"


def _number(count: int) -> str:
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)


def _filled(named: Sequence[str], usual: Sequence[str]) -> list[str]:
    kinds = {kind.lower(): kind for kind in [*named, *usual]}
    return list(kinds.values())[: _FEWEST if named else None]


def _points(needs: Needs) -> str:
    return "\n".join(f"- {need['type']}: {first_sentence(need['result'])}" for need in needs)


UNDERSTUDIES = Trade(
    kinds={"summary": "Say in a few lines what the other parts say."},
    usual=("overview", "details"),
    noun="part",
    introduction="{count} about {subject}: {kinds}.",
    write=write_facts,
).understudies()
