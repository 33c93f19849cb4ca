"""The threads of a LangGraph server, by its API."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from operator import itemgetter
from typing import Any, Literal

import click
import httpx
from langgraph_sdk.errors import APIStatusError, NotFoundError

from fanloom.cli.exits import brief
from fanloom.cli.remote.connection import check_url, connect, explained, no_server, search_threads
from fanloom.cli.remote.remote_schemas import RemoteSchemas
from fanloom.cli.remote.thread_names import NAME, ThreadNames
from fanloom.cli.thread import CONTEXT, State, Thread, readable_error, thread_id
from fanloom.errors import UserError

_MOST_GRAPHS = 1000
_NEAR = 100
_NEWEST = 10
# The most that a server lists at once: Aegra allows no more of its assistants.
_PAGE = 100
_CANCELLED = "CancelledError"
_STATES: dict[str, State] = {"busy": "running", "error": "failed", "idle": "done", "interrupted": "interrupted"}
_SHOWN: list[Literal["thread_id", "status", "metadata", "created_at", "interrupts"]] = [
    "thread_id",
    "status",
    "metadata",
    "created_at",
    "interrupts",
]


class RemoteThreads:
    """A LangGraph server and its threads."""

    def __init__(self, ctx: click.Context, url: str) -> None:
        """Raises UserError for what is no URL; nothing is sent yet."""
        self.url = check_url(url)
        self.client = ctx.with_resource(connect(self.url))
        self.names = ThreadNames(self.client)

    @cached_property
    def assistants(self) -> dict[str, Any]:
        """The assistant that the server itself has made of each graph. Raises Refused or RunFailed."""
        with explained(self.url):
            try:
                found = _pages(_MOST_GRAPHS, self._assistants)
                return {assistant["graph_id"]: assistant for assistant in sorted(found, key=itemgetter("graph_id"))}
            except (NotFoundError, ValueError, TypeError, KeyError) as error:
                raise no_server(self.url) from error

    @cached_property
    def is_aegra(self) -> bool:
        """Whether the server says that it is Aegra; one that cannot be asked says the rest by itself."""
        try:
            told: Any = self.client.http.get("/info")
        except (httpx.HTTPError, APIStatusError, ValueError):
            return False
        return isinstance(told, dict) and told.get("name") == "Aegra"

    def schemas(self, name: str) -> RemoteSchemas:
        """Return a graph's schemas. Raises UserError if there is none of that name."""
        if name not in self.assistants:
            raise UserError(f"the server at {self.url} has no graph {name!r}.")
        with explained(self.url):
            told: Any = self.client.assistants.get_schemas(self.assistants[name]["assistant_id"])
        if not isinstance(told, dict):
            raise no_server(self.url)
        return RemoteSchemas(name, told)

    def get(self, thread: str) -> Thread:
        """Return a thread and its state. Raises UserError, with the nearest name, if there is none."""
        found = self.find(thread)
        if found is None:
            # A thread of this name in which nothing ran is listed too.
            others = [known.id for known in self.recent(_NEAR) if thread_id(known.id) != thread_id(thread)]
            near = difflib.get_close_matches(thread, others, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else "`fanloom threads --url ...` lists those there are."
            raise UserError(f"there is no thread {thread!r} on the server. {hint}")
        return found

    def find(self, name: str) -> Thread | None:
        """Return a thread and its state, or None where there is none of that name, or one in which nothing ran."""
        with explained(self.url):
            try:
                row: Any = self.client.threads.get(self.names.find(name))
            except NotFoundError:
                row = self._recalled(name)
            if row is None:
                return None
            where = row["thread_id"]
            state: Any = self.client.threads.get_state(where)
            if state.get("checkpoint") is None and row["status"] != "busy":
                return None
            if self._is_misnamed(row, state):
                row = self._corrected(where, state)
                state = self.client.threads.get_state(where)
        return self._with_output(_with_state(_thread(row, name), state), state)

    def id_of(self, name: str) -> str:
        """Return the id of the thread that the user calls so."""
        with explained(self.url):
            return self.names.find(name)

    def keep(self, name: str, graph: str) -> str:
        """Make the user's thread of a name, unless there is one, and return its id. Raises Refused for another's."""
        with explained(self.url):
            return self.names.make(name, graph)

    def recent(self, limit: int) -> list[Thread]:
        """Return the threads whose last run is the newest, newest first."""
        _ = self.assistants
        with explained(self.url):
            return [self._listed(row) for row in _pages(limit, self._rows)]

    def running(self, where: str | None) -> str | None:
        """Return the run that goes on in a thread, if any."""
        with explained(self.url):
            runs = self.client.runs.list(where or "", limit=_NEWEST)
        return next((run["run_id"] for run in runs if run["status"] in ("pending", "running")), None)

    def delete(self, thread: str) -> None:
        """Delete a thread and what is kept of it."""
        with explained(self.url):
            self.client.threads.delete(self.names.find(thread))

    def _assistants(self, limit: int, offset: int) -> Any:
        made_by: Any = {"created_by": "system"}
        return self.client.assistants.search(
            limit=limit, offset=offset, metadata=made_by, sort_by="assistant_id", sort_order="asc"
        )

    def _rows(self, limit: int, offset: int) -> Any:
        return search_threads(
            self.client, [*_SHOWN], limit=limit, offset=offset, sort_by="updated_at", sort_order="desc"
        )

    def _with_output(self, thread: Thread, state: Mapping[str, Any]) -> Thread:
        if thread.graph not in self.assistants:
            return replace(thread, state="unknown", error=f"the server has no graph {thread.graph!r}.")
        return replace(thread, output=self.schemas(thread.graph).output(state["values"]))

    def _listed(self, row: Mapping[str, Any]) -> Thread:
        thread = _thread(row, self.names.of(row))
        if thread.state == "running" or (thread.state != "failed" and "interrupts" in row):
            return thread
        # The list does not say why; Aegra's not what a thread waits for either, nor that one was stopped.
        try:
            state: Any = self.client.threads.get_state(row["thread_id"])
        except APIStatusError as error:
            # What its graph makes of a state that it cannot read; the other threads are listed all the same.
            return replace(thread, error=f"its state cannot be read: {error.message}")
        return _with_state(thread, state)

    def _recalled(self, name: str) -> Any:
        """Return a thread that a development server has forgotten when it was killed, from its checkpoints.

        Only with some graph in hand does a server look for them; they say which graph is theirs.
        """
        if not self.assistants:
            return None
        for where in self.names.ids(name):
            if self.names.create(name, next(iter(self.assistants)), where) and (row := self._with_checkpoints(where)):
                return row
        return None

    def _with_checkpoints(self, where: str) -> Any:
        """Return a thread that was made to look for its checkpoints; None, and no thread is left, if it has none."""
        state: Any = self.client.threads.get_state(where)
        row: Any = self.client.threads.get(where)
        if "graph_id" in (state.get("metadata") or {}):
            return row
        # A first run of that name may have begun in it meanwhile.
        if row["status"] == "idle":
            self.client.threads.delete(where)
        return None

    def _is_misnamed(self, row: Mapping[str, Any], state: Mapping[str, Any]) -> bool:
        """Tell whether another graph than that of the row has made a thread's checkpoints."""
        made_by, known = state.get("metadata") or {}, row.get("metadata") or {}
        return row["status"] != "busy" and made_by.get("graph_id") not in (None, known.get("graph_id"))

    def _corrected(self, where: str, state: Mapping[str, Any]) -> Any:
        """Store with a thread the graph that has made its checkpoints, and return its row."""
        made_by = state["metadata"]
        kept = {"graph_id": made_by["graph_id"], **({NAME: made_by[NAME]} if NAME in made_by else {})}
        return self.client.threads.update(where, metadata=kept, return_minimal=False)


def questions(interrupts: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what interrupts ask, with the schema of the answer where the graph has given one."""
    return [
        {"id": asked["id"], "value": asked["value"], "response_schema": asked.get("response_schema")}
        for asked in interrupts
    ]


def _pages(limit: int, ask: Callable[[int, int], list[Any]]) -> list[Any]:
    """Return as many rows as there are, up to a limit, from a question for some of them from a place on."""
    rows: list[Any] = []
    while len(rows) < limit:
        asked = min(_PAGE, limit - len(rows))
        page = ask(asked, len(rows))
        rows += page
        if len(page) < asked:
            break
    return rows


def _thread(row: Mapping[str, Any], name: str) -> Thread:
    made_with = row.get("metadata") or {}
    waiting = [asked for several in (row.get("interrupts") or {}).values() for asked in several]
    graph = made_with.get("graph_id")
    state = _STATES.get(row["status"], "unknown") if graph else "unknown"
    return Thread(
        name,
        graph,
        started=row["created_at"],
        state="waiting" if waiting else state,
        waiting=questions(waiting),
        error="" if graph else "no graph has run in it.",
    )


def _with_state(thread: Thread, state: Mapping[str, Any]) -> Thread:
    """Return a thread with what its newest checkpoint tells; a thread that runs is not judged by it."""
    errors = [_readable(task["error"]) for task in state["tasks"] if task.get("error")]
    told = next((error for error in errors if not error.startswith(_CANCELLED)), "")
    kept = (state.get("metadata") or {}).get(CONTEXT)
    thread = replace(thread, context=json.loads(kept) if kept else None, error=brief(told))
    if thread.state == "running":
        return replace(thread, error="")
    waiting = questions(state.get("interrupts") or ())
    stopped: State = "failed" if told else "interrupted" if state["tasks"] else "done"
    return replace(thread, waiting=waiting, state="waiting" if waiting else stopped)


def _readable(error: Any) -> str:
    if isinstance(error, Mapping):
        return f"{error.get('error')}: {error.get('message')}"
    return readable_error(str(error))
