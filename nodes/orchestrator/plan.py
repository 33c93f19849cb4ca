"""The plan: subtasks of any type, checked before any of them is paid for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

from langgraph.runtime import get_runtime
from pydantic import AfterValidator, BeforeValidator, Field, field_validator

from fanloom import Outcome, OutputModel, in_order_of_needs, not_done
from nodes.orchestrator.context import OrchestratorContext
from nodes.orchestrator.state import Subtask
from nodes.text import ProperText

WORKER = "do_subtask"
UNREADABLE = "plan_subtasks"
_LONGEST_LINE = 200


def _line(text: str) -> str:
    line = " ".join(text.split())
    if len(line) > _LONGEST_LINE:
        raise ValueError(f"is longer than {_LONGEST_LINE} characters")
    return line


Line = Annotated[ProperText, AfterValidator(_line)]


class PlannedSubtask(OutputModel):
    """One part of the work, for one worker."""

    id: Line = Field(description="A short id that no other subtask has, such as `s1`.")
    type: Line = Field(description="Its kind in one to three words, such as a style or a section; unlike the others'.")
    description: ProperText = Field(description="What the worker is to write, in one to three sentences.")
    # Some models fill in every field: null, or an empty text, where nothing is needed.
    depends_on: Annotated[list[Line], BeforeValidator(lambda needs: needs or [])] = Field(
        default_factory=list,
        description="The ids of subtasks whose results it must build on. Usually empty: all others are done at once.",
    )


class Plan(OutputModel):
    """How the task is divided."""

    analysis: str = Field(description="What the task asks for and how this division serves it, two to four sentences.")
    subtasks: list[PlannedSubtask] = Field(description="The subtasks, in the order of the final document.")

    @field_validator("subtasks")
    @classmethod
    def _can_be_done(cls, subtasks: list[PlannedSubtask]) -> list[PlannedSubtask]:
        ids = [subtask.id for subtask in subtasks]
        if not ids:
            raise ValueError("the plan has no subtask; give at least one")
        if twice := [name for name, count in Counter(ids).items() if count > 1]:
            raise ValueError(f"two subtasks have the id {', '.join(map(repr, twice))}; give each its own")
        # Raises GraphError, a ValueError, for needs that no subtask has and for circles.
        in_order_of_needs([{"task_id": task.id, "item": {"depends_on": task.depends_on}} for task in subtasks])
        return subtasks


def planned(subtasks: Sequence[PlannedSubtask]) -> list[Subtask]:
    """Return the subtasks of a plan as tasks, in plan order."""
    return [
        Subtask(task_id=task.id, type=task.type, description=task.description, depends_on=task.depends_on)
        for task in subtasks
    ]


def planned_early(subtasks: Sequence[PlannedSubtask]) -> list[Subtask]:
    """Return the tasks that may begin while their plan is still written: all before the last one so far.

    None does where an id came twice, since that plan is refused; and no more than may be done.
    """
    limit = OrchestratorContext.of(get_runtime().context).max_subtasks
    is_sound = len({subtask.id for subtask in subtasks}) == len(subtasks)
    return planned(subtasks[:-1][:limit]) if is_sound else []


def cut(parts: Sequence[Subtask], limit: int) -> tuple[list[Subtask], list[Outcome]]:
    """Split a plan into what is done, with all that it needs, and the outcomes of what exceeds the limit."""
    in_order = in_order_of_needs([{"task_id": part["task_id"], "item": part} for part in parts])
    kept = {task["task_id"] for task in in_order[:limit]}
    message = f"the plan has more than {limit} subtasks; raise max_subtasks (--set max_subtasks=N, or in the context)"
    skipped = [
        not_done(part["task_id"], WORKER, message, status="skipped", kind="max_subtasks")
        for part in parts
        if part["task_id"] not in kept
    ]
    return [part for part in parts if part["task_id"] in kept], skipped


def dropped(reasons: Sequence[str]) -> list[Outcome]:
    """Report subtasks that the plan had and that could not be read, after the planner was asked again."""
    return [
        not_done(
            f"unreadable-{number}", UNREADABLE, f"a subtask was left out of the plan: {reason}", kind="wrong_shape"
        )
        for number, reason in enumerate(reasons, 1)
    ]
