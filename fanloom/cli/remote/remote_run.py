"""A run of a graph on a LangGraph server: how it begins, and how it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fanloom.cli.remote.connection import check_sendable, explained
from fanloom.cli.remote.remote_schemas import RemoteSchemas
from fanloom.cli.remote.remote_threads import RemoteThreads
from fanloom.cli.remote.watched_run import WatchedRun
from fanloom.cli.showing.progress import live
from fanloom.cli.thread import Place, Result, run_metadata
from fanloom.errors import UserError


@dataclass(frozen=True)
class RemoteRun:
    """A run of a graph on its server."""

    threads: RemoteThreads
    graph: RemoteSchemas
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
            # Nobody could ask for the result later. But what went wrong, Aegra tells of a run that is there only.
            kept = {"on_completion": "keep"} if self.threads.is_aegra else {}
            return self._run({"input": given, "on_disconnect": "cancel", **kept}, progress)
        return self._run({"input": given, **self._kept()}, progress)

    def go_on(self, answers: dict[str, Any] | None, *, progress: bool) -> Result:
        """Go on with the thread, with the answers to its questions by id; one that runs is watched to its end."""
        # The thread's newest place: without any, Aegra asks for an input.
        newest = {"checkpoint": {"checkpoint_ns": ""}}
        how: dict[str, Any] = newest if answers is None else {"command": {"resume": answers}}
        return self._run({**how, **self._kept()}, progress, goes_on=answers is None)

    def _kept(self) -> dict[str, Any]:
        """Return the options of a run in a thread. A stream of it that breaks is taken up again where it was."""
        return {
            # As part of the configuration: with the checkpoints Aegra keeps no other metadata.
            "config": {"metadata": run_metadata(self.graph.name, self.context)},
            # Not `sync`: LangGraph fails then where an inner graph keeps nothing, and no server tells whether one does.
            "durability": "async",
            "on_disconnect": "continue",
            "stream_resumable": True,
            "multitask_strategy": "reject",
        }

    def _run(self, how: Mapping[str, Any], progress: bool, *, goes_on: bool = False) -> Result:
        check_sendable([how, self.context])
        where = None if self.place.thread is None else self.threads.id_of(self.place.thread)
        run = WatchedRun(self.threads, self.graph, where, running=self.threads.running(where) if goes_on else None)
        with explained(self.place.url), live(run.board, shown=progress):
            return run.watch({**how, "context": self.context})
