"""Ways in which a connection fails."""

import asyncio
import json
import socket
from collections.abc import Callable
from dataclasses import dataclass
from struct import pack
from typing import Any, Literal

from aiohttp import web

from .exchange import Exchange
from .reply import Reply, default_reply

Cut = Literal["close", "reset", "end"]

_RESET_ON_CLOSE = pack("ii", 1, 0)


@dataclass(frozen=True)
class Broken:
    """A connection that fails in its own way."""

    answer: Callable[[Exchange], Any]
    latency: float | None = None


def hang() -> Broken:
    """Never answer, until the client goes or the server stops."""
    return Broken(_hang)


async def _hang(exchange: Exchange) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


def reset() -> Broken:
    """Reset the connection (TCP RST) without an answer."""
    return Broken(_reset)


async def _reset(exchange: Exchange) -> web.StreamResponse:
    _abort(exchange)
    return web.Response()


def _abort(exchange: Exchange) -> None:
    transport = exchange.http.transport
    if transport is not None:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        transport.abort()


def truncated_body() -> Broken:
    """Close the connection half way through a body whose length was announced."""
    return Broken(_truncate)


async def _truncate(exchange: Exchange) -> web.StreamResponse:
    whole = _whole(exchange)
    response = await exchange.open(length=len(whole))
    await response.write(whole[: len(whole) // 2])
    exchange.hang_up()
    return response


def _whole(exchange: Exchange) -> bytes:
    reply = default_reply(exchange.request)
    if exchange.request.streaming:
        return b"".join(exchange.dialect.frames(reply, exchange.request))
    return json.dumps(exchange.dialect.body(reply, exchange.request)).encode()


def trickle(interval: float = 0.01) -> Broken:
    """Send a little every `interval` seconds without end: blanks before a body, dots in a stream."""

    async def drip(exchange: Exchange) -> web.StreamResponse:
        response = await exchange.open()
        while True:
            await response.write(exchange.dialect.beat() if exchange.request.streaming else b" ")
            await asyncio.sleep(interval)

    return Broken(drip)


def stream_cut(after: int = 1, how: Cut = "close", reply: Reply | None = None) -> Broken:
    """Stop a stream after some frames: by closing or resetting the connection, or by a proper end that comes too early.

    A request that does not stream gets a truncated body.
    """

    async def cut(exchange: Exchange) -> web.StreamResponse:
        if not exchange.request.streaming:
            return await _truncate(exchange)
        response = await _begin(exchange, after, reply)
        if how != "end":
            _abort(exchange) if how == "reset" else exchange.hang_up()
        return response

    return Broken(cut)


def stream_error(code: int = 503, message: str = "The model stream failed.", after: int = 1) -> Broken:
    """Report an error inside a stream after some frames; a request that does not stream gets it as an HTTP error.

    Bedrock knows 400, 424, 429, 500 and 503 there.
    """

    async def fail(exchange: Exchange) -> web.StreamResponse:
        if not exchange.request.streaming:
            return exchange.dialect.error(code, message, None, None)
        response = await _begin(exchange, after, None)
        await response.write(exchange.dialect.stream_error(code, message))
        return response

    return Broken(fail)


async def _begin(exchange: Exchange, after: int, reply: Reply | None) -> web.StreamResponse:
    frames = exchange.dialect.frames(reply or default_reply(exchange.request), exchange.request)
    response = await exchange.open()
    for frame in frames[:after]:
        await response.write(frame)
        await asyncio.sleep(0)
    return response
