"""OpenAI, Azure, and every server that speaks OpenAI's protocol: answers as they are, errors in one form."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any, Self

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_openai import AzureChatOpenAI, ChatOpenAI
from langchain_openai.chat_models.base import BaseChatOpenAI
from openai import APIConnectionError, APIError, APIStatusError
from pydantic import BaseModel, model_validator

from fanloom.models.answers.openai_bodies import Completions, error_in, readable, tells_of_filter, words_of
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
        self.body = said
        known = said if isinstance(said, dict) else {"message": said}
        self.message = words_of(known)[:_LONGEST]
        words = " ".join(str(word) for word in (known.get("code"), known.get("type")) if word)
        super().__init__(f"{self.message} ({words})" if words else self.message)
        self.status_code = _status(known.get("code"), str(self))


class _Compatible(BaseChatOpenAI):
    """What OpenAI's and Azure's clients have in common here."""

    @model_validator(mode="after")
    def take_chunks_as_they_are(self) -> Self:
        """Have streams hand over what the server has sent."""
        self.async_client = Completions(self.async_client)
        return self

    def _create_chat_result(self, response: Any, generation_info: dict[str, Any] | None = None) -> ChatResult:
        body = response.model_dump(warnings=False) if isinstance(response, BaseModel) else response
        if (said := error_in(body)) is not None:
            raise ErrorForAnswer(said)
        body = readable(body, "message")
        result = super()._create_chat_result(body, generation_info)
        _keep_refusal(result.generations[0].message, body["choices"][0]["message"])
        return result

    def _convert_chunk_to_generation_chunk(self, chunk: dict[str, Any], *args: Any) -> ChatGenerationChunk | None:
        if (said := error_in(chunk)) is not None:
            raise ErrorForAnswer(said)
        # The last event of a stream has the usage and no choice.
        chunk = readable(chunk, "delta")
        made = super()._convert_chunk_to_generation_chunk(chunk, *args)
        if made and chunk["choices"]:
            _keep_refusal(made.message, chunk["choices"][0]["delta"])
        return made

    async def _agenerate(self, *args: Any, **kwargs: Any) -> ChatResult:
        try:
            with _told():
                return await super()._agenerate(*args, **kwargs)
        except (APIStatusError, ErrorForAnswer) as error:
            return ChatResult(generations=[ChatGeneration(message=AIMessage(content="", **_filtered(error)))])

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        try:
            with _told():
                async for chunk in super()._astream(*args, **kwargs):
                    yield chunk
        except (APIStatusError, ErrorForAnswer) as error:
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


def _filtered(error: APIStatusError | ErrorForAnswer) -> dict[str, Any]:
    """Return the metadata of an answer that a filter withheld; many refuse the prompt with a status of an error."""
    if not tells_of_filter(error.body):
        raise error
    return {"response_metadata": {"finish_reason": "content_filter", "model_provider": "openai"}}


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
            # The same in the SDK's words.
            error.__cause__ = None
        raise
    except APIConnectionError:
        raise
    except APIError as error:
        # Its own words for it are the same for all.
        raise ErrorForAnswer(error.body or error.message) from None


def _status(code: Any, said: str) -> int:
    if str(code).isdigit() and 400 <= int(code) < 600:
        return int(code)
    return next((status for status, words in _STATUSES if re.search(words, said, re.IGNORECASE)), 500)
