"""The model calls of an orchestrator: the steps are the same for all, the prompts and understudies are not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from langgraph.runtime import Runtime

from fanloom import LLMStep, Prompt
from nodes.orchestrator.document import Document
from nodes.orchestrator.plan import WORKER, Plan
from nodes.orchestrator.variables import Prompts, variables
from prompts import path

T = TypeVar("T")

AGAIN = Prompt(path("orchestrator/combine_again.md"))


class Understudies(NamedTuple):
    """Who answers under the `offline` model: functions, or where they are, as in "understudies.tech_docs:plan".

    `plan(task, context, max_subtasks)`, `work(task, context, type, description, needs)` with needs as
    `[{type, result}]`, and `combine(task, context, analysis, parts)` with parts as `[{id, heading, text | missing}]`.
    They return a Plan, a text and a Document, or data for those.
    """

    plan: Callable[..., Any] | str
    work: Callable[..., str] | str
    combine: Callable[..., Any] | str


UNDERSTUDIES = Understudies(
    plan="understudies.orchestrator:plan",
    work="understudies.orchestrator:work",
    combine="understudies.orchestrator:combine",
)


class Steps(NamedTuple):
    """The steps of a run."""

    plan: LLMStep[Plan]
    work: LLMStep[str]
    combine: LLMStep[Document]
    combine_again: LLMStep[Document]


def steps(prompts: Prompts, understudies: Understudies) -> Steps:
    """Make the steps that ask with these prompts."""
    plan, work, combine = understudies
    again = prompts.combine.followed_by(AGAIN)
    return Steps(
        LLMStep("plan_subtasks", prompts.plan, Plan, "planner", plan),
        LLMStep(WORKER, prompts.work, str, "worker", work),
        LLMStep("combine_results", prompts.combine, Document, "synthesizer", combine),
        LLMStep("combine_results_again", again, Document, "synthesizer", combine),
    )


async def ask(
    step: LLMStep[T], runtime: Runtime[Any], given: Mapping[str, Any], known: Mapping[str, Any], **more: Any
) -> T:
    """Run a step with what its prompt uses of the variables.

    Its understudy gets what is given and known, used or not, and nothing of `more`, which is for models only.
    """
    shown = variables({**given, **more}, known)
    used = {name: shown[name] for name in step.prompt.variables}
    return await step.run(runtime, {**given, "context": known}, **used)


def shared(step: str) -> Prompt:
    """Return a prompt that begins with the rules, the task and what is known, as all the shipped ones do."""
    return Prompt(path("orchestrator/task.md"), path(f"{step}.md"), system=path("orchestrator/system.md"))
