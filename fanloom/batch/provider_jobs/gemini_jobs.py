"""Gemini's batch mode: a file of requests that is uploaded, a job over it, and a file of answers."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fanloom.models.deferred.call_wire import WireAnswer

_TIMEOUT_MS = 120_000
_MOST_LISTED = 1000
_ENDED = {"SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED", "PARTIALLY_SUCCEEDED"}
# HTTP's numbers of google.rpc's codes, which an answer in a file may have.
_HTTP = {1: 499, 2: 500, 3: 400, 4: 504, 5: 404, 7: 403, 8: 429, 9: 400, 10: 409, 11: 400, 13: 500, 14: 503, 16: 401}
_JSONL = "application/jsonl"


class GeminiJobs:
    """Jobs of Google AI Studio. A file of requests is kept there for two days, a job ends within that too."""

    least = 1
    # Of the file, which may have 2 GB; how many requests it may hold is not said.
    most, most_bytes = 50_000, 1_000_000_000

    def __init__(self) -> None:
        from google import genai
        from google.genai.types import HttpOptions

        self._client = genai.Client(http_options=HttpOptions(timeout=_TIMEOUT_MS))

    def find(self, name: str) -> str | None:
        """Return the job's own name, of the newest thousand."""
        listed = islice(self._client.batches.list(), _MOST_LISTED)
        return next((job.name for job in listed if job.display_name == name), None)

    def create(self, name: str, model: str, requests: Iterable[tuple[str, bytes]]) -> str:
        """Upload the requests and make the job."""
        with TemporaryDirectory(prefix="fanloom-") as folder:
            file = Path(folder) / f"{name}.jsonl"
            with file.open("wb") as opened:
                opened.writelines(_line(key, body) for key, body in requests)
            uploaded = self._client.files.upload(file=file, config={"display_name": name, "mime_type": _JSONL})
        job = self._client.batches.create(model=model, src=str(uploaded.name), config={"display_name": name})
        return str(job.name)

    def standing(self, provider_id: str) -> tuple[str, bool]:
        """Say how a job stands."""
        word = _word(self._client.batches.get(name=provider_id))
        return word.lower(), word in _ENDED

    def answers(self, name: str, provider_id: str) -> Generator[tuple[str, WireAnswer], None, None]:
        """Yield what stands in the file of answers; one that has failed or expired may have none."""
        destination = self._client.batches.get(name=provider_id).dest
        if destination is None or not destination.file_name:
            return
        with TemporaryDirectory(prefix="fanloom-") as folder:
            file = Path(folder) / f"{name}.jsonl"
            # A file, since it can have gigabytes.
            self._client.files.download(file=destination.file_name, destination=str(file))
            with file.open("rb") as opened:
                for told in map(json.loads, filter(bytes.strip, opened)):
                    yield str(told.get("key")), _answer(told)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def unanswered(self, said: str) -> WireAnswer:
        """Return an error that says so."""
        return _failed({"code": 503, "message": said, "status": "UNAVAILABLE"}, 503)


def _line(key: str, body: bytes) -> bytes:
    return b'{"key": %s, "request": %s}\n' % (json.dumps(key).encode(), body)


def _word(job: Any) -> str:
    state = getattr(job.state, "name", None) or str(job.state)
    return str(state).removeprefix("JOB_STATE_")


def _answer(told: dict[str, Any]) -> WireAnswer:
    if isinstance(response := told.get("response"), dict):
        return WireAnswer(200, json.dumps(response).encode())
    error = told.get("error") or told.get("status") or {}
    code = error.get("code") if isinstance(error, dict) else None
    status = code if isinstance(code, int) and 400 <= code < 600 else _HTTP.get(code or 0, 500)
    said = error.get("message") if isinstance(error, dict) else error
    return _failed({"code": status, "message": str(said or "no answer"), "status": "UNKNOWN"}, status)


def _failed(error: dict[str, Any], status: int) -> WireAnswer:
    return WireAnswer(status, json.dumps({"error": error}).encode())
