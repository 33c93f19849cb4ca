"""The `offline` model: a real chat model that answers by rules, with no key and no network."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import BaseModel, PrivateAttr

from fanloom.loops.background import in_thread
from fanloom.models.schema_examples.generator import example_of, example_or_why
from fanloom.models.schema_examples.texts import MARK

# The understudy of the step that is asking. A context variable, because call arguments would end up in every trace.
_UNDERSTUDY: ContextVar[Callable[[], Any] | None] = ContextVar("fanloom_understudy", default=None)

_LONG = 10_000


@contextmanager
def spoken_by(understudy: Callable[[], Any] | None) -> Iterator[None]:
    """Let an understudy give the offline model's answers in this block; None gives marked examples."""
    token = _UNDERSTUDY.set(understudy)
    try:
        yield
    finally:
        _UNDERSTUDY.reset(token)


class OfflineChatModel(BaseChatModel):
    """Answer through the understudy of the step that asks: deterministic, and never a language model's work.

    Without an understudy it gives a small valid instance of the schema it is asked for, or the beginning of the
    message, marked `[offline]`. Raises BadModelOutput of the kind `no_understudy` where it finds no valid instance, as
    with some validators of a model's own. Tokens are estimated at four characters each.
    """

    model_name: str = "offline"
    _output: type[BaseModel] | None = PrivateAttr(None)

    @property
    def _llm_type(self) -> str:
        return "fanloom-offline"

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: str | None = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Bind the tools in OpenAI's form; the first one is the one that is called."""
        asked = self.model_copy()
        # The class itself, for its schema says more than a tool's; a call argument would end up in every trace.
        asked._output = tools[0] if tools and isinstance(tools[0], type) and issubclass(tools[0], BaseModel) else None
        return asked.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        message = _answer(messages, kwargs.get("tools"), self._output)
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        if sum(len(message.text) for message in messages) < _LONG:
            return self._generate(messages, stop, None, **kwargs)
        # In a thread: an understudy may read a megabyte of text, and the loop serves others meanwhile.
        return await in_thread(lambda: self._generate(messages, stop, None, **kwargs))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for part in _parts(_answer(messages, kwargs.get("tools"), self._output)):
            chunk = ChatGenerationChunk(message=part)
            if run_manager:
                run_manager.on_llm_new_token(part.text, chunk=chunk)
            yield chunk


def _answer(
    messages: list[BaseMessage], tools: Sequence[dict[str, Any]] | None, output: type[BaseModel] | None
) -> AIMessage:
    understudy = _UNDERSTUDY.get()
    asked = "\n".join(message.text for message in messages)
    if not tools:
        text = str(understudy()) if understudy else f"{MARK} {_beginning(messages[-1].text)}"
        return AIMessage(text, usage_metadata=_tokens(asked, text), response_metadata=_finished("stop"))
    function = tools[0]["function"]
    data = _plain(understudy()) if understudy else _example(output, function)
    if not isinstance(data, dict):
        # The arguments of a tool call are an object, the answer to a RootModel need not be one.
        text = json.dumps(data, ensure_ascii=False)
        return AIMessage(text, usage_metadata=_tokens(asked, text), response_metadata=_finished("stop"))
    call = {"name": function["name"], "args": data, "id": "offline-1", "type": "tool_call"}
    usage = _tokens(asked, json.dumps(data, ensure_ascii=False))
    return AIMessage("", tool_calls=[call], usage_metadata=usage, response_metadata=_finished("tool_calls"))


def _example(output: type[BaseModel] | None, function: dict[str, Any]) -> Any:
    return example_of(output) if output else example_or_why(function["parameters"], function["name"])


def _parts(message: AIMessage) -> Iterator[AIMessageChunk]:
    for word in re.findall(r"\S+\s*|\s+", message.text):
        yield AIMessageChunk(content=word)
    chunks = [
        {
            "name": call["name"],
            "args": json.dumps(call["args"]),
            "id": call["id"],
            "index": 0,
            "type": "tool_call_chunk",
        }
        for call in message.tool_calls
    ]
    yield AIMessageChunk(
        content="",
        tool_call_chunks=chunks,
        usage_metadata=message.usage_metadata,
        response_metadata=message.response_metadata,
        chunk_position="last",
    )


def _plain(answer: Any) -> Any:
    return answer.model_dump(mode="json") if isinstance(answer, BaseModel) else answer


def _finished(reason: str) -> dict[str, str]:
    return {"finish_reason": reason, "model_name": "offline", "model_provider": "fanloom"}


def _tokens(asked: str, answered: str) -> UsageMetadata:
    given, made = -(-len(asked) // 4), -(-len(answered) // 4)
    return UsageMetadata(input_tokens=given, output_tokens=made, total_tokens=given + made)


def _beginning(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 200 else words[:200].rsplit(" ", 1)[0] + " ..."
