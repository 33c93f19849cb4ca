"""The loopback server that stands in for the providers."""

import asyncio
import inspect
import re
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, Self
from urllib.parse import unquote

from aiohttp import web

from . import bedrock, gemini, openai
from .decoding import decoded
from .environment import environment
from .exchange import Answer, Dialect, Exchange, Fault, Replier, as_reply
from .reply import Reply, default_reply
from .request import Kind, Log, Request

Matches = Callable[[Request], bool]

_DIALECTS: dict[str, Any] = {"gemini": gemini, "bedrock": bedrock, "openai": openai}


class FakeProvider:
    """Gemini, Bedrock and OpenAI on loopback, on an event loop and a thread of their own.

    `reply` gives the answer to each request, or is the answer to all of them; it runs on the server's loop.
    An error in it is raised again when the provider stops.
    """

    def __init__(self, reply: Replier | Answer = default_reply, latency: float = 0.0) -> None:
        self.reply = reply
        self.latency = latency
        self.decodes = False
        """Whether data is decoded by the schema that was sent, so that a model can say nothing else."""
        self.strays: list[str] = []
        """Paths asked for that no provider has; they get a 404."""
        self.errors: list[Exception] = []
        self.connections_opened = 0
        self._log = Log()
        self._script: list[tuple[Matches, Answer]] = []
        self._lock = threading.Lock()
        self._started: Future[str] = Future()
        self._thread = threading.Thread(target=self._run, name="fake-provider", daemon=True)

    def start(self) -> Self:
        """Start serving."""
        self._thread.start()
        self.url = self._started.result(timeout=10)
        return self

    def stop(self) -> None:
        """Drop all connections and stop; raise what went wrong in `reply`."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(timeout=10)
        if self.errors:
            raise self.errors[0]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def requests(self) -> list[Request]:
        """Return the requests so far, in the order in which they arrived."""
        return self._log.requests

    @property
    def in_flight(self) -> int:
        """Return how many requests are waiting for their answer."""
        return self._log.in_flight

    @property
    def peak(self) -> int:
        """Return the most requests that ever were in flight at once."""
        return self._log.peak

    @property
    def connections(self) -> int:
        """Return how many TCP connections are open."""
        return len(self._server.connections)

    def environment(self, provider: Kind | None = None) -> dict[str, str]:
        """Return the variables that lead one provider's clients here, or all providers'."""
        return environment(self.url, provider)

    def clear(self) -> None:
        """Forget the requests and the script."""
        self._log.clear()
        with self._lock:
            self._script.clear()

    def enqueue(self, *answers: Answer, when: Matches = lambda request: True) -> None:
        """Give these answers, in order, to the next requests that match; the rest get `reply`."""
        with self._lock:
            self._script += [(when, answer) for answer in answers]

    def hold(self) -> None:
        """Keep all requests waiting from now on, until `release`."""
        self._loop.call_soon_threadsafe(self._released.clear)

    def release(self) -> None:
        """Answer all requests that are held."""
        self._loop.call_soon_threadsafe(self._released.set)

    def until(self, condition: Callable[[Self], bool], timeout: float = 30.0) -> None:
        """Block until the condition holds."""
        deadline = time.monotonic() + timeout
        while not condition(self):
            self._check(deadline)
            time.sleep(0.002)

    async def auntil(self, condition: Callable[[Self], bool], timeout: float = 30.0) -> None:  # noqa: ASYNC109
        """Wait until the condition holds."""
        deadline = time.monotonic() + timeout
        while not condition(self):
            self._check(deadline)
            await asyncio.sleep(0.002)

    def _check(self, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(self.requests)} requests, {self.in_flight} in flight, {self.connections} open")

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:
            if self._started.done():
                raise
            self._started.set_exception(error)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping, self._released = asyncio.Event(), asyncio.Event()
        self._released.set()
        app = web.Application(client_max_size=0)
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.05)
        await runner.setup()
        self._server: web.Server = runner.server  # type: ignore[assignment]
        listener = await self._loop.create_server(self._connect, "127.0.0.1", 0, backlog=1024)
        self._started.set_result(f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}")
        await self._stopping.wait()
        listener.close()
        await runner.cleanup()

    def _connect(self) -> asyncio.Protocol:
        self.connections_opened += 1
        return self._server()

    async def _handle(self, http: web.Request) -> web.StreamResponse:
        path = unquote(http.rel_url.raw_path)
        for dialect in _DIALECTS.values():
            if match := dialect.PATH.match(path):
                return await self._guard(self._serve_one(http, dialect, match), dialect)
        self.strays.append(path)
        return web.json_response({"message": f"no such path: {path}"}, status=404)

    async def _guard(self, serving: Coroutine[Any, Any, web.StreamResponse], dialect: Dialect) -> web.StreamResponse:
        try:
            return await serving
        except ConnectionResetError:  # the client has gone
            return web.Response()
        except Exception as error:  # noqa: BLE001 - kept, and raised when the provider stops
            self.errors.append(error)
            return dialect.error(500, f"the fake provider failed: {error!r}", None, None)

    async def _serve_one(self, http: web.Request, dialect: Any, match: re.Match[str]) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in http.headers.items()}
        request = dialect.parse(match.string, match, headers, await http.json())
        self._log.begin(request)
        try:
            return await self._answer(Exchange(http, request, dialect))
        finally:
            self._log.end(request)

    async def _answer(self, exchange: Exchange) -> web.StreamResponse:
        await self._released.wait()
        chosen = self._said(as_reply(await self._choose(exchange.request)), exchange.request)
        await asyncio.sleep(self.latency if chosen.latency is None else chosen.latency)
        return await (exchange.send(chosen) if isinstance(chosen, Reply) else chosen.answer(exchange))

    def _said(self, chosen: Reply | Fault, request: Request) -> Reply | Fault:
        if not self.decodes or not isinstance(chosen, Reply) or chosen.data is None or request.schema is None:
            return chosen
        return replace(chosen, data=decoded(chosen.data, request.schema))

    async def _choose(self, request: Request) -> Answer:
        with self._lock:
            for place, (matches, answer) in enumerate(self._script):
                if matches(request):
                    del self._script[place]
                    return answer
        return await self._reply(request)

    async def _reply(self, request: Request) -> Answer:
        if not callable(self.reply):
            return self.reply
        answer = self.reply(request)
        return await answer if inspect.isawaitable(answer) else answer
