"""A step: one model call with a prompt, a typed output and a role."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from fanloom.context import Role
from fanloom.gateway import call
from fanloom.prompt import Prompt
from fanloom.request import Request
from fanloom.run import current_run

if TYPE_CHECKING:
    from langgraph.runtime import Runtime

T = TypeVar("T")


@dataclass(frozen=True)
class LLMStep(Generic[T]):
    """One model call: a prompt, the type of its answer, the role whose model gives it.

    `name` is what usage, traces and errors call it. `output` is `str` or a Pydantic model, best an `OutputModel`.
    `understudy` answers under the `offline` model: it takes the prompt's variables by name and returns an `output`;
    without one, offline answers are marked examples.
    """

    name: str
    prompt: Prompt
    output: type[T]
    role: Role = "worker"
    understudy: Callable[..., T] | None = None

    async def run(self, runtime: Runtime[Any] | None = None, /, **variables: Any) -> T:
        """Ask the role's model and return its validated answer.

        The variables are the prompt's, JSON-plain. Raises PromptError before anything is sent if they do not fit,
        UserError if the model cannot be used, and RunError if it gives no answer that can be.
        """
        from fanloom.models.offline import UNDERSTUDY

        messages = self.prompt.messages(**variables)
        request = Request(self.name, self.role, messages, self.output, metadata={"prompt_version": self.prompt.version})
        token = UNDERSTUDY.set(partial(self.understudy, **variables) if self.understudy else None)
        try:
            return await call(current_run(runtime), request)
        finally:
            UNDERSTUDY.reset(token)
