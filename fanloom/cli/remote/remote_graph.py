"""A graph of a LangGraph server: its schemas, and what can be done with it there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from fanloom.cli.remote.connection import explained
from fanloom.cli.remote.remote_run import RemoteRun
from fanloom.cli.remote.remote_schemas import RemoteSchemas
from fanloom.cli.remote.remote_threads import RemoteThreads
from fanloom.cli.thread import Place, check_startable, run_metadata
from fanloom.errors import UserError


class RemoteGraph:
    """A graph of a server, with the schemas that the server gives of it."""

    def __init__(self, threads: RemoteThreads, schemas: RemoteSchemas) -> None:
        self.name = schemas.name
        self.input_schema, self.context_schema = schemas.input_schema, schemas.context_schema
        self._threads, self._client, self._schemas = threads, threads.client, schemas

    def once(self, context: Mapping[str, Any] | None) -> RemoteRun:
        """Return a run of which nothing is kept."""
        return self._run(None, context)

    def new_in(self, thread: str, context: Mapping[str, Any] | None) -> RemoteRun:
        """Return a run that begins in a thread, once it is known to be free. Raises UserError if not, or RunFailed."""
        run_metadata(self.name, context)
        # First: the same run may begin elsewhere at this moment, and must find its thread.
        self._threads.keep(thread, self.name)
        check_startable(self._threads.find(thread), self.name, self._threads.url)
        return self.again_in(thread, context)

    def again_in(self, thread: str, context: Mapping[str, Any] | None) -> RemoteRun:
        """Return a run that goes on in a thread."""
        return self._run(thread, context)

    def rerun(self, thread: str, tasks: Collection[str]) -> list[str]:
        """Make a finished thread ready to run failed tasks again, and return their ids. Raises UserError."""
        from fanloom.graph.rerun import ledger_to_rerun

        where = self._threads.id_of(thread)
        with explained(self._threads.url):
            state: Any = self._client.threads.get_state(where)
            ledger, workers, names = ledger_to_rerun(state["values"], state["next"], tasks)
            if names:
                values = {"outcomes": {"__overwrite__": ledger}}
                self._client.threads.update_state(where, values, as_node=self._planner_of(workers))
        return names

    def _planner_of(self, workers: Collection[str]) -> str:
        """Return the node that sends tasks to some workers. Raises UserError for several."""
        edges: Any = self._client.assistants.get_graph(self._threads.assistants[self.name]["assistant_id"])["edges"]
        planners = {str(edge["source"]) for edge in edges if edge.get("conditional") and edge["target"] in workers}
        if len(planners) != 1:
            raise UserError("the tasks were planned by several nodes, or by none; name those of one with --task")
        return planners.pop()

    def rename(self, thread: str, names: Mapping[str, str]) -> None:
        """Let a thread go on whose nodes were renamed. Raises UserError, for the server's code is not here."""
        raise UserError("--rename works where the graph is: run it in the project on the server, without --url")

    def _run(self, thread: str | None, context: Mapping[str, Any] | None) -> RemoteRun:
        return RemoteRun(self._threads, self._schemas, context, Place(thread, self._threads.url))
