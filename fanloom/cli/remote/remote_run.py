"""One run of a graph on a LangGraph server, watched as it goes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
import httpx
from langgraph_sdk.errors import NotFoundError

from fanloom.cli.exits import Refused, RunFailed
from fanloom.cli.remote.connection import check_sendable, explained
from fanloom.cli.showing.progress import ProgressBoard, live
from fanloom.cli.thread import INTERRUPT, Place, Result, check_startable, run_metadata
from fanloom.errors import FanloomError, RunError, UserError

if TYPE_CHECKING:
    from fanloom.cli.options.input_options import Schema
    from fanloom.cli.remote.remote_host import RemoteHost

_NEWEST = 10
_AGAIN = "Start it again; with --thread NAME it can go on instead."
_LOST = f"the connection was lost, and the run with it. {_AGAIN}"
_FORGOTTEN = "the server has forgotten the run: it was started anew, or the run was deleted."
_CUT_OFF = "the run was stopped before its end: somebody cancelled it on the server, or the server itself was stopped."
_MODES: list[Literal["tasks", "values", "custom"]] = ["tasks", "values", "custom"]


class RemoteGraph:
    """A graph of a server, with the schemas that the server gives of it."""

    def __init__(self, host: RemoteHost, name: str, schemas: Mapping[str, Any]) -> None:
        self.name = name
        self.input_schema: Schema = _input_schema(schemas)
        self.context_schema: Schema | None = schemas.get("context_schema")
        self._outputs = (schemas.get("output_schema") or {}).get("properties")
        self.host, self._client = host, host.client

    def once(self, context: Mapping[str, Any] | None) -> RemoteRun:
        """Return a run of which nothing is kept."""
        return RemoteRun(self, context, Place(None, self.host.url))

    def new_in(self, thread: str, context: Mapping[str, Any] | None) -> RemoteRun:
        """Return a run that begins in a thread, once it is known to be free. Raises UserError if not, or RunFailed."""
        run_metadata(self.name, context)
        # First: the same run may begin elsewhere at this moment, and must find its thread.
        self.host.keep(thread, self.name)
        check_startable(self.host.find(thread), self.name, self.host.url)
        return self.again_in(thread, context)

    def again_in(self, thread: str, context: Mapping[str, Any] | None) -> RemoteRun:
        """Return a run that goes on in a thread."""
        return RemoteRun(self, context, Place(thread, self.host.url))

    def rerun(self, thread: str, tasks: Collection[str]) -> list[str]:
        """Make a finished thread ready to run failed tasks again, and return their ids. Raises UserError."""
        from fanloom.graph.rerun import ledger_to_rerun

        where = self.host.id_of(thread)
        with explained(self.host.url):
            state: Any = self._client.threads.get_state(where)
            ledger, workers, names = ledger_to_rerun(state["values"], state["next"], tasks)
            if names:
                values = {"outcomes": {"__overwrite__": ledger}}
                self._client.threads.update_state(where, values, as_node=self._planner_of(workers))
        return names

    def _planner_of(self, workers: Collection[str]) -> str:
        """Return the node that sends tasks to some workers. Raises UserError for several."""
        edges: Any = self._client.assistants.get_graph(self.host.assistants[self.name]["assistant_id"])["edges"]
        planners = {str(edge["source"]) for edge in edges if edge.get("conditional") and edge["target"] in workers}
        if len(planners) != 1:
            raise UserError("the tasks were planned by several nodes, or by none; name those of one with --task")
        return planners.pop()

    def rename(self, thread: str, names: Mapping[str, str]) -> None:
        """Let a thread go on whose nodes were renamed. Raises UserError, for the server's code is not here."""
        raise UserError("--rename works where the graph is: run it in the project on the server, without --url")

    def output(self, values: Any) -> Any:
        """Return of a state what `ainvoke` would have returned."""
        if self._outputs is None or not isinstance(values, Mapping):
            return values
        return {name: values[name] for name in self._outputs if name in values}

    def running(self, where: str | None) -> str | None:
        """Return the run that goes on in a thread, if any."""
        with explained(self.host.url):
            runs = self._client.runs.list(where or "", limit=_NEWEST)
        return next((run["run_id"] for run in runs if run["status"] in ("pending", "running")), None)


