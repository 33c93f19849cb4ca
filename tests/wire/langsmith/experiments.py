"""The part of LangSmith that experiments need: data sets, examples, sessions and feedback."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from .collector import Collector, Fault, _send

Row = dict[str, Any]


class Experiments(Collector):
    """A collector that also keeps data sets, examples, sessions (which experiments are) and feedback."""

    def __init__(self, fault: Fault | None = None, *, only: str = "/") -> None:
        super().__init__(fault, only=only)
        self.datasets: dict[str, Row] = {}
        self.examples: dict[str, Row] = {}
        self.sessions: dict[str, Row] = {}
        self.feedback: list[Row] = []

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer what is about an experiment; everything else is the collector's."""
        parts = urlsplit(request.path)
        faulty = self.fault and request.path.startswith(self.only)
        if faulty or not re.match(r"/(datasets|examples|sessions|feedback)\b", parts.path):
            super().answer(request)
            return
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        with self._lock:
            self.requests.append(f"{request.command} {parts.path}")
            self.received += request.path.encode() + body
            told = self._done(request.command, parts.path, parse_qs(parts.query), json.loads(body or b"null"))
        _send(request, 200, told)

    def _done(self, verb: str, path: str, query: dict[str, list[str]], body: Any) -> Any:
        kind = path.strip("/").partition("/")[0]
        if verb == "GET" and kind == "datasets":
            return [row for row in self.datasets.values() if row["name"] in query.get("name", ())]
        if verb == "GET" and kind == "examples":
            first = int(query.get("offset", ["0"])[0])
            return [row for row in self.examples.values() if row["dataset_id"] in query["dataset"]][first:][:100]
        if verb == "DELETE" and kind == "examples":
            return {"gone": [self.examples.pop(key)["id"] for key in query["example_ids"]]}
        if path == "/examples/bulk":
            return [self._kept(self.examples, row) for row in body]
        if verb == "PATCH" and kind == "sessions":
            told = {name: value for name, value in body.items() if value is not None}
            row = self.sessions[path.rpartition("/")[2]]
            row.update(told)
            return row
        if verb == "GET":
            return [self._kept({}, {"reference_dataset_id": None})]
        if kind == "feedback":
            self.feedback.append(body)
            return body
        return self._kept(self.datasets if kind == "datasets" else self.sessions, body)

    def _kept(self, rows: dict[str, Row], told: Row) -> Row:
        now = datetime.now(UTC).isoformat()
        row = {"id": str(uuid4()), "created_at": now, "modified_at": now, "start_time": now, "tenant_id": str(uuid4())}
        row |= told
        return rows.setdefault(row["id"], row)
