"""Tasks that were not done run again, when the provider is back; the others keep their outcomes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from langgraph.types import Overwrite, StateUpdate

from fanloom.errors import GraphError, UserError
from fanloom.runs.outcome import Outcome, to_run_again

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.pregel import Pregel

    Graph = Pregel[Any, Any, Any, Any]

_TRIED = ("failed", "timed_out", "skipped")


def rerun_failed(
    graph: Graph, config: RunnableConfig, tasks: Collection[str] = (), *, outcomes: str = "outcomes"
) -> list[str]:
    """Make a finished thread ready to run its failed tasks again; return their ids.

    Those are the tasks that ended `failed`, `timed_out` or `skipped` and whose error is retryable, or those named. Then
    `graph.invoke(None, config, context=...)` runs them and the join, the others keep their outcomes, and effects happen
    once. Raises UserError for a thread that is not finished or has no such task, and GraphError for a task that no
    fan-out of the graph has planned.
    """
    snapshot = graph.get_state(config)
    ledger, workers, names = ledger_to_rerun(snapshot.values, snapshot.next, tasks, outcomes)
    if names:
        graph.bulk_update_state(config, [_updates(graph, ledger, workers, outcomes)])
    return names


async def arerun_failed(
    graph: Graph, config: RunnableConfig, tasks: Collection[str] = (), *, outcomes: str = "outcomes"
) -> list[str]:
    """Do what `rerun_failed` does, with a checkpointer for `ainvoke`. Raises as that does."""
    snapshot = await graph.aget_state(config)
    ledger, workers, names = ledger_to_rerun(snapshot.values, snapshot.next, tasks, outcomes)
    if names:
        await graph.abulk_update_state(config, [_updates(graph, ledger, workers, outcomes)])
    return names


def ledger_to_rerun(
    values: Any, upcoming: Sequence[str], tasks: Collection[str] = (), outcomes: str = "outcomes"
) -> tuple[list[Outcome], list[str], list[str]]:
    """Return a thread's ledger in which the chosen tasks are to run again, their workers, and their ids.

    Raises UserError for a thread that is not finished and for a name that no task has.
    """
    if upcoming:
        raise UserError("the thread is not finished: go on with it first, then run again what is left undone")
    ledger: list[Outcome] = list((values.get(outcomes) if isinstance(values, Mapping) else None) or [])
    chosen = _chosen(ledger, tasks)
    names = [outcome["task_id"] for outcome in chosen]
    workers = dict.fromkeys(outcome["worker"] for outcome in chosen)
    return [to_run_again(each) if each in chosen else each for each in ledger], list(workers), names


def _chosen(ledger: Sequence[Outcome], tasks: Collection[str]) -> list[Outcome]:
    undone = [outcome for outcome in ledger if outcome["status"] in _TRIED]
    if not tasks:
        return [outcome for outcome in undone if outcome["error"] and outcome["error"]["retryable"]]
    known = {outcome["task_id"]: outcome for outcome in undone}
    if unknown := [task for task in tasks if task not in known]:
        there = f"there are {', '.join(known)}" if known else "all are done"
        raise UserError(f"no task {', '.join(map(repr, unknown))} is left undone; {there}")
    return [known[task] for task in known if task in tasks]


def _updates(graph: Graph, ledger: list[Outcome], workers: Collection[str], outcomes: str) -> list[StateUpdate]:
    """Return what makes the nodes that have planned the tasks plan them again, and no others."""
    first, *others = dict.fromkeys(_planner_of(graph, worker) for worker in workers)
    return [StateUpdate({outcomes: Overwrite(ledger)}, first), *(StateUpdate(None, other) for other in others)]


def _planner_of(graph: Graph, worker: str) -> str:
    node = graph.nodes.get(worker)
    planner = getattr(node.bound, "planned_in", "") if node else ""
    if not planner:
        raise GraphError(f"the graph has no fan-out with a worker {worker!r}; start a new run")
    return str(planner)
