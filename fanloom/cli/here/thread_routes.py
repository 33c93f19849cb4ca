"""What the studio's pages ask of LangGraph's server, answered for the graphs and threads of the project in hand."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

from fastapi import Body, FastAPI, HTTPException
from fastapi.responses import JSONResponse, Response
from langgraph.types import Command
from pydantic import create_model
from pydantic.errors import PydanticUserError
from pydantic_core import to_jsonable_python

from fanloom.cli.thread import run_metadata
from fanloom.graph.changed_graph import going_on
from fanloom.redaction import redact
from fanloom.studio.pages import HEADERS

if TYPE_CHECKING:
    from fanloom.cli.here.loading import AnyGraph
    from fanloom.cli.here.local_host import LocalGraph

_logger = logging.getLogger(__name__)

_PLACE = ("thread_id", "checkpoint_ns", "checkpoint_id")
Asked = Annotated[dict[str, Any], Body()]


class ThreadRoutes:
    """The routes by which a run begins, is answered and is forked; the log tells how it goes."""

    def __init__(self, graphs: Mapping[str, LocalGraph], graph_of: Callable[[str], Awaitable[str | None]]) -> None:
        """`graphs` keep their threads; `graph_of` tells the name of a thread's graph."""
        self._graphs, self._graph_of = graphs, graph_of
        self._running: dict[str, asyncio.Task[None]] = {}

    def add_to(self, app: FastAPI) -> None:
        """Give an application the routes."""
        app.add_api_route("/info", self.info)
        app.add_api_route("/assistants/{name}/schemas", self.schemas)
        posted: dict[str, Callable[..., Awaitable[Response]]] = {
            "/assistants/search": self.assistants,
            "/threads": self.thread,
            "/threads/{thread}/history": self.history,
            "/threads/{thread}/state": self.update,
            "/threads/{thread}/runs": self.run,
        }
        for path, answer in posted.items():
            app.add_api_route(path, answer, methods=["POST"])

    async def info(self) -> Response:
        return _json({})

    async def assistants(self, asked: Asked) -> Response:
        found = [name for name in sorted(self._graphs) if asked.get("graph_id") in (None, name)]
        return _json([{"assistant_id": name, "graph_id": name} for name in found[asked.get("offset", 0) :]])

    async def schemas(self, name: str) -> Response:
        found = self._named(name)
        schemas = {"input_schema": found.input_schema, "context_schema": found.context_schema}
        return _json({**schemas, "state_schema": _state_schema(found.graph)})

    async def thread(self) -> Response:
        return _json({"thread_id": str(uuid4())})

    async def history(self, thread: str, asked: Asked) -> Response:
        graph = await self._of(thread)
        found = graph.aget_state_history({"configurable": {"thread_id": thread}}, limit=asked.get("limit"))
        return _json([_told(state) async for state in found])

    async def update(self, thread: str, asked: Asked) -> Response:
        graph = await self._of(thread)
        try:
            config = await graph.aupdate_state(_at(thread, asked), asked.get("values"))
        except (ValueError, LookupError) as error:
            raise _refused(422, str(error)) from error
        return _json({"checkpoint": _place(config)})

    async def run(self, thread: str, asked: Asked) -> Response:
        graph, begun = self._named(str(asked.get("assistant_id"))), asyncio.Event()
        if thread in self._running:
            raise _refused(409, f"thread {thread[:200]!r} is running; wait until it has ended")
        work = self._running[thread] = asyncio.create_task(self._work(graph, _at(thread, asked), asked, begun))
        work.add_done_callback(partial(self._ended, thread))
        waiting = asyncio.create_task(begun.wait())
        await asyncio.wait({work, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        # What is refused before anything runs; of all other errors the log tells.
        if not begun.is_set() and (refused := work.exception()):
            raise _refused(422, str(refused)) from refused
        return _json({"thread_id": thread})

    async def _work(self, of: LocalGraph, config: Any, asked: Mapping[str, Any], begun: asyncio.Event) -> None:
        graph, context = of.graph, asked.get("context")
        given = Command(resume=asked["command"]["resume"]) if asked.get("command") else asked.get("input")
        if given is None or isinstance(given, Command):
            saver: Any = graph.checkpointer
            graph = going_on(graph, await saver.aget_tuple(config))
        config["metadata"] = run_metadata(of.name, context)
        async for _ in graph.astream(given, config, context=context, stream_mode="tasks"):
            begun.set()

    def _ended(self, thread: str, work: asyncio.Task[None]) -> None:
        del self._running[thread]
        if not work.cancelled() and (error := work.exception()):
            # In full it stands in the run's log.
            _logger.debug("the run in thread %r ended with %s", thread, type(error).__name__)

    async def _of(self, thread: str) -> AnyGraph:
        name = await self._graph_of(thread)
        if name is None:
            raise _refused(404, f"this project keeps no thread {thread[:200]!r}")
        return self._named(name).graph

    def _named(self, name: str) -> LocalGraph:
        if name not in self._graphs:
            raise _refused(404, f"this project has no graph {name[:200]!r}")
        return self._graphs[name]


def _json(found: Any) -> Response:
    return JSONResponse(to_jsonable_python(found, fallback=str, inf_nan_mode="null"), headers=HEADERS)


def _refused(status: int, why: str) -> HTTPException:
    return HTTPException(status, redact(why), HEADERS)


def _at(thread: str, asked: Mapping[str, Any]) -> Any:
    """Return where a request is about: a thread as it stands, or one of its checkpoints."""
    return {"configurable": {**_place({"configurable": asked.get("checkpoint") or {}}), "thread_id": thread}}


def _place(config: Any) -> dict[str, Any]:
    return {name: config["configurable"][name] for name in _PLACE if name in config["configurable"]}


def _told(state: Any) -> dict[str, Any]:
    told = {"next": state.next, "values": state.values, "created_at": state.created_at}
    return {**told, "checkpoint": _place(state.config)}


def _state_schema(graph: AnyGraph) -> dict[str, Any]:
    channels: dict[str, Any] = {name: graph.channels[name] for name in graph.stream_channels_list}
    fields: Any = {name: (channel.UpdateType, None) for name, channel in channels.items()}
    try:
        model = create_model("State", **fields)
        return dict(model.model_json_schema())
    except PydanticUserError:
        # A state that JSON schema cannot describe is edited as JSON.
        return {"type": "object"}
