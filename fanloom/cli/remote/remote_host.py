"""The graphs and threads of a LangGraph server."""

from __future__ import annotations

from collections.abc import Mapping

from fanloom.cli.remote.remote_graph import RemoteGraph
from fanloom.cli.remote.remote_threads import RemoteThreads


class RemoteHost(RemoteThreads):
    """A LangGraph server, its threads and its graphs."""

    def summaries(self) -> Mapping[str, str]:
        """Return a line about each graph, by name."""
        return {name: assistant.get("description") or "" for name, assistant in self.assistants.items()}

    def open(self, name: str) -> RemoteGraph:
        """Return a graph with the server's schemas. Raises UserError if there is none of that name."""
        return RemoteGraph(self, self.schemas(name))
