"""A test case run through its graph, and what a person has answered given again."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from fanloom.cli.exits import RunFailed
from fanloom.cli.here.execution import execute
from fanloom.cli.here.loading import AnyGraph, Session
from fanloom.cli.thread import Result
from fanloom.evaluation.environment import variables
from fanloom.runs.run_log import RunLogs


def replay_once(
    session: Session, graph: AnyGraph, case: Mapping[str, Any], context: Mapping[str, Any], logs: RunLogs
) -> None:
    """Run a test case, and write down in `logs` alone what happens; also a run that fails ends here."""
    answers, given = list(case["human"]), case["input"]
    kept: dict[str, Any] = {"configurable": {"thread_id": "replay"}}
    graph = graph.copy({"checkpointer": InMemorySaver()})
    with variables({"FANLOOM_RUN_LOG": "off"}), suppress(RunFailed):
        while given is not None:
            result = execute(session, graph, given, context, progress=False, config=kept, logs=logs)
            given = _resumed(result, answers)


def _resumed(result: Result, answers: list[dict[str, Any]]) -> Command[Any] | None:
    """Return the answers to what is asked, as they were given to the same questions; None if there are none."""
    given = {}
    for asked in result.waiting:
        id, value = (asked["id"], asked["value"]) if isinstance(asked, Mapping) else (asked.id, asked.value)
        if (found := next((each for each in answers if each["question"] == value), None)) is not None:
            answers.remove(found)
            given[id] = found["answer"]
    return Command(resume=given) if given else None
