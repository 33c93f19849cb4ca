"""The graphs and threads of the project in hand, run in this process."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from fanloom.cli.here.project import Project, read_project
from fanloom.cli.thread import Place, check_id, check_startable, run_metadata

if TYPE_CHECKING:
    from fanloom.cli.here.loading import AnyGraph, Session
    from fanloom.cli.here.thread_store import Threads
    from fanloom.cli.options.input_options import Schema
    from fanloom.cli.thread import Result, Thread
    from fanloom.runs.run_log import RunLogs


class LocalHost:
    """This process."""

    url = ""

    def __init__(self, ctx: click.Context) -> None:
        self._ctx = ctx

    @cached_property
    def project(self) -> Project:
        """The project in hand. Raises UserError if there is none."""
        return read_project(self._ctx.obj.project)

    @cached_property
    def session(self) -> Session:
        """The event loop for all that the command does."""
        from fanloom.cli.here.loading import Session

        return self._ctx.with_resource(Session())

    @cached_property
    def threads(self) -> Threads:
        """The threads in the configured checkpointer. Raises UserError or RunFailed if it cannot be opened."""
        from fanloom.cli.here.thread_store import Threads

        return Threads(self.project, self.session)

    def summaries(self) -> Mapping[str, str]:
        """Return a line about each graph, by name."""
        return {name: self.project.summary(entry) for name, entry in self.project.graphs.items()}

    def open(self, name: str) -> LocalGraph:
        """Load a graph. Raises UserError if it cannot be."""
        from fanloom.cli.here.loading import open_graph

        kept = self.__dict__.get("threads")
        return LocalGraph(self, name, kept.graph(name) if kept else open_graph(self.project, name, self.session))

    def get(self, thread: str) -> Thread:
        """Return a thread and its state. Raises UserError, with the nearest name, if there is none."""
        return self.threads.get(thread)

    def recent(self, limit: int) -> list[Thread]:
        """Return the threads whose last run is the newest, newest first."""
        return self.threads.recent(limit)

    def delete(self, thread: str) -> None:
        """Delete a thread and what is kept of it."""
        self.threads.delete(thread)


class LocalGraph:
    """A graph that is loaded into this process."""

    def __init__(self, host: LocalHost, name: str, graph: AnyGraph) -> None:
        self.name = name
        self.input_schema: Schema = _input_schema(graph)
        self.context_schema: Schema | None = graph.get_context_jsonschema()
        self.host, self.graph = host, graph

    def once(self, context: Mapping[str, Any] | None) -> LocalRun:
        """Return a run of which nothing is kept."""
        return LocalRun(self, context, Place())

    def new_in(self, thread: str, context: Mapping[str, Any] | None) -> LocalRun:
        """Return a run that begins in a thread, once it is known to be free. Raises UserError if not, or RunFailed."""
        run_metadata(self.name, context)
        check_id(thread)
        self.host.threads.keep(self.name, self.graph)
        check_startable(self.host.threads.find(thread), self.name)
        return LocalRun(self, context, Place(thread))

    def again_in(self, thread: str, context: Mapping[str, Any] | None) -> LocalRun:
        """Return a run that goes on in a thread."""
        return LocalRun(self, context, Place(thread))

    def rerun(self, thread: str, tasks: Collection[str]) -> list[str]:
        """Make a finished thread ready to run failed tasks again, and return their ids. Raises UserError."""
        from fanloom.graph.rerun import arerun_failed

        graph = self.host.threads.graph(self.name)
        return cast("list[str]", self.host.session.run(arerun_failed(graph, _of(thread), tasks)))

    def rename(self, thread: str, names: Mapping[str, str]) -> None:
        """Let a thread go on whose nodes were renamed. Raises UserError for names that do not fit."""
        from fanloom.graph.changed_graph import keep_names

        self.host.session.run(keep_names(self.host.threads.graph(self.name), _of(thread), names))


@dataclass(frozen=True)
class LocalRun:
    """A run of a graph in this process."""

    of: LocalGraph
    context: Mapping[str, Any] | None
    place: Place
    log: Path | None = None

    def logged_to(self, file: Path) -> LocalRun:
        """Return the run, of which a .fanrun file is written when it ends or stops."""
        return replace(self, log=file)

    def start(self, given: Any, *, progress: bool) -> Result:
        """Run the graph. Raises Refused, RunFailed or UserError."""
        from fanloom.cli.here.log_file import log_file

        with log_file(self.log) as logs:
            return self._executed(given, progress, logs)

    def _executed(self, given: Any, progress: bool, logs: RunLogs | None) -> Result:
        from fanloom.cli.here.execution import execute

        session, thread = self.of.host.session, self.place.thread
        if thread is None:
            return execute(session, self.of.graph, given, self.context, progress=progress, logs=logs)
        graph = self.of.host.threads.graph(self.of.name)
        config = {"configurable": {"thread_id": thread}, "metadata": run_metadata(self.of.name, self.context)}
        return execute(session, graph, given, self.context, progress=progress, config=config, logs=logs)

    def go_on(self, answers: dict[str, Any] | None, *, progress: bool) -> Result:
        """Go on with the thread, with the answers to its questions by id. Raises as `start` does."""
        from langgraph.types import Command

        return self.start(None if answers is None else Command(resume=answers), progress=progress)


def _of(thread: str) -> Any:
    return {"configurable": {"thread_id": thread}}


def _input_schema(graph: AnyGraph) -> dict[str, Any]:
    from pydantic.errors import PydanticUserError

    try:
        schema = graph.get_input_jsonschema()
        return {**schema, "required": _required(graph, schema)}
    except PydanticUserError:
        # A state that JSON schema cannot describe still runs, with --input.
        return {"type": "object"}


def _required(graph: AnyGraph, schema: Mapping[str, Any]) -> list[str]:
    """Return the fields a run needs; where the whole state is the input, LangGraph itself needs none of a TypedDict."""
    from typing_extensions import is_typeddict

    builder = getattr(graph, "builder", None)
    state = getattr(builder, "state_schema", None)
    is_state = state is not None and getattr(builder, "input_schema", None) is state
    return [] if is_state and is_typeddict(state) else list(schema.get("required", ()))
