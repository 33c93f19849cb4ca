"""Answers are judged before they are believed."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from fanloom.errors import BadModelOutput, ModelUnavailable, RunError
from fanloom.gateway.answer_validation import explain, fit, fit_in_part
from fanloom.models.answers.thoughts import data_in, words_after
from fanloom.models.answers.whole_characters import whole
from fanloom.models.output_model import OutputModel

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

# Finish reasons of Gemini, Bedrock, OpenAI and Anthropic, in lower case.
_TRUNCATED = {"max_tokens", "length", "model_length", "model_context_window_exceeded"}
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
# A stream of these that ends without a reason was cut off; the clients take what has come for the whole answer. And
# these are all their reasons of answers that are whole: with any other, such as Gemini's OTHER, something is missing.
_ALWAYS_SAY_WHY = {"google_genai", "bedrock_converse", "openai"}
_WHOLE = {"stop", "end_turn", "tool_use", "stop_sequence", "tool_calls", "function_call", "eos_token"}
# How servers of OpenAI's protocol end an answer on which they have failed themselves.
_FAILED = {"error", "abort", "insufficient_system_resource"}
_BAD_CALL = "the model made a malformed tool call"
_KNOWN = sorted(_TRUNCATED | _BLOCKED | _MALFORMED | _WHOLE | _FAILED, key=len, reverse=True)
_REASON = re.compile("|".join(map(re.escape, _KNOWN)))
_FENCE = re.compile(r"\A\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*\Z", re.DOTALL)


def read(message: AIMessage, output: type[T]) -> T:
    """Return the answer in a message as `output` (`str` or a Pydantic model).

    Raises BadModelOutput with kind `truncated`, `blocked`, `malformed`, `empty`, `not_data` or `wrong_shape`, and
    ModelUnavailable for a stream that was cut off.
    """
    _judge_end(message)
    if issubclass(output, BaseModel):
        return _validated(_data(message), output)
    text = words_after(whole(message.text)).strip()
    if not text and message.invalid_tool_calls:
        raise BadModelOutput(_BAD_CALL, kind="malformed")
    if not text:
        raise BadModelOutput("the answer is empty", kind="empty")
    return output(text)  # type: ignore[call-arg]


def _judge_end(message: AIMessage) -> None:
    reason = finish_reason(message)
    reasons = _reasons(reason)
    says_why = str(message.response_metadata.get("model_provider")) in _ALWAYS_SAY_WHY
    if refusal := message.additional_kwargs.get("refusal"):
        raise BadModelOutput(f"the model refuses: {refusal}", kind="blocked")
    if says_why and not reason and (message.text or message.tool_calls or message.invalid_tool_calls):
        raise ModelUnavailable("the answer ended before the model had finished it", kind="connection")
    if reasons & _TRUNCATED:
        raise BadModelOutput("the answer was cut off at the output limit", kind="truncated")
    if reasons & _BLOCKED or _prompt_blocked(message):
        raise BadModelOutput(f"the provider's filter blocked the answer ({reason or 'prompt'})", kind="blocked")
    if reasons & _MALFORMED:
        raise BadModelOutput(_BAD_CALL, kind="malformed")
    if says_why and reasons & _FAILED:
        raise ModelUnavailable(f"the provider failed while it answered ({reason})", kind="server_error")
    if says_why and not reasons <= _WHOLE:
        raise BadModelOutput(f"the provider ended the answer before it was whole ({reason})", kind="blocked")


def salvage(messages: Sequence[AIMessage], output: type[T]) -> T | None:
    """Return what is valid of answers that are lists with some invalid items, or None if there is no such list.

    Of several answers the one with the most valid items is taken, and of equal ones the last. Its `dropped` says what
    was left out and why.
    """
    if not issubclass(output, OutputModel):
        return None
    kept = [found for message in reversed(messages) if (found := _salvaged(message, output))]
    return max(kept, key=lambda found: found[0])[1] if kept else None


def _salvaged(message: AIMessage, output: type[M]) -> tuple[int, M] | None:
    """Return how many items of an answer's list are valid, and the answer with only those."""
    try:
        _judge_end(message)
        return fit_in_part(_data(message), output)
    except (RunError, RecursionError):
        # An answer that was cut off or withheld is not kept in part: nobody knows what is missing.
        return None


def finish_reason(message: AIMessage) -> str:
    """Return why the model stopped, in lower case, or an empty string."""
    known = message.response_metadata
    reason = known.get("finish_reason") or known.get("stopReason") or known.get("stop_reason") or ""
    return str(reason).lower()


@lru_cache(maxsize=64)
def _reasons(said: str) -> frozenset[str]:
    """Return the reasons that are said; those of several events of a stream come joined, such as STOPSTOP."""
    return frozenset() if not said else frozenset([said] if _REASON.sub("", said) else _REASON.findall(said))


def shown(message: AIMessage) -> str:
    """Return what a model answered, as text to show it again."""
    calls = [json.dumps(call["args"]) for call in message.tool_calls]
    calls += [str(call["args"]) for call in message.invalid_tool_calls]
    return whole(message.text.strip() or "\n".join(calls))


def data_shown(message: AIMessage) -> str | None:
    """Return the data that an answer is read from, where `shown` shows something else, as text beside it."""
    if not message.tool_calls:
        return None
    data = json.dumps(message.tool_calls[0]["args"])
    return None if data == shown(message) else data


def _prompt_blocked(message: AIMessage) -> bool:
    feedback = message.response_metadata.get("prompt_feedback")
    reason = feedback.get("block_reason") if isinstance(feedback, dict) else None
    return str(reason or 0) not in ("0", "BLOCK_REASON_UNSPECIFIED")


def _validated(data: Any, output: type[M]) -> M:
    try:
        return fit(data, output)
    except ValidationError as error:
        raise BadModelOutput(explain(error), kind="wrong_shape") from None
    except RecursionError:
        raise BadModelOutput("the answer is nested too deeply to be read", kind="wrong_shape") from None


def _data(message: AIMessage) -> Any:
    if message.tool_calls:
        return message.tool_calls[0]["args"]
    if message.invalid_tool_calls:
        return _parsed(str(message.invalid_tool_calls[0]["args"]), BadModelOutput(_BAD_CALL, kind="malformed"))
    if not message.text.strip():
        raise BadModelOutput("the answer is empty", kind="empty")
    *before, last = map(_unfenced, data_in(message.text))
    for text in before:
        with suppress(BadModelOutput):
            return _parsed(text)
    return _parsed(last)


def _unfenced(text: str) -> str:
    fenced = _FENCE.match(text)
    return fenced.group(1) if fenced else text


def _parsed(text: str, problem: BadModelOutput | None = None) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        said = "the answer is prose or broken JSON where data was asked for"
        raise problem or BadModelOutput(said, kind="not_data") from None
