"""What a server of OpenAI's protocol sends, in the one form that langchain-openai reads, whatever stands in it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any, Self

_NAMES = ("id", "model", "system_fingerprint", "service_tier")
_TEXTS = (None, "text", "output_text")
# How gateways and some servers tell of an error where others have an `error`.
_TOLD_AS = ("message", "detail", "msg")
# How OpenAI, Azure and OpenRouter tell that a filter has refused the prompt.
_FILTERS = {
    "content_filter",
    "content_policy_violation",
    "invalid_prompt",
    "ResponsibleAIPolicyViolation",
    "flagged_input",
}


def error_in(body: Any) -> Any:
    """Return what is said in a body in the place of an answer; None where it has an answer, or says nothing."""
    if not isinstance(body, dict):
        return "nothing" if body is None else body
    choice = _first_choice(body)
    if said := body.get("error") or choice.get("error"):
        return said
    return body if not choice and any(isinstance(body.get(name), str) for name in _TOLD_AS) else None


def words_of(said: dict[str, Any]) -> str:
    """Return the sentence in what a server says of an error, or all of it."""
    return str(next((words for name in _TOLD_AS if (words := said.get(name))), said))


def tells_of_filter(said: Any) -> bool:
    """Say whether an error says that a filter has withheld the answer, in its code, one within it, or its metadata."""
    known, inner, more = _object(said), _object(_object(said).get("innererror")), _object(_object(said).get("metadata"))
    words = (known.get("code"), known.get("type"), inner.get("code"), *more)
    return bool(_FILTERS & set(map(str, words)))


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def readable(body: dict[str, Any], part: str) -> dict[str, Any]:
    """Return a body with one choice, whose `part` (`message` or `delta`) is the model's; a chunk can have no choice."""
    kept = {name: body[name] for name in _NAMES if isinstance(body.get(name), str)}
    choice = _first_choice(body)
    choices = [_choice(choice, part)] if choice or part == "message" else []
    return {**kept, "choices": choices, "usage": _counts(body.get("usage"))}


def _first_choice(body: dict[str, Any]) -> dict[str, Any]:
    choices = body.get("choices")
    found = choices if isinstance(choices, list) else []
    return next((choice for choice in found if isinstance(choice, dict)), {})


def _choice(choice: dict[str, Any], part: str) -> dict[str, Any]:
    said = _object(choice.get(part))
    message = {"role": "assistant", "content": _text(said.get("content")), "tool_calls": _calls(said.get("tool_calls"))}
    if refusal := said.get("refusal"):
        message["refusal"] = _as_text(refusal)
    return {"index": 0, part: message, "finish_reason": choice.get("finish_reason")}


def _text(content: Any) -> str:
    """Return the text of a content: of its blocks those that are text, and data as the JSON that it is."""
    if not isinstance(content, list):
        return "" if content is None else _as_text(content)
    blocks = [{"text": block} if isinstance(block, str) else block for block in content]
    texts = [block.get("text") for block in blocks if isinstance(block, dict) and block.get("type") in _TEXTS]
    return "".join(text for text in texts if isinstance(text, str))


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _calls(calls: Any) -> list[dict[str, Any]]:
    """Return the calls of functions; some servers give their arguments as the object that they are."""
    found = [call for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    return [_call(call, place) for place, call in enumerate(found) if isinstance(call.get("function"), dict)]


def _call(call: dict[str, Any], place: int) -> dict[str, Any]:
    function = call["function"]
    arguments = function.get("arguments")
    named = {"name": _if_text(function.get("name")), "arguments": None if arguments is None else _as_text(arguments)}
    index = call["index"] if isinstance(call.get("index"), int) else place
    return {"index": index, "id": _if_text(call.get("id")), "type": "function", "function": named}


def _if_text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _counts(usage: Any) -> dict[str, Any] | None:
    """Return the numbers of a usage, and those of its details; all else is left out, as if nobody had counted."""
    if not isinstance(usage, dict):
        return None
    numbers = {name: int(usage[name]) for name in usage if name.endswith("_tokens") and _is_a_number(usage[name])}
    details = {name: _counts(usage[name]) for name in usage if name.endswith("_details")}
    return {**numbers, **details}


def _is_a_number(value: Any) -> bool:
    return type(value) is int or (isinstance(value, float) and value.is_integer())


class Completions:
    """The SDK's own, whose streams give each chunk as plain data: pydantic would warn of what is odd in one."""

    def __init__(self, own: Any) -> None:
        self._own = own

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)

    async def create(self, **asked: Any) -> Any:
        """Ask, and return the stream or the answer."""
        answer = await self._own.create(**asked)
        return _Chunks(answer) if asked.get("stream") else answer


class _Chunks:
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aenter__(self) -> Self:
        await self._stream.__aenter__()
        return self

    async def __aexit__(self, *raised: Any) -> None:
        await self._stream.__aexit__(*raised)

    async def __aiter__(self) -> AsyncIterator[Any]:
        async for chunk in self._stream:
            yield chunk.model_dump(warnings=False)
