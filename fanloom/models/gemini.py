"""Gemini whose errors anybody can read."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from aiohttp import ClientHandlerType, ClientRequest, ClientResponse
from google.genai.errors import APIError
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_google_genai import ChatGoogleGenerativeAI

_JSON = "application/json"
# As gateways between name what they send whole.
_NO_STREAMS = (_JSON, "text/html", "text/plain")


class ReadableGemini(ChatGoogleGenerativeAI):
    """ChatGoogleGenerativeAI whose async errors carry an answer that has been read.

    langchain-core calls `json()` of a failed call's response as if it were sync. aiohttp's is a coroutine, which nobody
    awaits: Python warns of it, on the terminal of whoever runs the graph, wherever the collector comes by.
    """

    async def _agenerate(self, *args: Any, **kwargs: Any) -> ChatResult:
        with readable_errors():
            return await super()._agenerate(*args, **kwargs)

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        with readable_errors():
            async for chunk in super()._astream(*args, **kwargs):
                yield chunk


@dataclass(frozen=True)
class ReadAnswer:
    """What is known of an HTTP answer once its body has been read."""

    status_code: int
    headers: dict[str, str]
    details: Any

    def json(self) -> Any:
        """Return the body."""
        return self.details


async def raise_for_error_in_body(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """Raise the APIError of an answer that google-genai cannot read as one, as gateways between send them.

    It is a middleware of aiohttp's. With a good status google-genai reads no error, and finds the answer empty; a
    stream tells itself. Of a failed answer that calls itself JSON and is none it loses the status, and of one that is
    JSON and calls itself something else what it says, such as how long to wait.
    """
    answer = await handler(request)
    if answer.status != HTTPStatus.OK:
        await _raise_for_misnamed(answer)
    elif answer.content_type in _NO_STREAMS:
        await _raise_for_told(answer)
    return answer


async def _raise_for_misnamed(answer: ClientResponse) -> None:
    body = await answer.read()
    said = _json(body)
    if body.strip() and (said is None or answer.content_type != _JSON):
        page = {"message": body.decode(errors="replace"), "status": answer.reason}
        await APIError.raise_error_async(answer.status, page if said is None else said, answer)


async def _raise_for_told(answer: ClientResponse) -> None:
    body = await answer.read()
    if b'"candidates"' in body or b'"error"' not in body:
        return
    said = _json(body)
    if isinstance(said, dict) and (error := said.get("error")):
        known = error.get("code") if isinstance(error, dict) else None
        failing = known if isinstance(known, int) and 400 <= known < 600 else HTTPStatus.INTERNAL_SERVER_ERROR.value
        await APIError.raise_error_async(failing, said, answer)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


@contextmanager
def readable_errors() -> Iterator[None]:
    """Put a ReadAnswer in the place of the response that google-genai's errors carry."""
    try:
        yield
    except APIError as error:
        headers = getattr(error.response, "headers", None) or {}
        error.response = ReadAnswer(error.code, dict(headers), error.details)
        raise
