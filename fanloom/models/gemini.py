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
    """Raise the APIError that an answer tells of with a good status, as gateways between do; a stream tells itself.

    It is a middleware of aiohttp's: google-genai reads no error from such an answer, and finds it empty.
    """
    answer = await handler(request)
    if answer.status != HTTPStatus.OK or answer.content_type != "application/json":
        return answer
    body = await answer.read()
    if b'"candidates"' not in body and b'"error"' in body and (said := _object(body)).get("error"):
        known = said["error"].get("code") if isinstance(said["error"], dict) else None
        failing = known if isinstance(known, int) and 400 <= known < 600 else HTTPStatus.INTERNAL_SERVER_ERROR.value
        await APIError.raise_error_async(failing, said, answer)
    return answer


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


@contextmanager
def readable_errors() -> Iterator[None]:
    """Put a ReadAnswer in the place of the response that google-genai's errors carry."""
    try:
        yield
    except APIError as error:
        headers = getattr(error.response, "headers", None) or {}
        error.response = ReadAnswer(error.code, dict(headers), error.details)
        raise
