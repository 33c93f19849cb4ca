"""A model that routes as it is told to: the same for a scripted model and for a provider at the wire."""

from __future__ import annotations

from typing import Any

# The words that only one step's prompt has.
MARKS = {
    "repair": "could not be used",
    "classify": "Decide what kind",
    "technical_support": "who has a technical problem",
    "billing_inquiry": "question or complaint about money",
    "general_question": "Apologise that you are not sure",
}


class Desk:
    """A model that classifies with `label` and answers with the name of the handler whose prompt it is given."""

    def __init__(self, label: Any, **steps: Any) -> None:
        self.steps = {"classify": {"intent": label}, "repair": {"intent": label}, **steps}
        self.calls: list[str] = []

    def __call__(self, prompt: str) -> Any:
        self.calls.append(next(step for step, mark in MARKS.items() if mark in prompt))
        return self.steps.get(self.calls[-1], f"by {self.calls[-1]}")
