"""Whatever a provider sends, a call ends in an answer or in an error of Fanloom's own: tables, and random bodies."""

from __future__ import annotations

import copy
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fanloom import ModelUnavailable, RunError
from fanloom.gateway.bounds import process_limits
from tests.wire.conftest import BEDROCK, GEMINI, KINDS, OPENAI
from tests.wire.provider import FakeProvider, Request, events, raw
from tests.wire.provider.bedrock import body as bedrock_body
from tests.wire.provider.gemini import body as gemini_body
from tests.wire.provider.openai import body as openai_body
from tests.wire.provider.reply import Reply
from tests.wire.steps import GOOD, PLAIN, QUESTION, TYPED, asks, fan_out, one_step

GRAPHS = {"plain": one_step(PLAIN), "typed": one_step(TYPED)}
ASK = {"question": QUESTION}
BODIES = {GEMINI: gemini_body, BEDROCK: bedrock_body, OPENAI: openai_body}
STREAMED = {
    GEMINI: [
        ("", {"candidates": [{"content": {"role": "model", "parts": [{"text": "y"}]}, "index": 0}]}),
        ("", {"candidates": [{"content": {"parts": [{"text": "es"}]}, "finishReason": "STOP"}], "usageMetadata": {}}),
    ],
    BEDROCK: [
        ("messageStart", {"role": "assistant"}),
        ("contentBlockDelta", {"delta": {"text": "yes"}, "contentBlockIndex": 0}),
        ("contentBlockStop", {"contentBlockIndex": 0}),
        ("messageStop", {"stopReason": "end_turn"}),
        ("metadata", {"usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}, "metrics": {"latencyMs": 1}}),
    ],
    OPENAI: [
        ("", {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "y"}, "finish_reason": None}]}),
        ("", {"choices": [{"index": 0, "delta": {"content": "es"}, "finish_reason": None}]}),
        ("", {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
        ("", {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}),
    ],
}
SCALARS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=8)
WORDS = st.sampled_from(
    ["error", "code", "message", "text", "output", "usage", "candidates", "content", "toolUse", "choices"]
)
JSON = st.recursive(
    SCALARS, lambda below: st.lists(below, max_size=3) | st.dictionaries(WORDS | st.text(max_size=8), below, max_size=3)
)


def places(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Name every place of a body, its own included."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [above, *(place for key, item in inner for place in places(item, (*above, key)))]


def spoilt(draw: Any, body: Any) -> Any:
    """Put something else at some places of a body, or take them away."""
    body = copy.deepcopy(body)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(places(body)))
        if not place:
            return draw(JSON)
        holder = body
        for key in place[:-1]:
            holder = holder[key]
        if draw(st.booleans()):
            holder[place[-1]] = draw(JSON)
        else:
            del holder[place[-1]]
    return body


def healthy(model: str, shape: str) -> Any:
    """Return a good body of the model's provider."""
    reply = Reply(text="yes") if shape == "plain" else Reply(data=GOOD)
    tools = {"Answered": {}} if shape == "typed" and model == BEDROCK else {}
    request = Request(KINDS[model], model, "", False, {}, {}, tools=tools)
    request.tool_name = next(iter(tools), None)
    return BODIES[model](reply, request)


many = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("shape", GRAPHS)
@many
@given(data=st.data())
def test_a_random_body_ends_in_an_answer_or_in_an_error_of_ours(
    wire: FakeProvider, both: str, shape: str, data: st.DataObject
) -> None:
    # The refusals of one example would slow the next ones down.
    process_limits._limits.clear()
    code = data.draw(st.sampled_from([200, 200, 200, 400, 429, 499, 500]))
    wire.reply = raw(spoilt(data.draw, healthy(both, shape)), code)
    with suppress(RunError):
        assert GRAPHS[shape].invoke(ASK, context={"model": both, "max_attempts": 1})["answer"]


