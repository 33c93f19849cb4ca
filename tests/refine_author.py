"""A model that writes, judges and improves as it is told to: for a scripted model and for a provider at the wire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

CRITERIA = ["Names the moon", "Short", "Asks a question"]
GIVEN = {"task": "Write about <tides>", "criteria": CRITERIA}
MARKS = {
    "repair": "could not be used",
    "improve": "Improve the draft",
    "evaluate": "Judge this draft",
    "write": "Write the text.",
}


def said(*met: bool, verdict: str = "") -> dict[str, Any]:
    """Return an evaluation that goes through the criteria in order."""
    feedback = [{"criterion": number, "met": one, "feedback": f"Reason {number}."} for number, one in enumerate(met, 1)]
    return {"feedback": feedback, "verdict": verdict or ("pass" if all(met) else "needs_improvement")}


class Author:
    """Give the replies of each step in turn, the last one for ever; `calls` are the steps asked for."""

    def __init__(
        self, evaluate: Sequence[Any], write: Any = "Draft 1", improve: Sequence[Any] = (), **more: Any
    ) -> None:
        improved = list(improve) or [f"Draft {number}" for number in range(2, 30)]
        self._replies = {"write": [write], "improve": improved, "evaluate": list(evaluate)}
        self._replies |= {step: [reply] for step, reply in more.items()}
        self.calls: list[str] = []

    def __call__(self, prompt: str) -> Any:
        step = next(name for name, mark in MARKS.items() if mark in prompt)
        self.calls.append(step)
        replies = self._replies[step]
        return replies.pop(0) if len(replies) > 1 else replies[0]
