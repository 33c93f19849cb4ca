"""OpenAI, Azure, and every server that speaks OpenAI's protocol: answers as they are, errors in one form."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_openai import AzureChatOpenAI, ChatOpenAI
from langchain_openai.chat_models.base import BaseChatOpenAI
from openai import APIConnectionError, APIError, APIStatusError, BadRequestError
from pydantic import BaseModel

from fanloom.models.openai_server import is_openais

_LONGEST = 300
# What stands for a status in an error that came with a good one; the first that fits.
_STATUSES = (
    (429, r"quota|rate.?limit|too many requests|billing"),
    (400, r"context.?(size|length|window)|invalid_request|bad.?request"),
    (401, r"invalid_api_key|authentication"),
    (404, r"model_not_found|no model|unexpected endpoint|<html|<!doctype"),
)


class ErrorForAnswer(Exception):
    """What a server said in the place of an answer, in a body or a stream that began well."""

    def __init__(self, said: Any) -> None:
        known = said if isinstance(said, dict) else {"message": said}
        self.message = str(known.get("message") or said)[:_LONGEST]
        words = " ".join(str(word) for word in (known.get("code"), known.get("type")) if word)
        super().__init__(f"{self.message} ({words})" if words else self.message)
        self.status_code = _status(known.get("code"), str(self))


class _Compatible(BaseChatOpenAI):
    """What OpenAI's and Azure's clients have in common here."""

    def _create_chat_result(self, response: Any, generation_info: dict[str, Any] | None = None) -> ChatResult:
        body = response.model_dump(warnings=False) if isinstance(response, BaseModel) else response
        if not isinstance(body, dict) or body.get("error"):
            raise ErrorForAnswer(body["error"] if isinstance(body, dict) else body)
        messages = [choice["message"] for choice in _choices(body, "message")]
        result = super()._create_chat_result(body, generation_info)
        for generation, message in zip(result.generations, messages, strict=True):
            _keep_refusal(generation.message, message)
        return result

    def _convert_chunk_to_generation_chunk(self, chunk: dict[str, Any], *args: Any) -> ChatGenerationChunk | None:
        # The last event of a stream has the usage and no choice.
        choices = _choices(chunk, "delta") if chunk.get("choices") else []
        made = super()._convert_chunk_to_generation_chunk(chunk, *args)
        if made and choices:
            _keep_refusal(made.message, choices[0]["delta"])
        return made

    async def _agenerate(self, *args: Any, **kwargs: Any) -> ChatResult:
        try:
            with _told():
                return await super()._agenerate(*args, **kwargs)
        except BadRequestError as error:
            return ChatResult(generations=[ChatGeneration(message=AIMessage(content="", **_filtered(error)))])

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        try:
            with _told():
                async for chunk in super()._astream(*args, **kwargs):
                    yield chunk
        except BadRequestError as error:
            yield ChatGenerationChunk(message=AIMessageChunk(content="", **_filtered(error)))


class CompatibleOpenAI(_Compatible, ChatOpenAI):
    """ChatOpenAI for any server of its protocol; always Chat Completions, which all of them have."""

    def _get_request_payload(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        payload = super()._get_request_payload(*args, **kwargs)
        if not is_openais(self.openai_api_base) and "max_completion_tokens" in payload:
            # Its name at first, which some servers know alone.
            payload["max_tokens"] = payload.pop("max_completion_tokens")
        return payload


class CompatibleAzure(_Compatible, AzureChatOpenAI):
    """AzureChatOpenAI whose answers and errors are those of CompatibleOpenAI."""


def _filtered(error: BadRequestError) -> dict[str, Any]:
    """Return the metadata of an answer that a filter withheld; Azure's refuses the prompt with a 400."""
    if error.code != "content_filter":
        raise error
    return {"response_metadata": {"finish_reason": "content_filter", "model_provider": "openai"}}


def _choices(body: dict[str, Any], part: str) -> list[dict[str, Any]]:
    """Give a body one choice that langchain-openai can read, whatever has come, and return its choices."""
    found = [choice for choice in body.get("choices") or [] if isinstance(choice, dict)]
    first = found[0] if found else {}
    message = first.get(part)
    body["choices"] = [{**first, part: {"role": "assistant", **_present(message)}}]
    choices: list[dict[str, Any]] = body["choices"]
    return choices


def _present(message: Any) -> dict[str, Any]:
    return {name: value for name, value in message.items() if value is not None} if isinstance(message, dict) else {}


def _keep_refusal(kept: Any, message: dict[str, Any]) -> None:
    if refusal := message.get("refusal"):
        kept.additional_kwargs["refusal"] = refusal


@contextmanager
def _told() -> Iterator[None]:
    """Let an error say all that the server says of it, and one inside a stream be the same as in a body."""
    try:
        yield
    except APIStatusError as error:
        # The SDK leaves out the code, which tells a spent quota from a busy moment, and a proxy's page.
        if error.body:
            told = ErrorForAnswer(error.body)
            error.message, error.args = told.message, told.args
        raise
    except APIConnectionError:
        raise
    except APIError as error:
        raise ErrorForAnswer(error.body or error.message) from error


def _status(code: Any, said: str) -> int:
    if str(code).isdigit() and 400 <= int(code) < 600:
        return int(code)
    return next((status for status, words in _STATUSES if re.search(words, said, re.IGNORECASE)), 500)
