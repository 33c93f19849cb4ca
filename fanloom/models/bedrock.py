"""Bedrock at full width: langchain-aws runs its calls on the loop's small default thread pool; this one does not."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any, Self

from langchain_aws import ChatBedrockConverse
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import model_validator

from fanloom.models.aws.bedrock_connection import Line, sends_on_lines

_END = object()


class WideBedrockConverse(ChatBedrockConverse):
    """ChatBedrockConverse whose async calls each have a thread of their own.

    The default pool has 6 threads on 2 cores, so 64 calls of one second take 11 s (langchain-aws issue 663). How many
    calls are in flight is the gateway's affair. A call that is given up ends its thread; the threads are daemons, so
    that none keeps a process alive.
    """

    @model_validator(mode="after")
    def listen_to_the_client(self) -> Self:
        """Have the client hand over tool calls on which langchain-aws would fail, and send on lines."""
        events = self.client.meta.events
        events.register("after-call.bedrock-runtime.Converse", show_malformed_calls)
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
        return await Line().call(lambda: self._generate(messages, stop, manager, **kwargs))

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


def show_malformed_calls(parsed: dict[str, Any], **_: Any) -> None:
    """Turn tool calls whose input is no object into the text they are.

    langchain-aws raises on such a call, and with it go the tokens it used and what the model is to be shown.
    """
    message = parsed.get("output", {}).get("message", {})
    message["content"] = [_readable(block) for block in message.get("content", [])]


def _readable(block: dict[str, Any]) -> dict[str, Any]:
    given = block.get("toolUse", {}).get("input", {})
    if isinstance(given, dict):
        return block
    return {"text": given if isinstance(given, str) else json.dumps(given)}
