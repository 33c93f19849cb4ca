"""Structured output through each model's own mechanism."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

from pydantic import BaseModel

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage


class Send(Protocol):
    """A coroutine function that asks a model and returns its raw message; options are the model's own."""

    async def __call__(self, messages: Sequence[BaseMessage], config: Any, /, **options: Any) -> AIMessage: ...


def bound(model: BaseChatModel, output: type) -> Send:
    """Return a function that asks `model` for `output`.

    Gemini takes the JSON schema itself, Bedrock and the offline model a forced tool call: each the one mechanism that
    keeps unions, bounds and enums there. Every other model is asked through its own `with_structured_output`.
    """
    if not issubclass(output, BaseModel):
        return cast(Send, model.ainvoke)
    kinds = kinds_of(model)
    if "ChatGoogleGenerativeAI" in kinds:
        return _json_schema(model, output)
    if kinds & {"ChatBedrockConverse", "OfflineChatModel"}:
        return _tool_call(model, output)
    return _own_way(model, output)


def kinds_of(model: BaseChatModel) -> set[str]:
    """Return the names of a model's classes; an isinstance check would import the provider's package."""
    return {base.__name__ for base in type(model).__mro__}


def _json_schema(model: BaseChatModel, output: type[BaseModel]) -> Send:
    schema = output.model_json_schema()
    return cast(Send, model.bind(response_mime_type="application/json", response_json_schema=schema).ainvoke)


def _tool_call(model: BaseChatModel, output: type[BaseModel]) -> Send:
    supported = getattr(model, "supports_tool_choice_values", None) or ()
    choice = output.__name__ if "tool" in supported else "any" if "any" in supported else None
    return cast(Send, model.bind_tools([output], tool_choice=choice).ainvoke)


def _own_way(model: BaseChatModel, output: type[BaseModel]) -> Send:
    structured = model.with_structured_output(output, include_raw=True)

    async def send(messages: Sequence[BaseMessage], config: Any, /, **options: Any) -> AIMessage:
        answer: dict[str, Any] = await structured.ainvoke(list(messages), config)  # type: ignore[assignment]
        raw: AIMessage = answer["raw"]
        return raw

    return send
