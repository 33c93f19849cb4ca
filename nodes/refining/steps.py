"""The model calls of the refining loop: the worker writes, the evaluator judges; they may be different models."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from fanloom import LLMStep, OutputModel, Prompt
from nodes.refining.understudy import Finding, improve, judge, write_draft
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


def _evaluation(task: str, criteria: list[dict[str, str]], draft: str) -> Evaluation:
    findings: list[Finding] = judge(draft, [entry["text"] for entry in criteria])
    feedback = [
        CriterionFeedback(criterion=number, met=finding.met, feedback=finding.feedback)
        for number, finding in enumerate(findings, 1)
    ]
    return Evaluation(feedback=feedback, verdict="pass" if all(one.met for one in findings) else "needs_improvement")


WRITE_DRAFT = LLMStep("write_draft", prompt=_prompt("write_draft", "writer"), output=str, understudy=write_draft)
EVALUATE = LLMStep(
    "evaluate", prompt=_prompt("evaluate", "evaluator"), output=Evaluation, role="evaluator", understudy=_evaluation
)
IMPROVE = LLMStep("improve", prompt=_prompt("improve", "writer"), output=str, understudy=improve)
