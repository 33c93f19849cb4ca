"""The loopback server that stands in for LangSmith."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self

import zstandard

from .ingest import Change, batch, merge, multipart
from .tree import Run, as_trees

Fault = Literal["refuse", "hang", 401, 403, 429, 500]
KEY = "lsv2_pt_0123456789abcdef_0123456789"

_INFO = {
    "version": "0.12.0",
    "instance_flags": {"zstd_compression_enabled": True},
    "batch_ingest_config": {
        "use_multipart_endpoint": True,
        "scale_up_qsize_trigger": 1000,
        "scale_up_nthreads_limit": 16,
        "scale_down_nempty_trigger": 4,
        "size_limit": 100,
        "size_limit_bytes": 20_971_520,
    },
}


class Collector:
    """LangSmith on loopback: keeps the runs that arrive, and every byte; or fails in one of the ways there are.

    A `fault` holds for all requests, or with `only="/runs"` for those whose path begins so. "refuse" closes the port.
    """

    def __init__(self, fault: Fault | None = None, *, only: str = "/") -> None:
        self.fault, self.only = fault, only
        self.received = b""
        """The paths, headers and bodies of all requests, unpacked."""
        self.requests: list[str] = []
        self._runs: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        if self.fault == "refuse":
            self._server.server_close()
        else:
            threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        if self.fault != "refuse":
            self._server.shutdown()
            self._server.server_close()

    def environment(self) -> dict[str, str]:
        """Return the variables that switch tracing on and lead it here."""
        return {"LANGSMITH_TRACING": "true", "LANGSMITH_API_KEY": KEY, "LANGSMITH_ENDPOINT": self.url}

    def trees(self) -> list[Run]:
        """Return what has arrived."""
        with self._lock:
            return as_trees(self._runs)

    def clear(self) -> None:
        """Forget what has arrived."""
        with self._lock:
            self._runs.clear()
            self.requests.clear()
            self.received = b""

    def until(self, condition: Callable[[Self], bool], timeout: float = 30.0) -> None:
        """Block until the condition holds."""
        deadline = time.monotonic() + timeout
        while not condition(self):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(self.requests)} requests, {[run.drawn() for run in self.trees()]}")
            time.sleep(0.005)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        if request.headers.get("Content-Encoding") == "zstd":
            body = zstandard.ZstdDecompressor().decompressobj().decompress(body)
        with self._lock:
            self.requests.append(f"{request.command} {request.path}")
            # The client's own key stands in its own header, which is how it signs in.
            told = "".join(f"{name}: {value}\n" for name, value in request.headers.items() if name != "x-api-key")
            self.received += f"{request.path}\n{told}".encode() + body
        if self.fault and request.path.startswith(self.only):
            self._fail(request)
        elif request.command == "GET":
            _send(request, 200, _INFO)
        else:
            self._keep(_changes(request, body))
            _send(request, 202, {})

    def _keep(self, changes: Iterable[Change]) -> None:
        with self._lock:
            for run, told in changes:
                merge(self._runs.setdefault(run, {}), told)

    def _fail(self, request: BaseHTTPRequestHandler) -> None:
        if self.fault == "hang":
            self._stopped.wait(60)
        elif isinstance(self.fault, int):
            _send(request, self.fault, {"detail": "not today"})


def _handler(collector: Collector) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            collector.answer(self)

        do_POST = do_PATCH = do_DELETE = do_GET

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


def _changes(request: BaseHTTPRequestHandler, body: bytes) -> Iterable[Change]:
    path = request.path.rstrip("/")
    if not path.startswith("/runs"):
        # LangGraph's server tells LangSmith how much it is used.
        return []
    if path == "/runs/multipart":
        return list(multipart(body, request.headers["Content-Type"]))
    if path == "/runs/batch":
        return list(batch(body))
    told = json.loads(body)
    return [(told.get("id") or path.rpartition("/")[2], told)]


def _send(request: BaseHTTPRequestHandler, status: int, data: dict[str, Any]) -> None:
    body = json.dumps(data).encode()
    try:
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)
    except OSError:
        # The client has gone.
        request.close_connection = True
