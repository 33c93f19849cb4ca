"""How one planned task ended: the ledger line of every fan-out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from typing_extensions import TypedDict

from fanloom.errors import RunError
from fanloom.redaction import redact

Status = Literal["done", "failed", "timed_out", "skipped", "needs_input", "declined"]

_STATUS_OF_KIND: dict[str, Status] = {
    "budget": "skipped",
    "timeout": "timed_out",
    "needs_input": "needs_input",
    "declined": "declined",
}


class OutcomeError(TypedDict):
    """Why a task is not done."""

    kind: str
    """The `kind` of the RunError that was raised; `error` of any other exception, whose class the message names."""
    message: str
    retryable: bool
    """Whether the same task can succeed later."""


class Outcome(TypedDict):
    """How one planned task ended.

    `result` is what the worker returned, JSON-plain, or None; `attempts` counts the tries of its hardest model call
    (0 if it never ran); `seconds` is wall-clock time.
    """

    task_id: str
    worker: str
    """The name of its worker node."""
    status: Status
    """`done`, `failed`, `timed_out`, `skipped`, `needs_input` or `declined`."""
    result: Any
    error: OutcomeError | None
    """None if the task is done."""
    attempts: int
    seconds: float


def done(task_id: str, worker: str, result: Any, *, attempts: int = 1, seconds: float = 0.0) -> Outcome:
    """Make the outcome of a task that was done."""
    return Outcome(
        task_id=task_id,
        worker=worker,
        status="done",
        result=result,
        error=None,
        attempts=attempts,
        seconds=round(seconds, 3),
    )


def not_done(
    task_id: str,
    worker: str,
    message: str,
    *,
    status: Status = "failed",
    kind: str = "failed",
    retryable: bool = False,
    result: Any = None,
    attempts: int = 0,
    seconds: float = 0.0,
) -> Outcome:
    """Make the outcome of a task that was not done, with the reason a person can act on."""
    return Outcome(
        task_id=task_id,
        worker=worker,
        status=status,
        result=result,
        error=OutcomeError(kind=kind, message=message, retryable=retryable),
        attempts=attempts,
        seconds=round(seconds, 3),
    )


def from_error(task_id: str, worker: str, error: Exception, *, attempts: int = 1, seconds: float = 0.0) -> Outcome:
    """Make the outcome of a task whose worker raised.

    A `RunError` keeps its kind; anything else is a defect of the worker, named by its type. A spent budget is
    `skipped`, a time-out `timed_out`, `NeedsInput` and `Declined` what they say; everything else is `failed`.
    """
    why = error_of(error)
    return not_done(task_id, worker, **why, status=status_of(why), attempts=attempts, seconds=seconds)


_AGAIN = "again"


def to_run_again(outcome: Outcome) -> Outcome:
    """Return what stands in the place of an outcome whose task is about to run again."""
    why = OutcomeError(kind=_AGAIN, message="it is being run again", retryable=True)
    return Outcome(**{**outcome, "status": "skipped", "result": None, "error": why})


def runs_again(outcome: Mapping[str, Any]) -> bool:
    """Tell whether an outcome only keeps the place of a task that is about to run again."""
    return (outcome.get("error") or {}).get("kind") == _AGAIN


def status_of(why: OutcomeError) -> Status:
    """Return how a task ended that an error ended."""
    return _STATUS_OF_KIND.get(why["kind"], "failed")


def error_of(error: Exception) -> OutcomeError:
    """Return what an exception says, as an Outcome says it."""
    if isinstance(error, RunError):
        return OutcomeError(kind=error.kind, message=str(error), retryable=error.retryable)
    return OutcomeError(kind="error", message=redact(f"{type(error).__name__}: {error}"), retryable=False)


def settle(planned: Iterable[str], outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return one outcome per planned task id, in plan order; the last one counts where a task has several.

    A task without an outcome is reported as `skipped`, so that none can disappear.
    """
    by_id = {outcome["task_id"]: outcome for outcome in outcomes}
    lost = "no outcome was recorded for this task; run the graph again"
    return [by_id.get(task) or not_done(task, "", lost, status="skipped", kind="lost") for task in planned]


def failures(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return the outcomes of the tasks that were not done."""
    return [outcome for outcome in outcomes if outcome["status"] != "done"]
