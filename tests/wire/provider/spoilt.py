"""Answers that arrive in good order and are no good."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web

from .exchange import Data, Exchange
from .reply import Reply, default_reply


@dataclass(frozen=True)
class Spoilt:
    """The usual answer, changed for the worse."""

    spoil: Callable[[Reply], Reply]
    latency: float | None = None

    async def answer(self, exchange: Exchange) -> web.StreamResponse:
        """Spoil the answer that a healthy provider would give."""
        return await exchange.send(self.spoil(default_reply(exchange.request)))


def empty(candidates: bool = True) -> Spoilt:
    """Say nothing and end well; without candidates, or choices, an answer does not even have an end."""
    return Spoilt(lambda reply: Reply(finish="stop" if candidates else "none"))


def blocked() -> Spoilt:
    """Refuse the prompt: Gemini's promptFeedback, Bedrock's guardrail with its canned text, OpenAI's refusal."""
    return Spoilt(lambda reply: Reply(finish="blocked"))


def safety() -> Spoilt:
    """Withhold the answer for safety."""
    return Spoilt(lambda reply: Reply(finish="safety"))


def recitation() -> Spoilt:
    """Withhold the answer because it recites; the others call it filtered."""
    return Spoilt(lambda reply: Reply(finish="recitation"))


def max_tokens(partial: str | Data | None = None) -> Spoilt:
    """Stop at the output limit, after `partial` or two thirds of the usual answer.

    A partial string is sent as it stands, in JSON too; partial data lacks its closing bracket.
    """
    return Spoilt(lambda reply: Reply(text=_partial(reply, partial), finish="max_tokens"))


def _partial(reply: Reply, partial: str | Data | None) -> str:
    if partial is not None:
        return partial if isinstance(partial, str) else json.dumps(partial)[:-1]
    whole = json.dumps(reply.data) if reply.text is None else reply.text
    return whole[: max(1, 2 * len(whole) // 3)]


def prose(text: str = "Certainly! Here is what I think.") -> Spoilt:
    """Answer in text although data was asked for."""
    return Spoilt(lambda reply: Reply(text=text))


def wrong_shape(data: Data | None = None) -> Spoilt:
    """Answer with data that does not follow the schema, if there is one."""
    return Spoilt(lambda reply: replace(reply, data={"unexpected": True} if data is None else data))


def stringified(data: dict[str, Any] | None = None) -> Spoilt:
    """Give every nested value as a string of JSON, if data is asked for."""
    return Spoilt(lambda reply: replace(reply, data=_stringify(reply.data if data is None else data)))


def _stringify(data: Any) -> Any:
    if not isinstance(data, dict):
        return data
    return {name: json.dumps(value) if isinstance(value, dict | list) else value for name, value in data.items()}


def malformed_tool(raw: str = '{"answer": "unfinis') -> Spoilt:
    """Garble the tool call: Gemini says so and sends nothing, the others send `raw` as the call's input."""
    return Spoilt(lambda reply: Reply(text=raw, finish="malformed_tool"))
