"""What the studio's pages ask for: runs, their events, contents and reports, and evaluations; each what is theirs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any

from fastapi import FastAPI, Header, HTTPException, Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from fanloom.loops.background import in_thread
from fanloom.runlog.run_store import RunStore
from fanloom.runlog.run_summary import RunSummary
from fanloom.studio.following import follow
from fanloom.studio.hiding import HiddenPart, without
from fanloom.studio.kept_evaluations import KeptEvaluations
from fanloom.studio.kept_logs import logged_run
from fanloom.studio.pages import HEADERS
from fanloom.studio.report_file import report_page

Owner = Callable[[Request], Awaitable[str | None]]
"""Tells whose runs a caller may see; None for everybody's."""
_MOST = 200


def add_studio_api(
    app: FastAPI, owner: Owner, store: Callable[[], RunStore], evaluations: Callable[[], KeptEvaluations]
) -> None:
    """Give an application the routes below /studio/api over a store of logs and a folder of evaluations.

    They are its own, since LangGraph's server puts its middleware around each route, and can around no router.
    """
    api, evals = _StudioApi(owner, store), _EvaluationApi(owner, evaluations)
    routes: dict[str, Callable[..., Awaitable[Response]]] = {
        "runs": api.runs,
        "runs/{run}": api.summary,
        "runs/{run}/events": api.events,
        "runs/{run}/blocks/{name}": api.content,
        "runs/{run}/report": api.report,
        "evals": evals.all,
        "evals/{name}": evals.one,
    }
    for path, answer in routes.items():
        app.add_api_route(f"/studio/api/{path}", answer)


class _StudioApi:
    """Answers for the runs that a caller may see."""

    def __init__(self, owner: Owner, store: Callable[[], RunStore]) -> None:
        self._owner, self._store = owner, store

    async def runs(
        self,
        request: Request,
        graph: str | None = None,
        status: str | None = None,
        thread: str | None = None,
        before: int | None = None,
        limit: Annotated[int, Query(ge=1, le=_MOST)] = 50,
    ) -> Response:
        whose = await self._owner(request)
        wanted: dict[str, Any] = {"graph": graph, "status": status, "thread": thread, "before": before, "limit": limit}
        found = await in_thread(lambda: self._store().runs(owner=whose, **wanted))
        return JSONResponse([each.as_data() for each in found], headers=HEADERS)

    async def summary(self, run: str, request: Request) -> Response:
        return JSONResponse((await self._seen(run, request)).as_data(), headers=HEADERS)

    async def events(
        self,
        run: str,
        request: Request,
        after: Annotated[int, Query(ge=0)] = 0,
        accept: Annotated[str, Header()] = "",
        last_event_id: Annotated[int | None, Header(ge=0)] = None,
    ) -> Response:
        await self._seen(run, request)
        start = max(after, last_event_id or 0)
        # To look for it may block.
        logs = await in_thread(self._store)
        if "text/event-stream" in accept:
            return StreamingResponse(follow(logs, run, start), media_type="text/event-stream", headers=HEADERS)
        return StreamingResponse(_lines(logs, run, start), media_type="application/x-ndjson", headers=HEADERS)

    async def content(self, run: str, name: str, request: Request) -> Response:
        await self._seen(run, request)
        text = await in_thread(lambda: self._store().content(run, name))
        if text is None:
            raise HTTPException(404, f"this run has no content {name[:64]!r}", HEADERS)
        return PlainTextResponse(text.encode("utf-8", "replace"), headers=HEADERS)

    async def report(self, run: str, request: Request, redact: HiddenPart | None = None) -> Response:
        await self._seen(run, request)
        found = await in_thread(lambda: logged_run(self._store(), run))
        if found is None:
            raise _no_such_run(run)
        page = await in_thread(lambda: report_page(without(found, redact) if redact else found))
        # Saved, and never shown here, where its script would be of our origin.
        kept = {**HEADERS, "Content-Disposition": 'attachment; filename="run.html"'}
        return Response(page, media_type="text/html; charset=utf-8", headers=kept)

    async def _seen(self, run: str, request: Request) -> RunSummary:
        """Return a run that the caller may see. Raises 404 for one of others as for one that is not there."""
        whose = await self._owner(request)
        found = await in_thread(lambda: self._store().run(run))
        if found is None or whose not in (None, found.owner):
            raise _no_such_run(run)
        return found


class _EvaluationApi:
    """Answers for the evaluations of the project: they are nobody's of those who have keys, but the staff's."""

    def __init__(self, owner: Owner, kept: Callable[[], KeptEvaluations]) -> None:
        self._owner, self._kept = owner, kept

    async def all(self, request: Request) -> Response:
        whose = await self._owner(request)
        found = await in_thread(lambda: self._kept().all()) if whose is None else []
        return JSONResponse(found, headers=HEADERS)

    async def one(self, name: str, request: Request) -> Response:
        whose = await self._owner(request)
        found = await in_thread(lambda: self._kept().get(name)) if whose is None else None
        if found is None:
            raise HTTPException(404, f"no evaluation {name[:64]!r}", HEADERS)
        return JSONResponse(found, headers=HEADERS)


def _no_such_run(run: str) -> HTTPException:
    return HTTPException(404, f"no run {run[:64]!r}", HEADERS)


async def _lines(store: RunStore, run: str, after: int) -> AsyncIterator[bytes]:
    for event in await in_thread(lambda: list(store.events(run, after))):
        yield json.dumps(event).encode() + b"\n"
