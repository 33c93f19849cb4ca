"""Write, judge and improve by rule: no model, no key, no network. What no rule can judge is said to be so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from nodes.refining.criteria import rules_of
from nodes.refining.rules import mended
from nodes.refining.topic import opening, topic_of


class Finding(NamedTuple):
    """Whether a draft meets a criterion, and what shows it."""

    met: bool
    feedback: str


def write_draft(task: str, criteria: Sequence[Mapping[str, str]]) -> str:
    """Write a modest text on the task; the criteria are left to the rounds that follow."""
    return opening(topic_of(task))


def judge(draft: str, criteria: Sequence[str]) -> list[Finding]:
    """Measure a draft against each criterion."""
    return [_finding(draft, criterion) for criterion in criteria]


def improve(task: str, criteria: Sequence[Mapping[str, str]], draft: str, feedback: Sequence[Mapping[str, str]]) -> str:
    """Mend what the feedback calls not met, and keep to the other criteria where that is possible."""
    unmet = [rule for entry in feedback if entry["met"] == "no" for rule in rules_of(entry["criterion"])]
    rules = [rule for criterion in criteria for rule in rules_of(criterion["text"])]
    return mended(draft, topic_of(task), [rule for rule in unmet if not rule.is_met(draft)], rules)


def _finding(draft: str, criterion: str) -> Finding:
    rules = rules_of(criterion)
    return Finding(all(rule.is_met(draft) for rule in rules), " ".join(rule.told(draft) for rule in rules))
