"""What the rounds of the loop say: how each draft did, which one is best, and whether going on can help."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fanloom import Choices, Count
from nodes.refine.state import Judged, Round, Verdict
from nodes.refine.steps import CriterionFeedback, Evaluation

_PLATEAU = 2


def numbered(criteria: Sequence[str]) -> list[dict[str, str]]:
    """Number the criteria, as the prompts show them."""
    return [{"number": str(number), "text": text} for number, text in enumerate(criteria, 1)]


def bounds_of(criteria: Sequence[str]) -> dict[str, Choices | Count]:
    """Return what an evaluation's feedback may be: one entry for each number; `judged` holds what is not."""
    count = len(criteria)
    return {
        "feedback": Count(count, count, enforced=False),
        "feedback[].criterion": Choices(range(1, count + 1), enforced=False),
    }


def judged(entries: Iterable[CriterionFeedback], criteria: Sequence[str]) -> list[Judged]:
    """Return one judgement per criterion, in their order, whatever the evaluator's list has.

    A criterion that it leaves out is not met; one that it judges several times is met if every time says so; an entry
    for a number that no criterion has is left out.
    """
    by_number: dict[int, list[CriterionFeedback]] = {}
    for entry in entries:
        by_number.setdefault(entry.criterion, []).append(entry)
    return [_judged(text, by_number.get(number, [])) for number, text in enumerate(criteria, 1)]


def _judged(criterion: str, entries: Sequence[CriterionFeedback]) -> Judged:
    said = " ".join(filter(None, dict.fromkeys(entry.feedback.strip() for entry in entries)))
    if not entries:
        said = "The evaluator did not judge this criterion, so it counts as not met."
    return Judged(criterion=criterion, met=bool(entries) and all(entry.met for entry in entries), feedback=said)


def verdict_on(evaluation: Evaluation, feedback: Sequence[Judged]) -> Verdict:
    """Return the evaluator's verdict; a pass with a criterion that is not met is none."""
    return evaluation.verdict if all(one["met"] for one in feedback) else "needs_improvement"


def with_marks(feedback: Iterable[Judged]) -> list[dict[str, str]]:
    """Write the feedback as the prompts show it."""
    return [
        {"criterion": one["criterion"], "met": "yes" if one["met"] else "no", "comment": one["feedback"]}
        for one in feedback
    ]


def best(rounds: Iterable[Round]) -> Round | None:
    """Return the round whose draft met most criteria, the later one on a tie; None if no draft was judged."""
    evaluated = [one for one in rounds if one["verdict"] != "not_evaluated"]
    return max(reversed(evaluated), key=_score, default=None)


def is_plateau(rounds: Sequence[Round]) -> bool:
    """Say whether going on is of no use.

    It is when each of the last two drafts met no more criteria than the best of all drafts before those two, so at the
    third draft at the earliest. A draft that only gets as good as the best one is no progress.
    """
    earlier, last = rounds[:-_PLATEAU], rounds[-_PLATEAU:]
    return bool(earlier) and max(map(_score, last)) <= max(map(_score, earlier))


def was_judged(draft: str, rounds: Iterable[Round]) -> bool:
    """Say whether an improvement only gives back a draft of an earlier round."""
    return any(draft == one["draft"] for one in rounds)


def _score(one: Round) -> int:
    return sum(judgement["met"] for judgement in one["feedback"])
