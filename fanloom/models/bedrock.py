"""Bedrock at full width: langchain-aws runs its calls on the loop's small default thread pool; this one does not."""

from __future__ import annotations

import http.client
import json
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from typing import Any, Self

from langchain_aws import ChatBedrockConverse
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import Field, model_validator

from fanloom.models.aws.bedrock_connection import Line, sends_on_lines

_END = object()
# botocore's name of a member of a union that its version does not know.
_UNKNOWN = "SDK_UNKNOWN_MEMBER"


class WideBedrockConverse(ChatBedrockConverse):
    """ChatBedrockConverse whose async calls each have a thread of their own.

    The default pool has 6 threads on 2 cores, so 64 calls of one second take 11 s (langchain-aws issue 663). How many
    calls are in flight is the gateway's affair. A call that is given up ends its thread; the threads are daemons, so
    that none keeps a process alive.
    """

    live_credentials: Any = Field(None, exclude=True)
    """The LiveCredentials that its clients sign with, where Fanloom has made them."""

    @model_validator(mode="after")
    def listen_to_the_client(self) -> Self:
        """Have the client hand over tool calls on which langchain-aws would fail, and send on lines."""
        events = self.client.meta.events
        events.register("before-parse.bedrock-runtime", make_parsable)
        events.register("after-call.bedrock-runtime.Converse", make_readable)
        # private: botocore lets a handler answer a request in the session's stead, but shows nobody the session.
        events.register("before-send.bedrock-runtime", sends_on_lines(self.client._endpoint.http_session))
        return self

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        manager = run_manager.get_sync() if run_manager else None
        return await self._beside_the_loop(lambda: self._generate(messages, stop, manager, **kwargs))

    async def _beside_the_loop(self, call: Callable[[], ChatResult]) -> ChatResult:
        return await Line().call(call)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        manager = run_manager.get_sync() if run_manager else None
        chunks = self._stream(messages, stop, manager, **kwargs)
        line = Line()
        try:
            while (chunk := await line.call(lambda: next(chunks, _END))) is not _END:
                yield chunk  # type: ignore[misc]
        finally:
            line.hang_up()


def make_parsable(response_dict: dict[str, Any], **_: Any) -> None:
    """Give botocore a JSON object in the place of a failed answer's body that is none, and so keep its status.

    It fails on a list or a text, and takes a page that no gateway of its own sent for one that says nothing.
    """
    body = response_dict.get("body")
    if response_dict["status_code"] < HTTPStatus.MULTIPLE_CHOICES or not isinstance(body, bytes):
        return
    try:
        readable = isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        readable = False
    if not readable:
        said = body.decode(errors="replace") or http.client.responses.get(response_dict["status_code"], "")
        response_dict["body"] = json.dumps({"message": said}).encode()


def make_readable(parsed: dict[str, Any], **_: Any) -> None:
    """Leave in an answer what langchain-aws can read, and turn tool calls whose input is no object into text.

    It raises on anything else, such as a kind of block that is newer than botocore or an answer without its usage; and
    with that go the tokens it used and what the model is to be shown.
    """
    if "output" not in parsed:
        return
    parsed.setdefault("usage", {})
    message = (parsed["output"] or {}).get("message") or {}
    blocks = [block for block in message.get("content") or [] if block and _UNKNOWN not in block]
    message["content"] = [_readable(block) for block in blocks]
    parsed["output"] = {"message": message}


def _readable(block: dict[str, Any]) -> dict[str, Any]:
    given = block.get("toolUse", {}).get("input", {})
    if isinstance(given, dict):
        return block
    return {"text": given if isinstance(given, str) else json.dumps(given)}
