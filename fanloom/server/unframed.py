"""No page of another origin shows ours in a frame, where a click on theirs would be a click on ours."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.types import Message, Receive, Scope, Send


class Unframed(FastAPI):
    """An application whose every answer forbids it: also those of LangGraph's routes, refusals and failures."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a call."""

        async def guarded(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                headers = MutableHeaders(scope=message)
                # A page's own policy stays: a browser obeys both.
                headers.append("content-security-policy", "frame-ancestors 'self'")
                headers["x-frame-options"] = "SAMEORIGIN"
            await send(message)

        await super().__call__(scope, receive, guarded)