@dataclass(frozen=True)
class RemoteRun:
    """A run of a graph on its server."""

    of: RemoteGraph
    context: Mapping[str, Any] | None
    place: Place

    def logged_to(self, file: Path) -> RemoteRun:
        """Raise UserError: what happens is written down where it happens."""
        raise UserError(
            "--log writes down what runs here; a server keeps its own log of a run with --thread, shown at /studio."
        )

    def start(self, given: Any, *, progress: bool) -> Result:
        """Run the graph. Raises Refused, RunFailed or UserError."""
        if self.place.thread is None:
            # Nobody could ask for the result later.
            return self._run({"input": given, "on_disconnect": "cancel"}, progress)
        return self._run({"input": given, **self._kept()}, progress)

    def go_on(self, answers: dict[str, Any] | None, *, progress: bool) -> Result:
        """Go on with the thread, with the answers to its questions by id; one that runs is watched to its end."""
        how: dict[str, Any] = {} if answers is None else {"command": {"resume": answers}}
        return self._run({**how, **self._kept()}, progress, goes_on=answers is None)

    def _kept(self) -> dict[str, Any]:
        """Return the options of a run in a thread. A stream of it that breaks is taken up again where it was."""
        return {
            "metadata": run_metadata(self.of.name, self.context),
            # Not `sync`: LangGraph fails then where an inner graph keeps nothing, and no server tells whether one does.
            "durability": "async",
            "on_disconnect": "continue",
            "stream_resumable": True,
            "multitask_strategy": "reject",
        }

    def _run(self, how: Mapping[str, Any], progress: bool, *, goes_on: bool = False) -> Result:
        check_sendable([how, self.context])
        where = None if self.place.thread is None else self.of.host.id_of(self.place.thread)
        run = WatchedRun(self.of, where, running=self.of.running(where) if goes_on else None)
        with explained(self.place.url), live(run.board, shown=progress):
            return run.watch({**how, "context": self.context})


