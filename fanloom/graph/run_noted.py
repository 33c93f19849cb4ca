"""A run of a graph, written down from its beginning to its end, or until it waits for a person and goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from langchain_core.runnables.config import merge_configs
from langgraph.types import Command
from pydantic_core import to_json

from fanloom.runlog.graph_layout import placed
from fanloom.runlog.otlp import SCHEMA_URL
from fanloom.runlog.recorder import Content, Entry, RunRecorder
from fanloom.runlog.run_summary import RunSummary
from fanloom.runs.otlp_export import check_endpoint, send_run
from fanloom.runs.run_log import RunLogs, apart, log_mode, run_logs

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.pregel import Pregel

    from fanloom.runs.current_run import GraphControl

    AnyGraph = Pregel[Any, Any, Any, Any]

_GOES_ON = ("waiting", "failed", "stopped", "running")


class NotedRun:
    """Writes down that a run of a graph begins or goes on, and how it ends."""

    def __init__(self, graph: AnyGraph, given: Any, config: RunnableConfig | None, all_logs: Sequence[RunLogs]) -> None:
        """The first of the logs is the one that the run goes on in; without any, what happens is only listened to."""
        self._graph, self._given, self._logs = graph, given, all_logs[0] if all_logs else None
        merged: Mapping[str, Any] = merge_configs(graph.config, config)
        configurable = merged.get("configurable") or {}
        self._thread = str(configurable.get("thread_id") or "")
        # A run that begins at a checkpoint begins anew there.
        self._checkpoint = str(configurable.get("checkpoint_id") or "")
        # Who calls a server that asks for keys; the server writes it there itself, Aegra as an object only.
        user = configurable.get("langgraph_auth_user")
        caller = getattr(user, "identity", configurable.get("langgraph_auth_user_id"))
        self._by = str(caller or "") or None
        known = caller if getattr(user, "is_authenticated", False) else ""
        self._owner = str((merged.get("metadata") or {}).get("owner") or known or "")
        self._asked: list[str] = []
        self._result: Any = None
        self._earlier = self._newest()
        before = self._earlier if self._earlier and self._earlier.status in _GOES_ON and self._continues else None
        put = self._noting([*(logs.writer.put for logs in all_logs), *filter(None, [apart().listen])])
        self.recorder = RunRecorder(
            before.run if before else uuid4().hex, put, first_seq=before.last_seq + 1 if before else 1
        )
        self._goes_on, self._waiting = before is not None, before.waiting if before else []

    @classmethod
    def of(cls, graph: AnyGraph, given: Any, config: RunnableConfig | None, control: GraphControl) -> NotedRun | None:
        """Return what writes a run down, or None for a part of another run and for one that is not written down."""
        named = "thread_id" in ((config or {}).get("configurable") or {})
        has_thread = named and graph.checkpointer not in (None, False)
        mode = log_mode(has_thread=has_thread)
        kept = [logs for logs in (run_logs(mode) if mode else None, apart().logs) if logs]
        if control.is_nested or not (kept or apart().listen):
            return None
        check_endpoint()
        noted = cls(graph, given, config, kept)
        control.write_down(noted.recorder)
        noted._begin(control)
        return noted

    def watched(self, events: Iterator[Any], mode: Any) -> Iterator[Any]:
        """Yield a run's events, and write down how it ends."""
        try:
            for event in events:
                self._take(event, mode)
                yield event
        except BaseException as error:
            # However it ends: also one that is cancelled, or that nobody reads on, has its end in the log.
            self._end(error)
            raise
        self._end(None)

    async def awatched(self, events: AsyncIterator[Any], mode: Any) -> AsyncIterator[Any]:
        """Yield a run's events, and write down how it ends."""
        try:
            async for event in events:
                self._take(event, mode)
                yield event
        except BaseException as error:
            # However it ends: also one that is cancelled, or that nobody reads on, has its end in the log.
            self._end(error)
            raise
        self._end(None)

    @property
    def _continues(self) -> bool:
        """Whether the thread goes on where it stands, or is answered there, and does not begin at a checkpoint."""
        return isinstance(self._given, Command) or not self._checkpoint

    def _newest(self) -> RunSummary | None:
        """Return the newest run of the thread that is written down, if this one takes it up in any way."""
        if not self._logs or not self._thread or not (self._given is None or isinstance(self._given, Command)):
            return None
        # A store that fails is told of where it is written to; the run only gets a log of its own.
        with suppress(Exception):
            self._logs.writer.flush()
            return next(iter(self._logs.store.runs(thread=self._thread, limit=1)), None)
        return None

    def _noting(self, puts: Sequence[Callable[[Entry], None]]) -> Callable[[Entry], None]:
        def noted(entry: Entry) -> None:
            if entry.type == "question.asked":
                self._asked.append(str(entry.fields["id"]))
            for put in puts:
                put(entry)

        return noted

    def _begin(self, control: GraphControl) -> None:
        if self._goes_on:
            self.recorder.add("run.resumed", by=self._by)
            for asked, answer in self._answers().items():
                self.recorder.add("question.answered", id=asked, answer=answer, by=self._by)
            return
        drawn = self._graph.get_graph()
        self.recorder.add(
            "run.started",
            {"input": Content(_json(self._given))},
            run=self.recorder.run,
            fanloom=version("fanloom"),
            schema_url=SCHEMA_URL,
            graph=self._graph.name,
            pattern=self._pattern(),
            thread=self._thread,
            checkpoint=self._checkpoint or None,
            **self._taken_up(),
            owner=self._owner,
            nodes=placed(list(drawn.nodes), [(edge.source, edge.target) for edge in drawn.edges]),
            edges=[{"source": e.source, "target": e.target, "conditional": e.conditional} for e in drawn.edges],
            context=_plain_context(control.context),
        )

    def _pattern(self) -> str | None:
        """Return the word for how the graph works, which is a tag beside its name."""
        tags = (self._graph.config or {}).get("tags") or ()
        return next((tag for tag in tags if tag != self._graph.name), None)

    def _taken_up(self) -> dict[str, str]:
        """Return which run this one forks, or takes up again after its end."""
        if self._earlier is None:
            return {}
        return {"forks" if self._checkpoint else "resumes": self._earlier.run}

    def _answers(self) -> dict[str, Any]:
        """Return the answers to what was asked, by question: given by their ids, or to the one question as they are."""
        given = self._given.resume if isinstance(self._given, Command) else None
        if given is None:
            return {}
        by_id = {asked: given[asked] for asked in self._waiting if isinstance(given, Mapping) and asked in given}
        return by_id or dict.fromkeys(self._waiting if len(self._waiting) == 1 else (), given)

    def _take(self, event: Any, mode: Any) -> None:
        if mode == "values":
            self._result = event
        elif isinstance(event, tuple) and len(event) == 2 and event[0] == "values":
            self._result = event[1]

    def _end(self, error: BaseException | None) -> None:
        result, told = {}, {}
        if isinstance(self._result, Mapping):
            result = {"result": Content(_json(self._result), is_output=True)}
            told = {"usage": self._result.get("usage")}
        if error is None and self._asked:
            self.recorder.add("run.paused", result, reason="question", questions=self._asked, **told)
        elif error is None:
            self.recorder.add("run.ended", result, status="done", **told)
        else:
            status = "failed" if isinstance(error, Exception) else "stopped"
            self.recorder.add("run.ended", result, status=status, error=f"{type(error).__name__}: {error}", **told)
        if self._logs and self._logs is not apart().logs:
            send_run(self._logs, self.recorder.run)


def _json(value: Any) -> str:
    return to_json(value, inf_nan_mode="null", fallback=str).decode()


def _plain_context(context: Any) -> dict[str, Any]:
    given = context.model_dump(exclude_defaults=True) if hasattr(context, "model_dump") else context
    return {
        name: value if isinstance(value, str | int | float | bool) else str(value)
        for name, value in dict(given or {}).items()
    }
