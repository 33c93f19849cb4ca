"""Structured output through each model's own mechanism."""

from __future__ import annotations

import re
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

from pydantic import BaseModel

from fanloom.models.narrowing.schema_budget import BEDROCK, GEMINI, OPENAI, within
from fanloom.models.openai_server import is_strict
from fanloom.models.output_model import let_go, portable
from fanloom.models.strict_schema import strict

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage


OPENAIS = {"ChatOpenAI", "AzureChatOpenAI"}
_NOT_IN_A_NAME = re.compile(r"[^\w-]")


class Send(Protocol):
    """A coroutine function that asks a model and returns its raw message; options are the model's own."""

    def __call__(
        self, messages: Sequence[BaseMessage], config: Any, /, **options: Any
    ) -> Coroutine[Any, Any, AIMessage]: ...


def bound(model: BaseChatModel, output: type) -> Send:
    """Return a function that asks `model` for `output`.

    Gemini and OpenAI's protocol take the JSON schema itself, Bedrock and the offline model a forced tool call: each the
    one mechanism that keeps unions, bounds and enums there. Every other model is asked through its own
    `with_structured_output`.
    """
    if not issubclass(output, BaseModel):
        return cast(Send, model.ainvoke)
    kinds = kinds_of(model)
    if "ReplayChatModel" in kinds:
        # Its answers are as they were recorded, whatever is asked for.
        return cast(Send, model.ainvoke)
    if "ChatGoogleGenerativeAI" in kinds:
        return _json_schema(model, output)
    if kinds & {"ChatBedrockConverse", "OfflineChatModel"}:
        return _tool_call(model, output)
    if kinds & OPENAIS and not getattr(model, "use_responses_api", None):
        return _response_format(model, output)
    return _own_way(model, output)


def kinds_of(model: BaseChatModel) -> set[str]:
    """Return the names of a model's classes; an isinstance check would import the provider's package."""
    return {base.__name__ for base in type(model).__mro__}


def _json_schema(model: BaseChatModel, output: type[BaseModel]) -> Send:
    schema = within(output.model_json_schema(), GEMINI)
    return cast(Send, model.bind(response_mime_type="application/json", response_json_schema=schema).ainvoke)


def _response_format(model: Any, output: type[BaseModel]) -> Send:
    schema = within(portable(output.model_json_schema()), OPENAI)
    in_strict = strict(schema) if is_strict(str(model.root_async_client.base_url)) else None
    wanted = {"name": _NOT_IN_A_NAME.sub("_", output.__name__)[:64], "schema": in_strict or schema}
    asked = {"type": "json_schema", "json_schema": {**wanted, "strict": True} if in_strict else wanted}
    # As an argument it would go through the SDK's `parse`, which raises on an answer that is cut off or does not fit.
    extra = {**(model.extra_body or {}), "response_format": asked}
    return cast(Send, model.bind(extra_body=extra).ainvoke)


def _tool_call(model: BaseChatModel, output: type[BaseModel]) -> Send:
    supported = getattr(model, "supports_tool_choice_values", None) or ()
    choice = output.__name__ if "tool" in supported else "any" if "any" in supported else None
    return cast(Send, model.bind_tools([_tool(model, output)], tool_choice=choice).ainvoke)


def _tool(model: BaseChatModel, output: type[BaseModel]) -> Any:
    """Return what stands for the output as a tool; the offline model makes its examples of the class itself."""
    if "OfflineChatModel" in kinds_of(model):
        return output
    from langchain_core.utils.function_calling import convert_to_openai_tool

    tool = convert_to_openai_tool(output)
    tool["function"]["parameters"] = within(tool["function"]["parameters"], BEDROCK)
    return tool


def _own_way(model: BaseChatModel, output: type[BaseModel]) -> Send:
    structured = model.with_structured_output(output, include_raw=True)

    async def send(messages: Sequence[BaseMessage], config: Any, /, **options: Any) -> AIMessage:
        answer: dict[str, Any] = await structured.ainvoke(list(messages), config)  # type: ignore[assignment]
        let_go(answer["parsing_error"])
        raw: AIMessage = answer["raw"]
        return raw

    return send