class WatchedRun:
    """A run that begins, or goes on being watched if it is `running`."""

    def __init__(self, graph: RemoteGraph, where: str | None, running: str | None) -> None:
        self.board = ProgressBoard()
        self._graph, self._client = graph, graph._client
        self._where, self._id = where, running
        self._is_new = running is None
        self._step = ""

    def watch(self, how: Mapping[str, Any]) -> Result:
        """Watch the run to its end. Raises Refused and RunFailed, and httpx.HTTPError if the server is lost."""
        finished = self._finished()
        try:
            result = self._result(self._join() if self._id else self._stream(how), finished)
        except KeyboardInterrupt:
            self._cancel()
            raise
        except NotFoundError as error:
            raise RunFailed(_LOST if self._where is None else _FORGOTTEN) from error
        return result if self._where is None else self._kept(self._where)

    def _stream(self, how: Mapping[str, Any]) -> Iterator[Any]:
        return self._client.runs.stream(
            self._where, self._graph.name, stream_mode=_MODES, on_run_created=self._created, **how
        )

    def _join(self) -> Iterator[Any]:
        return self._client.runs.join_stream(self._where or "", self._id or "", stream_mode=_MODES, last_event_id="0")

    def _created(self, run: Any) -> None:
        self._id = run["run_id"]

    def _result(self, parts: Iterable[Any], finished: Mapping[str, Any]) -> Result:
        result = Result()
        for part in parts:
            if part.event == "tasks":
                self._task(part.data, finished)
                result.waiting += questions(part.data.get("interrupts", ()))
            elif part.event == "custom":
                self.board.custom(part.data)
            elif part.event == "error":
                raise self._failed(part.data)
            elif part.event == "values" and not (isinstance(part.data, dict) and INTERRUPT in part.data):
                result.output = part.data
        if self._is_cut_off(result):
            raise RunFailed(_CUT_OFF if self._where else f"{_CUT_OFF} {_AGAIN}")
        result.paused = bool(result.waiting)
        return result

    def _is_cut_off(self, result: Result) -> bool:
        """Tell whether the stream has ended before the run: that is all a server says of one that it has stopped."""
        # Of a run that was joined, the first events may be missing.
        has_begun = bool(self.board.nodes) or result.output is not None
        return self.board.has_running() or (self._is_new and not has_begun)

    def _task(self, event: Mapping[str, Any], finished: Mapping[str, Any]) -> None:
        self.board.task(event)
        if "input" in event and event["id"] in finished:
            # A thread that goes on names these too, but does not run them again.
            self.board.task({**event, "result": finished[event["id"]]})
        if event.get("error"):
            self._step = event["name"]

    def _finished(self) -> dict[str, Any]:
        """Return what the tasks wrote that had finished when a thread stopped, by task."""
        if self._where is None:
            return {}
        state: Any = self._client.threads.get_state(self._where)
        return {task["id"]: task["result"] for task in state["tasks"] if task.get("result") is not None}

    def _kept(self, where: str) -> Result:
        """Return how the thread stands: also what waits since an earlier round, and a graph that stops on purpose."""
        state: Any = self._client.threads.get_state(where)
        return Result(
            self._graph.output(state["values"]), questions(state.get("interrupts") or ()), paused=bool(state["tasks"])
        )

    def _cancel(self) -> None:
        """Stop the run on the server; that of no thread stops by itself when nobody listens."""
        if self._where is None:
            return
        try:
            # Ctrl-C may come before the server has told the run's id.
            if run := self._id or self._graph.running(self._where):
                self._client.runs.cancel(self._where, run, wait=True)
                click.echo("The run is stopped on the server.", err=True)
        except (httpx.HTTPError, click.ClickException, KeyboardInterrupt):
            # Also when a person does not wait for the answer: the caller raises the first interrupt again.
            click.echo("The server could not be told to stop: the run may go on there.", err=True)

    def _failed(self, error: Any) -> click.ClickException:
        """Return the error of a run as `fanloom run` has it of one in this process."""
        told = error if isinstance(error, Mapping) else {"message": error}
        name, said = str(told.get("error") or "Error"), str(told.get("message") or "")
        if name in _names(UserError):
            return Refused(said)
        is_mendable = name == "ValidationError" and self._is_about_schema(said)
        if name not in _names(RunError):
            said = f"{name}: {said}" if said else name
        if is_mendable:
            return Refused(said)
        return RunFailed(f"{said}\nIt happened in step {self._step!r}." if self._step else said)

    def _is_about_schema(self, said: str) -> bool:
        """Tell whether Pydantic refuses the input or the context, not something that a node has made."""
        about = re.match(r"\d+ validation errors? for (\S+)", said)
        schemas = (self._graph.input_schema, self._graph.context_schema or {})
        return about is not None and about[1] in {schema.get("title") for schema in schemas}


def questions(interrupts: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what interrupts ask, with the schema of the answer where the graph has given one."""
    return [
        {"id": asked["id"], "value": asked["value"], "response_schema": asked.get("response_schema")}
        for asked in interrupts
    ]


def _names(kind: type[FanloomError]) -> set[str]:
    return {kind.__name__}.union(*(_names(narrower) for narrower in kind.__subclasses__()))


def _input_schema(schemas: Mapping[str, Any]) -> Schema:
    schema = schemas.get("input_schema") or {"type": "object"}
    state = schemas.get("state_schema") or {}
    # Where the whole state is the input, LangGraph itself needs none of it.
    is_state = set(schema.get("properties", ())) == set(state.get("properties", ()))
    return {**schema, "required": [] if is_state else schema.get("required", [])}
