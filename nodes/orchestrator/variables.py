"""What the three prompts may use, and whether all that they use is given and all that is given is used."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from fanloom import Prompt, PromptError
from nodes.orchestrator.context import OrchestratorContext, prompt_of
from nodes.orchestrator.known import shown

_EVERYWHERE = frozenset({"task", "context"})
_GIVEN = {
    "plan_prompt": _EVERYWHERE | {"max_subtasks"},
    "worker_prompt": _EVERYWHERE | {"type", "description", "needs"},
    "combine_prompt": _EVERYWHERE | {"analysis", "parts"},
}
# Without any of these a prompt asks for the same whatever is to be done.
_TELLING = {
    "plan_prompt": {"task"},
    "worker_prompt": {"type", "description"},
    "combine_prompt": {"parts"},
}
_NOTHING = "(none)"


class UnusedContext(UserWarning):
    """Something is known and no prompt uses it."""


class Prompts(NamedTuple):
    """The prompts of one orchestrator."""

    plan: Prompt
    work: Prompt
    combine: Prompt

    def with_own(self, chosen: OrchestratorContext) -> Prompts:
        """Return the prompts of a run: those that its context brings, else these."""
        own = {field: getattr(chosen, field) for field in _GIVEN}
        pairs = zip(own.items(), self, strict=True)
        return Prompts(*(prompt if text is None else prompt_of(field, text) for (field, text), prompt in pairs))


def check_variables(prompts: Prompts, known: Collection[str]) -> list[str]:
    """Return what should be said about variables that no prompt uses. Raises PromptError for one that nobody gives."""
    for (field, given), prompt in zip(_GIVEN.items(), prompts, strict=True):
        if missing := sorted(prompt.variables - given - set(known)):
            raise PromptError(
                f"{field.replace('_', ' ')} {prompt.name!r} uses {_listed(missing)}, which nobody gives: put it into "
                f"the input's context, or take it out of the prompt. Given are {_listed(sorted({*given, *known}))}."
            )
    return [*_unused(prompts, known), *_untold(prompts)]


def variables(given: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables of a prompt: what the run gives, all that is known in one block, and each by its name."""
    return {
        **{name: shown(value) for name, value in known.items()},
        **{name: value or _NOTHING for name, value in given.items()},
        "context": shown(known) or _NOTHING,
    }


def _unused(prompts: Prompts, known: Collection[str]) -> Iterator[str]:
    used = frozenset[str]().union(*(prompt.variables for prompt in prompts))
    for name in known if "context" not in used else ():
        if name not in used:
            yield f"context variable {name!r} is used by no prompt: write ${name}, or $context for all that is known."


def _untold(prompts: Prompts) -> Iterator[str]:
    for (field, telling), prompt in zip(_TELLING.items(), prompts, strict=True):
        if not telling & prompt.variables:
            yield f"{field.replace('_', ' ')} {prompt.name!r} does not use {_listed(sorted(telling))}."


def _listed(names: Collection[str]) -> str:
    return ", ".join(f"${name}" for name in names)
