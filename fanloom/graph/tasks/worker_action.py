"""What a worker does: the function that the caller gives, in one form."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from langgraph.runtime import Runtime

from fanloom.errors import GraphError
from fanloom.loops.background import in_thread

Worker = Callable[..., Any]
TaskAction = Callable[[Any, Runtime[Any]], Awaitable[Any]]


def actions_of(
    worker: str | None, action: Worker | None, workers: Mapping[str, Worker] | None
) -> dict[str, TaskAction]:
    """Return what each worker does, by its name. Raises GraphError if what is given does not go together."""
    if workers and not (worker or action):
        return {name: _in_one_form(each) for name, each in workers.items()}
    if worker and action and not workers:
        return {worker: _in_one_form(action)}
    raise GraphError("add_fan_out takes either worker= and action=, or workers={type: action}")


def _in_one_form(action: Worker) -> TaskAction:
    """Make an action that may be synchronous, and may do without a runtime, a coroutine function that takes both."""
    wants_runtime = "runtime" in inspect.signature(action).parameters
    is_async = inspect.iscoroutinefunction(action)

    async def called(state: Any, runtime: Runtime[Any]) -> Any:
        given = {"runtime": runtime} if wants_runtime else {}
        result = action(state, **given) if is_async else await in_thread(lambda: action(state, **given))
        # Also of a synchronous callable: a lambda or an object can return what is still to be awaited.
        return await result if inspect.isawaitable(result) else result

    return called