@many
@given(data=st.data())
def test_a_stream_of_random_events_ends_in_an_answer_or_in_an_error_of_ours(
    wire: FakeProvider, both: str, data: st.DataObject
) -> None:
    sent = [(name, spoilt(data.draw, body)) for name, body in STREAMED[both]]
    wire.reply = events(*data.draw(st.permutations(sent)))
    with suppress(RunError):
        assert list(GRAPHS["plain"].stream(ASK, context={"model": both, "max_attempts": 1}, stream_mode="messages"))


@pytest.mark.parametrize("counted", [None, {}, {"promptTokenCount": 7, "inputTokens": 7, "prompt_tokens": 7}])
def test_a_budget_of_tokens_holds_where_none_are_counted(wire: FakeProvider, both: str, counted: Any) -> None:
    body = healthy(both, "plain")
    name = "usageMetadata" if both == GEMINI else "usage"
    body[name] = counted
    wire.reply = raw(body)
    context = {"model": both, "max_total_tokens": 30, "max_concurrency": 1}
    result = fan_out(asks).invoke({"items": [f"q{number}" for number in range(40)]}, context=context)
    assert len(wire.requests) < 10
    used = result["usage"]
    assert (used["cost_usd"], used["estimated_calls"]) == (None, used["model_calls"])
    assert used["input_tokens"] + used["output_tokens"] >= 30


@pytest.mark.parametrize("said", [{"code": 503, "message": "overloaded"}, {"message": "no"}, "overloaded"])
def test_an_error_in_a_good_status_is_one(wire: FakeProvider, said: Any) -> None:
    wire.reply = raw({"error": said})
    with pytest.raises(ModelUnavailable) as failed:
        GRAPHS["plain"].invoke(ASK, context={"model": GEMINI, "max_attempts": 1})
    assert failed.value.kind == "server_error"


@dataclass(frozen=True)
class Compressed:
    """A body that is not what its headers say of it."""

    encoding: str
    latency: float | None = None

    async def answer(self, exchange: Any) -> web.StreamResponse:
        headers = {"content-type": "application/json", "content-encoding": self.encoding}
        return web.Response(body=b"no such thing", headers=headers)


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd"])
def test_a_body_that_cannot_be_unpacked_is_no_refusal(wire: FakeProvider, both: str, encoding: str) -> None:
    wire.reply = Compressed(encoding)
    with pytest.raises(ModelUnavailable) as failed:
        GRAPHS["plain"].invoke(ASK, context={"model": both, "max_attempts": 1})
    assert failed.value.kind == "connection"


def test_blocks_of_a_kind_that_nobody_knows_are_left_out(wire: FakeProvider) -> None:
    body = healthy(BEDROCK, "plain")
    body["output"]["message"]["content"] += [{"hologram": {"x": 1}}]
    wire.reply = raw(body)
    assert GRAPHS["plain"].invoke(ASK, context={"model": BEDROCK})["answer"] == "yes"


def test_a_message_of_nobody_in_place_of_the_models_is_no_answer(wire: FakeProvider) -> None:
    wire.reply = events(("messageStart", {"role": []}), *STREAMED[BEDROCK][1:])
    with pytest.raises(ModelUnavailable, match="in place of an AIMessage") as failed:
        list(GRAPHS["plain"].stream(ASK, context={"model": BEDROCK, "max_attempts": 1}, stream_mode="messages"))
    assert failed.value.kind == "unreadable"


@pytest.mark.parametrize("said", [[False, None], "many", -1, 2**70, {"a": 1}])
def test_what_is_no_number_of_tokens_counts_as_none(wire: FakeProvider, both: str, said: Any) -> None:
    body = healthy(both, "plain")
    names = {GEMINI: "promptTokenCount", BEDROCK: "inputTokens", OPENAI: "prompt_tokens"}
    body["usageMetadata" if both == GEMINI else "usage"][names[both]] = said
    wire.reply = raw(body)
    with suppress(ModelUnavailable):
        used = GRAPHS["plain"].invoke(ASK, context={"model": both, "max_attempts": 1})["usage"]
        assert (used["cost_usd"], used["estimated_calls"]) == (None, 1)
        assert 0 < used["input_tokens"] < 1000
