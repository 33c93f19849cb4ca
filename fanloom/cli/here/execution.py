"""One run of a graph from the command line, watched as it goes."""

from __future__ import annotations

import re
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from typing import Any

from langgraph.checkpoint.base import WRITES_IDX_MAP
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.pregel import Pregel
from langgraph.types import Command, Durability

from fanloom.cli.exits import Refused, RunFailed
from fanloom.cli.here.loading import AnyGraph, Session
from fanloom.cli.here.thread_store import output_of, questions
from fanloom.cli.showing.progress import ProgressBoard, live
from fanloom.cli.thread import INTERRUPT, Result
from fanloom.errors import InvalidContext, RunError, UserError
from fanloom.graph.changed_graph import going_on
from fanloom.runs.run_log import Apart, RunLogs, told_apart
from fanloom.tracing.langsmith_tracing import start_tracing


def execute(
    session: Session,
    graph: AnyGraph,
    given: Any,
    context: Any,
    *,
    progress: bool,
    config: Mapping[str, Any] | None = None,
    logs: RunLogs | None = None,
) -> Result:
    """Run a graph, in a thread that nobody will ask for unless `config` names one; `logs` get what happens too.

    Raises Refused for what the caller can mend, and RunFailed.
    """
    board = ProgressBoard()
    apart = Apart(logs, board.take if progress else None)
    # Also for graphs that are not made with our StateGraph.
    start_tracing()
    # What nodes print is not our result.
    with redirect_stdout(sys.stderr), _explained(graph), live(board, shown=progress):
        result: Result = session.run(_logged(_stream(graph, given, context, board, config), apart))
        return result


async def _logged(run: Awaitable[Result], apart: Apart) -> Result:
    # Here, since the session's loop has a context of its own.
    with told_apart(apart):
        return await run


async def _stream(
    graph: AnyGraph, given: Any, context: Any, board: ProgressBoard, kept: Mapping[str, Any] | None
) -> Result:
    config: Any = kept or {"configurable": {"thread_id": str(uuid.uuid4())}}
    graph = _that_can_stop(graph)
    stopped = await _stopped(graph, config) if kept else None
    if given is None or isinstance(given, Command):
        graph = going_on(graph, stopped)
    result = Result()
    # The stream of `values` with the output's keys is what `ainvoke` itself takes its result from.
    events: AsyncIterator[Any] = graph.astream(
        given,
        config,
        context=context,
        stream_mode=["tasks", "values", "custom"],
        output_keys=graph.output_channels,
        durability=_durability(graph) if kept else None,
    )
    await _follow(events, board, _finished(stopped), result)
    result.paused = bool(result.waiting)
    if graph.checkpointer:
        # Also what waits since an earlier round; and `interrupt_before` stops a graph without asking anything.
        snapshot = await graph.aget_state({"configurable": config["configurable"]})
        result.waiting, result.paused = questions(snapshot), bool(snapshot.tasks)
        if result.output is None:
            # A run that stops at once streams none.
            result.output = output_of(graph, snapshot.values)
    return result


def _that_can_stop(graph: AnyGraph) -> AnyGraph:
    if graph.checkpointer or not (graph.interrupt_before_nodes or graph.interrupt_after_nodes):
        return graph
    # Without one nobody could tell a graph that has stopped there from one that is done.
    return graph.copy({"checkpointer": InMemorySaver()})


async def _follow(
    events: AsyncIterator[Any], board: ProgressBoard, finished: Mapping[str, Any], result: Result
) -> None:
    """Show what happens, and put into the result what is put out and what is asked."""
    async for mode, data in events:
        if mode == "tasks":
            board.task(data)
            if "input" in data and data["id"] in finished:
                # A thread that goes on names these too, but does not run them again.
                board.task({**data, "result": finished[data["id"]]})
            result.waiting += data.get("interrupts", ())
        elif mode == "custom":
            board.custom(data)
        elif not (isinstance(data, dict) and INTERRUPT in data):
            result.output = data


def _durability(graph: AnyGraph) -> Durability:
    """Return how a run is kept: each step is stored before the next begins, so that no finished worker runs again."""
    # LangGraph fails to do that where a graph inside the graph keeps nothing.
    return "async" if _keeps_nothing(graph) else "sync"


def _keeps_nothing(graph: AnyGraph) -> bool:
    bound = [getattr(node.bound, "inner", node.bound) for node in graph.nodes.values()]
    inner = [each for each in bound if isinstance(each, Pregel)]
    return graph.checkpointer is False or any(map(_keeps_nothing, inner))


async def _stopped(graph: AnyGraph, config: Any) -> Any:
    saver: Any = graph.checkpointer
    return await saver.aget_tuple({"configurable": config["configurable"]})


def _finished(stopped: Any) -> dict[str, dict[str, Any]]:
    """Return what the tasks wrote that had finished when a thread stopped, by task."""
    finished: dict[str, dict[str, Any]] = {}
    for task, channel, value in (stopped and stopped.pending_writes) or []:
        # Errors, questions and answers are written too.
        if channel not in WRITES_IDX_MAP:
            finished.setdefault(task, {})[channel] = value
    return finished


@contextmanager
def _explained(graph: AnyGraph) -> Iterator[None]:
    try:
        yield
    # Nodes are anybody's code, and whatever it raises ends the run; `sys.exit` in one must not pass for our exit code.
    except (Exception, SystemExit) as error:
        mendable = isinstance(error, UserError) or _is_about_schema(error, graph)
        raise (Refused if mendable else RunFailed)(_message(error)) from error


def _is_about_schema(error: BaseException, graph: AnyGraph) -> bool:
    """Tell whether Pydantic refuses the input or the context, not something that a node has made."""
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return False
    schemas = (graph.get_input_schema(), graph.context_schema)
    return error.title in {getattr(schema, "__name__", "") for schema in schemas}


def _message(error: BaseException) -> str:
    said = str(error)
    if not isinstance(error, RunError | UserError):
        said = f"{type(error).__name__}: {said}" if said else type(error).__name__
        if "msgpack serializable" in said:
            said += "\nA thread stores plain data only: keep the graph's state plain, or run it without --thread."
    if isinstance(error, InvalidContext) and (field := re.search(r"context field '(\w+)'", said)):
        said += f" Set it with {'--model SPEC' if field[1] == 'model' else f'--set {field[1]}=VALUE'}."
    step = next(
        (m[1] for note in getattr(error, "__notes__", ()) if (m := re.search(r"task with name '(.+?)' and id", note))),
        "",
    )
    return f"{said}\nIt happened in step {step!r}." if step and not isinstance(error, UserError) else said
