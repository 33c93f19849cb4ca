"""What the caller of an orchestrator chooses."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from pydantic import Field, field_validator

from fanloom import Context, Prompt, PromptError

MAX_TEMPLATE = 100_000
_OWN = "Template of one's own, with $name variables"


class OrchestratorContext(Context):
    """The context of an orchestrator: how many subtasks it may plan, and prompts of one's own."""

    max_subtasks: int = Field(
        3,
        ge=1,
        le=1000,
        title="Subtasks",
        description="Most subtasks of a plan; what a plan has beyond them is skipped and reported.",
    )
    check_document: Literal["rules", "model"] = Field(
        "rules",
        title="Check of the document",
        description="'rules' checks that each part has its section; 'model' lets the evaluator's model also judge "
        "whether it says only what its part says.",
    )
    plan_prompt: str | None = Field(
        None,
        title="Plan prompt",
        description=f"{_OWN}: $task, $context, $max_subtasks and the input's context variables. Default: the graph's.",
    )
    worker_prompt: str | None = Field(
        None,
        title="Worker prompt",
        description=f"{_OWN}: $task, $context, $type, $description, $needs and the input's context variables. "
        "Default: the graph's.",
    )
    combine_prompt: str | None = Field(
        None,
        title="Combine prompt",
        description=f"{_OWN}: $task, $context, $analysis, $parts and the input's context variables. "
        "Default: the graph's.",
    )

    @field_validator("plan_prompt", "worker_prompt", "combine_prompt")
    @classmethod
    def _valid(cls, text: str | None) -> str | None:
        if text is not None and len(text) > MAX_TEMPLATE:
            raise PromptError(
                f"the template has more than {MAX_TEMPLATE:,} characters; long material goes into the input"
            )
        if text is not None:
            prompt_of("template", text)
        return text


@lru_cache(maxsize=64)
def prompt_of(name: str, text: str) -> Prompt:
    """Return the prompt that a template's text is. Raises PromptError if it is none."""
    return Prompt.of_text(name, text)
