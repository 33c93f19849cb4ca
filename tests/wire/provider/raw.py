"""Answers that stand as they are written here, whatever no provider would say."""

import json
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from .eventstream import event
from .exchange import Exchange


@dataclass(frozen=True)
class Raw:
    """A JSON body with a status; a request that streams gets it as its only event."""

    body: Any
    code: int = 200
    latency: float | None = None

    async def answer(self, exchange: Exchange) -> web.StreamResponse:
        """Send the body."""
        if self.code == 200 and exchange.request.streaming:
            return await events(("metadata", self.body)).answer(exchange)
        return web.json_response(self.body, status=self.code)


@dataclass(frozen=True)
class Events:
    """The events of a stream, each with the name that it has at Bedrock; the others' have none."""

    events: tuple[tuple[str, Any], ...]
    latency: float | None = None

    async def answer(self, exchange: Exchange) -> web.StreamResponse:
        """Send the events, and then end well."""
        response = await exchange.open()
        for name, payload in self.events:
            text = json.dumps(payload)
            is_bedrock = exchange.request.provider == "bedrock"
            await response.write(event(name, payload) if is_bedrock else f"data: {text}\r\n\r\n".encode())
        return response


@dataclass(frozen=True)
class Page:
    """A body that is no JSON, such as a proxy between sends it."""

    text: str
    code: int
    headers: dict[str, str]
    latency: float | None = None

    async def answer(self, exchange: Exchange) -> web.StreamResponse:
        """Send the text as it stands, or the status alone."""
        return web.Response(body=self.text.encode(), status=self.code, headers=self.headers)


def page(text: str, code: int, kind: str = "text/html", **headers: str) -> Page:
    """Answer with a text that is no JSON; of a header's name `_` stands for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Page(text, code, {"Content-Type": kind, **named})


def raw(body: Any, code: int = 200) -> Raw:
    """Answer with a JSON body as it stands."""
    return Raw(body, code)


def events(*sent: tuple[str, Any]) -> Events:
    """Stream events as they stand, each a name and what it holds."""
    return Events(sent)
