"""Plan, write and combine by rule, from the task and what is known only."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from understudies.orchestrator.facts import Facts, capital, enumerated
from understudies.prose.task import read_task

_FEWEST = 2
_OF_OTHERS = ("summary", "conclusion")


@dataclass(frozen=True)
class Trade:
    """What the offline orchestrators differ in.

    `lexicon` are the kinds of parts that it knows by name, `usual` those that a task gets which names none, `noun` what
    the parts are called; `write(subject, kind, facts)` writes one.
    """

    lexicon: Sequence[str]
    usual: Sequence[str]
    noun: str
    write: Callable[[str, str, Facts], str]

    def plan(self, task: str, context: Facts, max_subtasks: int) -> dict[str, Any]:
        """Plan the kinds of parts that the task names, else the usual ones."""
        subject, kinds = read_task(task, self.lexicon)
        why = "The task names them."
        if len(kinds) < _FEWEST:
            others = [kind for kind in self.usual if kind not in map(str.lower, kinds)]
            kinds = [*kinds, *others][: _FEWEST if kinds else None][:max_subtasks]
            why = "They are the usual ones."
        known = f" Known: {enumerated(list(context))}." if context else ""
        return {
            "analysis": f"The task is about {subject}. It is divided into {enumerated(kinds)}. {why}{known}",
            "subtasks": [self._subtask(number, kind, subject) for number, kind in enumerate(kinds, 1)],
        }

    def work(self, task: str, context: Facts, type: str, description: str, needs: Sequence[Mapping[str, str]]) -> str:
        """Write one part from the facts, and from the results that it needs."""
        text = self.write(read_task(task, self.lexicon).subject, type, context)
        points = "\n".join(f"- {need['type']}: {need['result'].strip().splitlines()[0]}" for need in needs)
        return f"{text}\n\nThe other parts in short:\n\n{points}" if points else text

    def combine(self, task: str, context: Facts, analysis: str, parts: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        """Put the parts together as they are."""
        subject = read_task(task, self.lexicon).subject
        done = [part for part in parts if part.get("text")]
        kinds = enumerated([part["heading"] for part in done])
        return {
            "title": capital(re.sub(r"^(?:an?|the) ", "", subject.split(" that ")[0])),
            "introduction": f"{capital(self.noun)}{'s' * (len(done) != 1)} about {subject}: {kinds}.",
            "sections": [{"id": part["id"], "text": part["text"]} for part in done],
        }

    def _subtask(self, number: int, kind: str, subject: str) -> dict[str, Any]:
        needs = [f"s{before}" for before in range(1, number)] if kind.lower() in _OF_OTHERS else []
        description = f"Write the {self.noun} {kind!r} about {subject}."
        return {"id": f"s{number}", "type": kind, "description": description, "depends_on": needs}
