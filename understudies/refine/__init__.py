"""Write, judge and improve by rule: what no rule can judge is said to be so."""

from collections.abc import Mapping, Sequence
from typing import Any

from understudies.prose.task import read_task
from understudies.refine.criteria import rules_of
from understudies.refine.rules import FILLERS, mended

Criteria = Sequence[Mapping[str, str]]


def write_draft(task: str, criteria: Criteria) -> str:
    """Write a modest text on the task; the criteria are left to the rounds that follow."""
    return f"The subject of this text: {_subject(task)}. {FILLERS[0]} {FILLERS[1]}"


def evaluate(task: str, criteria: Criteria, draft: str) -> dict[str, Any]:
    """Measure a draft against each criterion."""
    feedback = []
    for number, criterion in enumerate(criteria, 1):
        rules = rules_of(criterion["text"])
        told = " ".join(rule.told(draft) for rule in rules)
        feedback.append({"criterion": number, "met": all(rule.is_met(draft) for rule in rules), "feedback": told})
    return {"feedback": feedback, "verdict": "pass" if all(one["met"] for one in feedback) else "needs_improvement"}


def improve(task: str, criteria: Criteria, draft: str, feedback: Sequence[Mapping[str, str]]) -> str:
    """Mend what the feedback calls not met, and keep to the other criteria where that is possible."""
    unmet = [rule for entry in feedback if entry["met"] == "no" for rule in rules_of(entry["criterion"])]
    rules = [rule for criterion in criteria for rule in rules_of(criterion["text"])]
    return mended(draft, _subject(task), [rule for rule in unmet if not rule.is_met(draft)], rules)


def _subject(task: str) -> str:
    return read_task(task, ()).subject.strip("“”")
