"""Answers are judged before they are believed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from fanloom.errors import BadModelOutput, ModelUnavailable, RunError
from fanloom.schema import OutputModel

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
# A stream of these that ends without a reason was cut off; the clients take what has come for the whole answer.
_ALWAYS_SAY_WHY = {"google_genai", "bedrock_converse"}
_FENCE = re.compile(r"\A\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*\Z", re.DOTALL)


def read(message: AIMessage, output: type[T]) -> T:
    """Return the answer in a message as `output` (`str` or a Pydantic model).

    Raises BadModelOutput with kind `truncated`, `blocked`, `malformed`, `empty`, `not_data` or `wrong_shape`, and
    ModelUnavailable for a stream that was cut off.
    """
    _judge_end(message)
    if issubclass(output, BaseModel):
        return _validated(_data(message), output)
    text = message.text.strip()
    if not text:
        raise BadModelOutput("the answer is empty", kind="empty")
    return output(text)  # type: ignore[call-arg]


def _judge_end(message: AIMessage) -> None:
    reason = finish_reason(message)
    if not reason and message.text and message.response_metadata.get("model_provider") in _ALWAYS_SAY_WHY:
        raise ModelUnavailable("the answer ended before the model had finished it", kind="connection")
    if reason in _TRUNCATED:
        raise BadModelOutput("the answer was cut off at the output limit", kind="truncated")
    if reason in _BLOCKED or _prompt_blocked(message):
        raise BadModelOutput(f"the provider's filter blocked the answer ({reason or 'prompt'})", kind="blocked")
    if reason in _MALFORMED:
        raise BadModelOutput("the model made a malformed tool call", kind="malformed")


def salvage(message: AIMessage, output: type[T]) -> T | None:
    """Return what is valid of an answer that is a list with some invalid items, or None if there is no such list.

    The answer's `dropped` says what was left out and why.
    """
    if not issubclass(output, OutputModel):
        return None
    try:
        _judge_end(message)
        data = _unpacked(_data(message))
        output.model_validate(data)
    except RunError:
        # An answer that was cut off or withheld is not kept in part: nobody knows what is missing.
        return None
    except ValidationError as error:
        return _without(data, error, output)
    return None


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


def _without(data: Any, error: ValidationError, output: type[M]) -> M | None:
    wrong = [entry["loc"] for entry in error.errors(include_url=False)]
    fields = {place[0] for place in wrong}
    if len(fields) != 1 or not all(len(place) > 1 and isinstance(place[1], int) for place in wrong):
        return None
    (field,) = fields
    bad = {place[1] for place in wrong}
    kept = [item for number, item in enumerate(data[field]) if number not in bad]
    try:
        answer = output.model_validate({**data, field: kept}) if kept else None
    except ValidationError:
        return None
    if isinstance(answer, OutputModel):
        answer.dropped = [_explain(error)]
    return answer


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
