"""A scripted chat model, for what a wire is not needed for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import PrivateAttr

Reply = Callable[[str], Any]


class ScriptedModel(BaseChatModel):
    """Answer with `reply(prompt text)`: a text, the arguments of the tool that is asked for, a message, or an error."""

    reply: Reply
    gate: Any = None
    _lock: threading.Lock = PrivateAttr(default_factory=threading.Lock)
    _asked: list[str] = PrivateAttr(default_factory=list)
    _in_flight: int = PrivateAttr(default=0)
    _peak: int = PrivateAttr(default=0)

    @property
    def asked(self) -> list[str]:
        return self._asked

    @property
    def peak(self) -> int:
        return self._peak

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Any:
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools])

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        return asyncio.run(self._agenerate(messages, *args, **kwargs))

    async def _agenerate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        text = "\n".join(message.text for message in messages)
        with self._lock:
            self._asked.append(text)
            self._in_flight += 1
            self._peak = max(self._peak, self._in_flight)
        try:
            if self.gate is not None:
                await self.gate()
            return ChatResult(generations=[ChatGeneration(message=_message(self.reply(text), kwargs.get("tools")))])
        finally:
            with self._lock:
                self._in_flight -= 1


def _message(reply: Any, tools: Sequence[Any] | None) -> AIMessage:
    if isinstance(reply, Exception):
        raise reply
    usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
    if isinstance(reply, AIMessage):
        return reply
    if isinstance(reply, dict) and tools:
        call = {"name": tools[0]["function"]["name"], "args": reply, "id": "1"}
        return AIMessage("", tool_calls=[call], usage_metadata=usage)
    return AIMessage(str(reply), usage_metadata=usage)


class Meeting:
    """A gate that opens once `parties` calls stand before it at the same time, from any loop or thread."""

    def __init__(self, parties: int) -> None:
        self._left = parties
        self._lock = threading.Lock()
        self._open = threading.Event()

    async def __call__(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left <= 0:
                self._open.set()
        async with asyncio.timeout(20):
            while not self._open.is_set():  # noqa: ASYNC110 - it is met from several loops
                await asyncio.sleep(0.001)
