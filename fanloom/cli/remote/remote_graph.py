"""A graph of a LangGraph server: its schemas, and what can be done with it there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from fanloom.cli.remote.connection import explained
from fanloom.cli.remote.remote_run import RemoteRun
from fanloom.cli.thread import Place, check_startable, run_metadata
from fanloom.errors import UserError

if TYPE_CHECKING:
    from fanloom.cli.options.input_options import Schema
    from fanloom.cli.remote.remote_host import RemoteHost

_NEWEST = 10


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


def _input_schema(schemas: Mapping[str, Any]) -> Schema:
    schema = schemas.get("input_schema") or {"type": "object"}
    state = schemas.get("state_schema") or {}
    # Where the whole state is the input, LangGraph itself needs none of it.
    is_state = set(schema.get("properties", ())) == set(state.get("properties", ()))
    return {**schema, "required": [] if is_state else schema.get("required", [])}
