"""A step: one model call with a prompt, a typed output and a role."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from fanloom.errors import GraphError, MissingPackage
from fanloom.gateway.call import call
from fanloom.gateway.request import Request
from fanloom.loops.background import run_in_background
from fanloom.models.narrowing.narrowed import narrowed
from fanloom.models.narrowing.output_bounds import Bound
from fanloom.runs.context import Role
from fanloom.runs.current_run import current_run
from fanloom.steps.prompt import Prompt

if TYPE_CHECKING:
    from langgraph.runtime import Runtime

T = TypeVar("T")
_REFERENCE = re.compile(r"\w+(\.\w+)*:\w+")


@dataclass(frozen=True)
class LLMStep(Generic[T]):
    """One model call: a prompt, the type of its answer, the role whose model gives it.

    `name` is what usage, traces and errors call it. `output` is `str` or a Pydantic model, best an `OutputModel`.
    `understudy` answers under the `offline` model: a function, or where it is, as in "understudies.desk:plan", which is
    imported when the offline model first needs it. It takes the prompt's variables by name and returns an `output`, or
    data for one; without one, offline answers are marked examples.
    """

    name: str
    prompt: Prompt
    output: type[T]
    role: Role = "worker"
    understudy: Callable[..., Any] | str | None = None

    def within(self, bounds: Mapping[str, Bound]) -> Self:
        """Return the step with an output that a run narrows, by places: `{"sources[]": Choices(titles)}`.

        The schema is a part of the prompt's prefix where a provider caches one: keep the bounds the same for all calls
        of a step in a run. Raises UserError as `narrowed` does.
        """
        output: type[Any] = self.output
        return replace(self, output=narrowed(output, bounds))

    async def run(
        self, runtime: Runtime[Any] | None = None, for_understudy: Mapping[str, Any] | None = None, /, **variables: Any
    ) -> T:
        """Ask the role's model and return its validated answer.

        The variables are the prompt's, JSON-plain; `for_understudy` is what the understudy gets in their place. Raises
        PromptError before anything is sent if they do not fit, UserError if the model cannot be used, and RunError if
        it gives no answer that can be.
        """
        messages = self.prompt.messages(**variables)
        metadata = {"prompt_version": self.prompt.version}
        given = variables if for_understudy is None else for_understudy
        understudy = (lambda: _found(self)(**given)) if self.understudy else None
        request = Request(self.name, self.role, messages, self.output, metadata, understudy)
        return await call(current_run(runtime), request)

    def run_sync(
        self, runtime: Runtime[Any] | None = None, for_understudy: Mapping[str, Any] | None = None, /, **variables: Any
    ) -> T:
        """Do what `run` does, for a node that is a plain function: also of LangGraph's own StateGraph, under `invoke`.

        In an async function use `run`: this would hold up its event loop.
        """
        return run_in_background(self.run(runtime, for_understudy, **variables))


def _found(step: LLMStep[Any]) -> Callable[..., Any]:
    """Return a step's understudy.

    Raises GraphError if it is not where the step says, and MissingPackage if a package is missing that it imports.
    """
    if callable(step.understudy):
        return step.understudy
    if not _REFERENCE.fullmatch(str(step.understudy)):
        raise _not_found(step, "it is neither a function nor a reference to one")
    module, _, name = str(step.understudy).partition(":")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        if isinstance(error, ModuleNotFoundError) and error.name and not f"{module}.".startswith(f"{error.name}."):
            raise MissingPackage(
                f"the understudy of step {step.name!r} needs the package {error.name!r}: install it, or choose a model"
            ) from error
        raise _not_found(step, error) from error
    if not callable(found):
        raise _not_found(step, f"it is no function but {found!r:.60}")
    understudy: Callable[..., Any] = found
    return understudy


def _not_found(step: LLMStep[Any], why: object) -> GraphError:
    said = f"step {step.name!r} has no understudy {step.understudy!r} ({why})"
    return GraphError(f"{said}; write 'package.module:function', or leave it out")
