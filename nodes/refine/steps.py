"""The model calls of the refining loop: the worker writes, the evaluator judges; they may be different models."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from fanloom import LLMStep, OutputModel, Prompt
from prompts import path


class CriterionFeedback(OutputModel):
    """How the draft does as to one criterion."""

    criterion: int = Field(description="The number of the criterion, as given.")
    met: bool = Field(description="Whether the draft meets it in full.")
    feedback: str = Field(description="What shows that it is met; or what is missing, and what to change.")


class Evaluation(OutputModel):
    """How the draft does as to every criterion, and whether it can stay as it is."""

    feedback: list[CriterionFeedback] = Field(description="One entry for each criterion, in the order given.")
    verdict: Literal["pass", "needs_improvement"] = Field(
        description="'pass' if every criterion is met, else 'needs_improvement'."
    )


def _prompt(step: str, system: str) -> Prompt:
    return Prompt(path("refine/task.md"), path(f"refine/{step}.md"), system=path(f"refine/{system}.md"))


WRITE_DRAFT = LLMStep(
    "write_draft", prompt=_prompt("write_draft", "writer"), output=str, understudy="understudies.refine:write_draft"
)
EVALUATE = LLMStep(
    "evaluate",
    prompt=_prompt("evaluate", "evaluator"),
    output=Evaluation,
    role="evaluator",
    understudy="understudies.refine:evaluate",
)
IMPROVE = LLMStep("improve", prompt=_prompt("improve", "writer"), output=str, understudy="understudies.refine:improve")
