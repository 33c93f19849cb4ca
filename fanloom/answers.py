"""Answers are judged before they are believed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from fanloom.errors import BadModelOutput

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

# Finish reasons of Gemini, Bedrock, OpenAI and Anthropic, in lower case.
_TRUNCATED = {"max_tokens", "length", "model_context_window_exceeded"}
_BLOCKED = {
    "safety",
    "recitation",
    "blocklist",
    "prohibited_content",
    "spii",
    "image_safety",
    "language",
    "guardrail_intervened",
    "content_filtered",
    "content_filter",
    "refusal",
}
_MALFORMED = {"malformed_function_call", "malformed_tool_use", "malformed_model_output", "unexpected_tool_call"}
_FENCE = re.compile(r"\A\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*\Z", re.DOTALL)


def read(message: AIMessage, output: type[T]) -> T:
    """Return the answer in a message as `output` (`str` or a Pydantic model).

    Raises BadModelOutput with kind `truncated`, `blocked`, `malformed`, `empty`, `not_data` or `wrong_shape`.
    """
    reason = finish_reason(message)
    if reason in _TRUNCATED:
        raise BadModelOutput("the answer was cut off at the output limit", kind="truncated")
    if reason in _BLOCKED or _prompt_blocked(message):
        raise BadModelOutput(f"the provider's filter blocked the answer ({reason or 'prompt'})", kind="blocked")
    if reason in _MALFORMED:
        raise BadModelOutput("the model made a malformed tool call", kind="malformed")
    if issubclass(output, BaseModel):
        return _validated(_data(message), output)
    text = message.text.strip()
    if not text:
        raise BadModelOutput("the answer is empty", kind="empty")
    return output(text)  # type: ignore[call-arg]


def finish_reason(message: AIMessage) -> str:
    """Return why the model stopped, in lower case, or an empty string."""
    known = message.response_metadata
    reason = known.get("finish_reason") or known.get("stopReason") or known.get("stop_reason") or ""
    return str(reason).lower()


def shown(message: AIMessage) -> str:
    """Return what a model answered, as text to show it again."""
    return message.text.strip() or "\n".join(json.dumps(call["args"]) for call in message.tool_calls)


def _prompt_blocked(message: AIMessage) -> bool:
    feedback = message.response_metadata.get("prompt_feedback") or {}
    return str(feedback.get("block_reason") or 0) not in ("0", "BLOCK_REASON_UNSPECIFIED")


def _validated(data: Any, output: type[M]) -> M:
    try:
        return output.model_validate(data)
    except ValidationError as error:
        # Some models give nested values as JSON text; only an answer that does not fit is read that way.
        unpacked = _unpacked(data)
        if unpacked != data:
            return _validated(unpacked, output)
        raise BadModelOutput(_explain(error), kind="wrong_shape") from None


def _data(message: AIMessage) -> Any:
    if message.tool_calls:
        return message.tool_calls[0]["args"]
    if message.invalid_tool_calls:
        return _parsed(str(message.invalid_tool_calls[0]["args"]))
    text = message.text.strip()
    if not text:
        raise BadModelOutput("the answer is empty", kind="empty")
    fenced = _FENCE.match(text)
    return _parsed(fenced.group(1) if fenced else text)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise BadModelOutput("the answer is prose or broken JSON where data was asked for", kind="not_data") from None


def _unpacked(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _unpacked(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_unpacked(item) for item in value]
    if isinstance(value, str) and value.strip()[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _explain(error: ValidationError) -> str:
    problems = [f"{'.'.join(map(str, e['loc'])) or 'answer'}: {e['msg']}" for e in error.errors(include_url=False)[:5]]
    return "the answer does not fit: " + "; ".join(problems)
