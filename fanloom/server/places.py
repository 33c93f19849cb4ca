"""The checkpoints that callers name where the server asks no handler about them: states that are read and written."""

from __future__ import annotations

import re
from typing import Any

import orjson
from fastapi.responses import JSONResponse
from langgraph_sdk import Auth
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fanloom.server.caller_keys import check_checkpoint

_NAMED_IN = re.compile(r".*/threads/[^/]+/(state(/checkpoint)?|history)")


class Places:
    """Answers 403 to a checkpoint that holds more than a place in a thread: LangGraph takes the rest as commands."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on, or answer 403."""
        if scope["type"] != "http" or scope["method"] != "POST" or not _NAMED_IN.fullmatch(scope["path"]):
            return await self.app(scope, receive, send)
        body = await Request(scope, receive).body()
        try:
            check_checkpoint(_checkpoint(body))
        except Auth.exceptions.HTTPException as refused:
            return await JSONResponse({"detail": refused.detail}, refused.status_code)(scope, receive, send)
        return await self.app(scope, _again(body, receive), send)


def _checkpoint(body: bytes) -> Any:
    try:
        # As the server itself does, which refuses what this does not read.
        said = orjson.loads(body)
    except ValueError:
        return None
    return said.get("checkpoint") if isinstance(said, dict) else None


def _again(body: bytes, receive: Receive) -> Receive:
    """Return what is received once more, now that the body has been read."""
    given: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def received() -> Message:
        return given.pop() if given else await receive()

    return received
