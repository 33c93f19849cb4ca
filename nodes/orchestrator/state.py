"""What goes into an orchestrator, through it and out of it."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired

from langgraph.channels import EphemeralValue
from pydantic import Field
from typing_extensions import TypedDict

from fanloom import Outcome, RunState, Usage, stored_once
from nodes.orchestrator.known import Known
from nodes.text import ProperText

MAX_TASK = 200_000


class OrchestratorInput(TypedDict):
    """What is to be done, and what is known."""

    task: Annotated[
        ProperText, Field(max_length=MAX_TASK, description="What is to be written, up to 200,000 characters.")
    ]
    context: NotRequired[
        Annotated[
            Known,
            Field(
                description="What is known, as variables: any JSON value by its name, such as "
                '{"target_audience": "students"}.',
                json_schema_extra={"default": {}},
            ),
        ]
    ]


class WorkerResult(TypedDict):
    """One part of the work, done."""

    type: str
    description: str
    result: str


class OrchestratorOutput(TypedDict):
    """The plan's analysis, its parts, the document made from them, what is not there, and what it cost.

    `warnings` says what is known and used by no prompt, and why no model has combined the parts if none has.
    """

    analysis: str
    worker_results: list[WorkerResult]
    final: str
    failures: list[Outcome]
    warnings: list[str]
    usage: Usage


class Subtask(TypedDict):
    """One planned part of the work, and the ids of those whose results it needs."""

    task_id: str
    type: str
    description: str
    depends_on: list[str]


class OrchestratorState(RunState, total=False):
    """The state of an orchestrator.

    `known` is the input's `context`, which is not kept where it came in: a thread that is used again must not find
    what was known before, and `unused` what of it no prompt uses. `parts` is the whole plan, `subtasks` what of it is
    done; `written` says who wrote the final document, and why.
    """

    task: Annotated[str, stored_once()]
    context: Annotated[dict[str, Any], EphemeralValue(dict)]
    known: Annotated[dict[str, Any], stored_once()]
    unused: list[str]
    warnings: list[str]
    analysis: str
    parts: list[Subtask]
    subtasks: list[Subtask]
    worker_results: list[WorkerResult]
    written: dict[str, Any]
    final: str
    failures: list[Outcome]


class SubtaskState(TypedDict, total=False):
    """What a worker sees: its own subtask, the results it needs, and the rest by reference."""

    task_id: str
    type: str
    description: str
    task: str
    known: dict[str, Any]
    parts: list[Subtask]
    needs: dict[str, Any]
