"""A run on a LangGraph server, watched as it goes, and what it came to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Literal

import click
import httpx
from langgraph_sdk.errors import NotFoundError

from fanloom.cli.exits import Refused, RunFailed
from fanloom.cli.remote.remote_schemas import RemoteSchemas
from fanloom.cli.remote.remote_threads import RemoteThreads, questions
from fanloom.cli.showing.progress import ProgressBoard
from fanloom.cli.thread import INTERRUPT, Result
from fanloom.errors import FanloomError, RunError, UserError

_AGAIN = "Start it again; with --thread NAME it can go on instead."
_LOST = f"the connection was lost, and the run with it. {_AGAIN}"
_FORGOTTEN = "the server has forgotten the run: it was started anew, or the run was deleted."
_CUT_OFF = "the run was stopped before its end: somebody cancelled it on the server, or the server itself was stopped."
_MODES: list[Literal["tasks", "values", "custom"]] = ["tasks", "values", "custom"]


class WatchedRun:
    """A run that begins, or goes on being watched if it is `running`."""

    def __init__(self, threads: RemoteThreads, graph: RemoteSchemas, where: str | None, running: str | None) -> None:
        self.board = ProgressBoard()
        self._threads, self._client, self._graph = threads, threads.client, graph
        self._where, self._id = where, running
        self._is_new = running is None
        # The thread that a server makes for a run of none.
        self._made = ""
        self._step, self._told = "", ""
        # How Aegra says that a run has ended; of the events before, its streams may have lost some.
        self._ended = ""

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
        finally:
            if "on_completion" in how and self._made:
                self._forget()
        return result if self._where is None else self._kept(self._where)

    def _stream(self, how: Mapping[str, Any]) -> Iterator[Any]:
        return self._client.runs.stream(
            self._where, self._graph.name, stream_mode=_MODES, on_run_created=self._created, **how
        )

    def _join(self) -> Iterator[Any]:
        return self._client.runs.join_stream(self._where or "", self._id or "", stream_mode=_MODES, last_event_id="0")

    def _created(self, run: Any) -> None:
        self._id, self._made = run["run_id"], run.get("thread_id") or ""

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
            elif part.event == "end":
                self._ended = str((part.data or {}).get("status") or "")
            elif part.event == "values" and not (isinstance(part.data, dict) and INTERRUPT in part.data):
                result.output = part.data
        if self._ended == "error":
            raise self._failed(self._unmasked() or "the server does not say why; see its log.")
        if self._ended == "success" and self._made and self._where is None:
            run: Any = self._client.runs.get(self._made, self._id or "")
            result.output = self._graph.output(run["output"])
        if self._is_cut_off(result):
            raise RunFailed(_CUT_OFF if self._where else f"{_CUT_OFF} {_AGAIN}")
        result.paused = bool(result.waiting)
        return result

    def _is_cut_off(self, result: Result) -> bool:
        """Tell whether the stream has ended before the run: that is all a server says of one that it has stopped."""
        if self._ended == "success":
            return False
        # Of a run that was joined, the first events may be missing.
        has_begun = bool(self.board.nodes) or result.output is not None
        return self.board.has_running() or (self._is_new and not has_begun)

    def _task(self, event: Mapping[str, Any], finished: Mapping[str, Any]) -> None:
        self.board.task(event)
        if "input" in event and event["id"] in finished:
            # A thread that goes on names these too, but does not run them again.
            self.board.task({**event, "result": finished[event["id"]]})
        if error := event.get("error"):
            self._step = event["name"]
            self._told = str(error.get("message") or "") if isinstance(error, Mapping) else ""

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
            if run := self._id or self._threads.running(self._where):
                self._client.runs.cancel(self._where, run, wait=True)
                click.echo("The run is stopped on the server.", err=True)
        except (httpx.HTTPError, click.ClickException, KeyboardInterrupt):
            # Also when a person does not wait for the answer: the caller raises the first interrupt again.
            click.echo("The server could not be told to stop: the run may go on there.", err=True)

    def _failed(self, error: Any) -> click.ClickException:
        """Return the error of a run as `fanloom run` has it of one in this process."""
        told = error if isinstance(error, Mapping) else {"message": error}
        name, said = str(told.get("error") or "Error"), str(told.get("message") or "")
        if said == f"{name}: execution failed":
            said = self._unmasked() or said
        if name in _names(UserError):
            return Refused(said)
        # Where Aegra's stream has lost the error, its kind is not known.
        is_mendable = name in ("ValidationError", "Error") and self._is_about_schema(said)
        if name not in _names(RunError):
            said = f"{name}: {said}" if said else name
        if is_mendable:
            return Refused(said)
        return RunFailed(f"{said}\nIt happened in step {self._step!r}." if self._step else said)

    def _unmasked(self) -> str:
        """Return what went wrong, where Aegra's stream does not say it."""
        thread = self._where or self._made
        if self._told or not (thread and self._id):
            return self._told
        try:
            run: Any = self._client.runs.get(thread, self._id)
        except (httpx.HTTPError, click.ClickException):
            return ""
        return str(run.get("error_message") or "")

    def _forget(self) -> None:
        """Delete the thread of a run of which nothing is kept."""
        with suppress(httpx.HTTPError, click.ClickException):
            self._client.threads.delete(self._made)

    def _is_about_schema(self, said: str) -> bool:
        """Tell whether Pydantic refuses the input or the context, not something that a node has made."""
        about = re.match(r"\d+ validation errors? for (\S+)", said)
        schemas = (self._graph.input_schema, self._graph.context_schema or {})
        return about is not None and about[1] in {schema.get("title") for schema in schemas}


def _names(kind: type[FanloomError]) -> set[str]:
    return {kind.__name__}.union(*(_names(narrower) for narrower in kind.__subclasses__()))
