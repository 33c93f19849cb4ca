"""The routes that the server has besides LangGraph's, and the door before those that it leaves open."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from langgraph_sdk import Auth
from starlette.types import ASGIApp, Receive, Scope, Send

from fanloom.loops.background import in_thread
from fanloom.runlog.run_store import RunStore
from fanloom.server.aegra import aegra_handlers as aegra
from fanloom.server.auth import authenticate
from fanloom.server.keys import api_keys
from fanloom.server.places import Places
from fanloom.server.roles import is_staff, who_answers
from fanloom.server.unframed import Unframed
from fanloom.server.visitor import at_door
from fanloom.server.webhooks import check_policy
from fanloom.studio.api import add_studio_api
from fanloom.studio.kept_evaluations import KeptEvaluations, kept_evaluations
from fanloom.studio.kept_logs import open_store
from fanloom.studio.pages import add_pages, is_open
from fanloom.tracing.langsmith_tracing import finish_tracing, start_tracing

# For load balancers and clients that look for the server's version.
OPEN = frozenset({"/", "/ok", "/info", "/healthz", "/version", "/health", "/ready", "/live"})
# The development server's own: they show and empty every user's threads, and start a deployment.
_CLOSED = ("/internal", "/deploy")

_logger = logging.getLogger(__name__)


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Check the keys before anybody is let in, and send the traces that are left at the end. Raises InvalidSettings."""
    keys = await in_thread(api_keys)
    if aegra.is_serving():
        aegra.check_settings(keys.values())
        aegra.keep_logs_with_threads()
    check_policy()
    await in_thread(start_tracing)
    if keys:
        _logger.info("%d API keys: everybody else is refused", len(keys))
    else:
        _logger.warning("FANLOOM_API_KEYS is not set: only this machine is answered, and no key is asked for")
    try:
        yield
    finally:
        await in_thread(finish_tracing)


class Door:
    """Asks for a key where LangGraph's server does not: its documentation, metrics, debugging and deployment.

    Debugging and deployment are nobody's on a server with keys, since they know no users.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on, or answer 401 or 403."""
        try:
            if scope["type"] in ("http", "websocket") and not _is_open(scope):
                caller = await authenticate(dict(scope["headers"]), scope)
                if caller["is_authenticated"] and _path(scope).startswith(_CLOSED):
                    raise Auth.exceptions.HTTPException(status_code=404, detail="Not Found")
        except Auth.exceptions.HTTPException as refused:
            await JSONResponse({"detail": refused.detail}, refused.status_code)(scope, receive, send)
        else:
            with at_door(scope):
                await self.app(scope, receive, send)


def _is_open(scope: Scope) -> bool:
    root = scope.get("root_path", "")
    # The server's calls to itself; no caller can choose the root path.
    if root == "/noauth" or root.startswith("/noauth/"):
        return True
    return _path(scope) in OPEN or is_open(_path(scope))


def _path(scope: Scope) -> str:
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


async def _runs_of(request: Request) -> str | None:
    """Return whose runs a caller sees: their own; everybody's, as None, for staff and where no keys are asked for."""
    caller = await authenticate(dict(request.headers.raw), request.scope)
    if not caller["is_authenticated"]:
        return None
    user: str = caller["identity"]
    return None if await in_thread(lambda: is_staff(user)) else user


def _logs() -> RunStore:
    # A server that looks at files puts a store of its own there.
    if not hasattr(app.state, "logs"):
        app.state.logs = open_store()
    store: RunStore = app.state.logs
    return store


def _evaluations() -> KeptEvaluations:
    found: KeptEvaluations = getattr(app.state, "evaluations", None) or kept_evaluations()
    return found


app = Unframed(title="Fanloom", docs_url=None, redoc_url=None, openapi_url=None, lifespan=_lifespan)
# The last that is added comes first.
app.add_middleware(Places)
app.add_middleware(Door)
add_studio_api(app, _runs_of, _logs, _evaluations)
add_pages(app)


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    """Tell that the server answers."""
    return {"status": "ok"}


@app.get("/whoami")
async def whoami(request: Request) -> dict[str, str | None]:
    """Tell callers which user their key is; none where no keys are asked for."""
    caller = await authenticate(dict(request.headers.raw), request.scope)
    return {"user": caller["identity"] if caller["is_authenticated"] else None}


@app.get("/studio/api/answers")
async def answers(request: Request) -> dict[str, Any]:
    """Tell callers who may answer what a run asks, and whether they may."""
    caller = await authenticate(dict(request.headers.raw), request.scope)
    if not caller["is_authenticated"]:
        return {"who": "whoever reaches this server may answer", "may": True}
    user: str = caller["identity"]
    return await in_thread(lambda: who_answers(user))


@app.get("/version")
async def versions() -> dict[str, str]:
    """Tell the versions of Fanloom and LangGraph."""
    return {name: version(name) for name in ("fanloom", "langgraph")}
