"""The threads of a project, as the configured checkpointer keeps them: what ran, and how it stands."""

from __future__ import annotations

import difflib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from fanloom.cli.exits import RunFailed, brief
from fanloom.cli.here.loading import AnyGraph, Session, open_graph
from fanloom.cli.here.project import CONFIG, Project
from fanloom.cli.thread import CONTEXT, GRAPH, State, Thread, check_id, readable_error
from fanloom.durable.checkpointer import Saver, open_checkpointer, with_checkpointer
from fanloom.errors import RunError, UserError
from fanloom.graph.changed_graph import going_on, missing_nodes
from fanloom.runs.run_log import log_mode, run_logs

_PAGE, _MOST_PAGES = 100, 100
_CANCELLED = "CancelledError()"


class Threads:
    """The threads in the configured checkpointer, each read through its graph of langgraph.json."""

    def __init__(self, project: Project, session: Session) -> None:
        """Raises UserError or RunFailed if the checkpointer cannot be opened."""
        self._project, self._session = project, session
        self._graphs: dict[str, AnyGraph] = {}
        # Its variables may say where threads are kept.
        project.enter()
        try:
            self._saver: Saver = session.enter(_opened())
        except RunError as error:
            raise RunFailed(str(error)) from error

    def keep(self, name: str, graph: AnyGraph) -> AnyGraph:
        """Return a graph that keeps its threads here."""
        self._graphs[name] = with_checkpointer(graph, self._saver)
        return self._graphs[name]

    def graph(self, name: str) -> AnyGraph:
        """Return a graph of the project that keeps its threads here. Raises UserError if there is none."""
        if name not in self._graphs:
            if name not in self._project.graphs:
                raise UserError(f"its graph {name!r} is not in {CONFIG}.")
            self.keep(name, open_graph(self._project, name, self._session))
        return self._graphs[name]

    def find(self, name: str) -> Thread | None:
        """Return a thread and its state, or None where there is none of that name."""
        found = self._session.run(_with_graph(self._saver, {"configurable": {"thread_id": name}}))
        return None if found is None else self._with_state(_thread(name, found))

    def get(self, name: str) -> Thread:
        """Return a thread and its state. Raises UserError, with the nearest name, if there is none."""
        found = self.find(check_id(name))
        if found is None:
            near = difflib.get_close_matches(name, self._session.run(self._newest(_PAGE)), n=1)
            hint = f"Did you mean {near[0]!r}?" if near else "`fanloom threads` lists those there are."
            raise UserError(f"there is no thread {name!r}. {hint}")
        return found

    async def graph_of(self, name: str) -> str | None:
        """Return the name of the graph that a thread is of, or None where there is no such thread."""
        found = await _with_graph(self._saver, {"configurable": {"thread_id": name}})
        return None if found is None else _thread(name, found).graph

    def recent(self, limit: int) -> list[Thread]:
        """Return the threads whose last run is the newest, newest first."""
        return [self._with_state(thread) for thread in self._session.run(self._newest(limit)).values()]

    def delete(self, name: str) -> None:
        """Delete a thread, and what is written down of its runs."""
        self._session.run(self._saver.adelete_thread(name))
        if log_mode(has_thread=True) is not None:
            logs = run_logs()
            logs.writer.flush()
            logs.store.delete(thread=name)

    def _with_state(self, thread: Thread) -> Thread:
        if thread.graph is None:
            return replace(thread, error="it was not started with `fanloom run`, so its graph is not known.")
        try:
            stated: Thread = self._session.run(_stated(self.graph(thread.graph), thread))
            return stated
        except UserError as error:
            return replace(thread, error=str(error))
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            # What a graph that has changed makes of a state that it did not write.
            return replace(thread, error=f"its graph cannot read it: {type(error).__name__}: {error}")

    async def _newest(self, limit: int) -> dict[str, Thread]:
        """Return threads by name; a run begins with one checkpoint of the source `input`, a subgraph's run too."""
        found: dict[str, Thread] = {}
        before: Any = None
        for _ in range(_MOST_PAGES):
            listed = self._saver.alist(None, filter={"source": "input"}, before=before, limit=_PAGE)
            page = [(row.config, _thread(row.config["configurable"]["thread_id"], row)) async for row in listed]
            for config, thread in page:
                if not config["configurable"].get("checkpoint_ns") and len(found) < limit:
                    found.setdefault(thread.id, thread)
            if len(page) < _PAGE or len(found) >= limit:
                break
            before = page[-1][0]
        return found


@asynccontextmanager
async def _opened() -> AsyncIterator[Saver]:
    async with open_checkpointer() as saver:
        yield saver


async def _with_graph(saver: Saver, place: Any) -> Any:
    """Return the newest checkpoint of a thread that names its graph: one that an update has made does not."""
    newest = found = await saver.aget_tuple(place)
    for _ in range(_MOST_PAGES):
        if found is None or GRAPH in found.metadata:
            break
        found = await saver.aget_tuple(found.parent_config) if found.parent_config else None
    return found or newest


def _thread(name: str, found: Any) -> Thread:
    graph, context = found.metadata.get(GRAPH), found.metadata.get(CONTEXT)
    return Thread(name, graph, json.loads(context) if context else None, found.checkpoint["ts"])


async def _stated(graph: AnyGraph, thread: Thread) -> Thread:
    config: Any = {"configurable": {"thread_id": thread.id}}
    saver: Any = graph.checkpointer
    found = await saver.aget_tuple(config)
    lost = missing_nodes(graph, found)
    snapshot = await (graph if lost else going_on(graph, found)).aget_state(config)
    # Siblings that were cancelled, because one failed or by Ctrl-C, have not failed themselves.
    gone = [f"its graph no longer has {name!r}" for name in lost]
    errors = gone + [
        readable_error(said) for task in snapshot.tasks if (said := str(task.error or "")) and said != _CANCELLED
    ]
    # Not `next`: a run that was killed between two steps has tasks that are all done, and no next one yet.
    state: State = "interrupted" if snapshot.tasks else "done"
    return replace(
        thread,
        state="failed" if gone else "waiting" if snapshot.interrupts else "failed" if errors else state,
        waiting=[] if lost else questions(snapshot),
        error=brief(errors[0]) if errors else "",
        output=output_of(graph, snapshot.values),
    )


def questions(snapshot: Any) -> list[dict[str, Any]]:
    """Return what a state's interrupts ask, as JSON knows it."""
    return [
        {"id": asked.id, "value": asked.value, "response_schema": asked.response_schema}
        for asked in snapshot.interrupts
    ]


def output_of(graph: AnyGraph, values: Any) -> Any:
    """Return of a state what `ainvoke` would have returned."""
    channels = graph.output_channels
    if isinstance(channels, str) or not isinstance(values, Mapping):
        return values
    return {name: values[name] for name in channels if name in values}
