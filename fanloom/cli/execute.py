"""One run of a graph from the command line, watched as it goes."""

from __future__ import annotations

import re
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from typing import Any

from fanloom.cli.exits import Refused, RunFailed
from fanloom.cli.loading import AnyGraph, Session
from fanloom.cli.progress import Board, live
from fanloom.errors import RunError, UserError

INTERRUPT = "__interrupt__"


@dataclass
class Result:
    """What a run ended with: what `ainvoke` would return, and what it waits for."""

    output: Any = None
    waiting: list[Any] = field(default_factory=list)
    paused: bool = False


def execute(session: Session, graph: AnyGraph, given: Any, context: Any, *, progress: bool) -> Result:
    """Run a graph. Raises Refused for what the caller can mend, and RunFailed."""
    board = Board()
    # What nodes print is not our result.
    with redirect_stdout(sys.stderr), _explained(graph), live(board, shown=progress):
        result: Result = session.run(_stream(graph, given, context, board))
        return result


async def _stream(graph: AnyGraph, given: Any, context: Any, board: Board) -> Result:
    config: Any = {"configurable": {"thread_id": str(uuid.uuid4())}}
    result = Result()
    # The stream of `values` with the output's keys is what `ainvoke` itself takes its result from.
    events: AsyncIterator[Any] = graph.astream(
        given,
        config,
        context=context,
        stream_mode=["tasks", "values", "custom"],
        output_keys=graph.output_channels,
    )
    async for mode, data in events:
        if mode == "tasks":
            board.task(data)
            result.waiting += data.get("interrupts", ())
        elif mode == "custom":
            board.custom(data)
        elif not (isinstance(data, dict) and INTERRUPT in data):
            result.output = data
    result.paused = bool(result.waiting) or await _is_paused(graph, config)
    return result


async def _is_paused(graph: AnyGraph, config: Any) -> bool:
    """Tell whether a graph compiled with `interrupt_before` or `interrupt_after` has stopped there."""
    if not (graph.checkpointer and (graph.interrupt_before_nodes or graph.interrupt_after_nodes)):
        return False
    return bool((await graph.aget_state(config)).next)


@contextmanager
def _explained(graph: AnyGraph) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        mendable = isinstance(error, UserError) or _is_about_schema(error, graph)
        raise (Refused if mendable else RunFailed)(_message(error)) from error


def _is_about_schema(error: Exception, graph: AnyGraph) -> bool:
    """Tell whether Pydantic refuses the input or the context, not something that a node has made."""
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return False
    schemas = (graph.get_input_schema(), graph.context_schema)
    return error.title in {getattr(schema, "__name__", "") for schema in schemas}


def _message(error: Exception) -> str:
    said = str(error)
    if not isinstance(error, RunError | UserError):
        said = f"{type(error).__name__}: {said}" if said else type(error).__name__
    step = next(
        (m[1] for note in getattr(error, "__notes__", ()) if (m := re.search(r"task with name '(.+?)' and id", note))),
        "",
    )
    return f"{said}\nIt happened in step {step!r}." if step and not isinstance(error, UserError) else said
