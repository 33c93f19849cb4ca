"""One request and all that is needed to answer it, well or badly."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import web

from .reply import Reply
from .request import Request


class Dialect(Protocol):
    """One provider's wire format; a module is one."""

    stream_type: str
    """The content type of a streamed answer."""

    def body(self, reply: Reply, request: Request) -> dict[str, Any]:
        """Return the JSON body of a whole answer."""

    def frames(self, reply: Reply, request: Request) -> list[bytes]:
        """Return the frames of a streamed answer, at least one."""

    def beat(self) -> bytes:
        """Return a frame that says next to nothing, as often as one likes."""

    def error(self, code: int, message: str | None, error_type: str | None, retry: float | None) -> web.Response:
        """Return an error response; `retry` asks for a hint in the body, in seconds."""

    def stream_error(self, code: int, message: str) -> bytes:
        """Return the frame of an error inside a stream."""


@dataclass(frozen=True)
class Exchange:
    """One request to be answered."""

    http: web.Request
    request: Request
    dialect: Dialect

    async def send(self, reply: Reply) -> web.StreamResponse:
        """Answer well."""
        if not self.request.streaming:
            return web.json_response(self.dialect.body(reply, self.request))
        response = await self.open()
        for frame in self.dialect.frames(reply, self.request):
            await response.write(frame)
            await asyncio.sleep(reply.pause)
        return response

    async def open(self, length: int | None = None) -> web.StreamResponse:
        """Send the headers of a good answer, of unknown length by default."""
        content_type = self.dialect.stream_type if self.request.streaming else "application/json"
        response = web.StreamResponse(headers={"Content-Type": content_type})
        response.content_length = length
        await response.prepare(self.http)
        return response

    def hang_up(self) -> None:
        """Close the connection as soon as what was written is sent."""
        if self.http.transport is not None:
            self.http.transport.close()


class Fault(Protocol):
    """A way to answer other than with a Reply."""

    @property
    def latency(self) -> float | None:
        """Seconds before the fault shows; None takes the provider's own latency."""

    async def answer(self, exchange: Exchange) -> web.StreamResponse:
        """Answer the exchange."""


Data = dict[str, Any] | list[Any]
Answer = str | Data | Reply | Fault
Replier = Callable[[Request], Answer | Awaitable[Answer]]


def as_reply(answer: Answer) -> Reply | Fault:
    """Wrap plain text or data in a Reply."""
    if isinstance(answer, str):
        return Reply(text=answer)
    return Reply(data=answer) if isinstance(answer, dict | list) else answer
