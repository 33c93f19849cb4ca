"""What servers of OpenAI's protocol put into an answer that is there all the same: it is read, whole and streamed."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fanloom import RunError
from fanloom.gateway.bounds import process_limits
from tests.ports import free_port
from tests.wire.conftest import OPENAI
from tests.wire.provider import FakeProvider, events, raw
from tests.wire.steps import GOOD, PLAIN, QUESTION, TYPED, one_step

ASK = {"question": QUESTION}
GRAPHS = {"plain": one_step(PLAIN), "typed": one_step(TYPED)}
COUNTED = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
AZURE = "azure_openai:gpt-4o"


def whole(finish: Any = "stop", usage: Any = COUNTED, **message: Any) -> dict[str, Any]:
    """Return a body with one message."""
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion", "model": "m", "choices": [choice], "usage": usage}


def streamed(body: dict[str, Any]) -> Any:
    """Send a body as a stream does: the message, why it ended, the usage."""
    choice, envelope = body["choices"][0], {**body, "choices": [], "usage": None}
    said = {**choice, "delta": choice["message"], "finish_reason": None}
    last = {**choice, "delta": {}}
    sent = [{**envelope, "choices": [said]}, {**envelope, "choices": [last]}, {**envelope, "usage": body["usage"]}]
    return events(*(("", event) for event in sent))


def asked(wire: FakeProvider, body: dict[str, Any], shape: str, model: str = OPENAI) -> dict[str, Any]:
    """Ask once, and return what the run ended with."""
    context = {"model": model, "max_attempts": 1}
    wire.reply = streamed(body) if shape == "streamed" else raw(body)
    graph, result = GRAPHS["typed" if shape == "typed" else "plain"], {}
    for mode, part in graph.stream(ASK, context=context, stream_mode=["values", *["messages"] * (shape == "streamed")]):
        result = part if mode == "values" else result
    return result


@pytest.fixture
def azure(wire: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lead Azure's client to the provider, beside OpenAI's."""
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", wire.url)
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "fake-azure-key")
    monkeypatch.setenv("OPENAI_API_VERSION", "2025-03-01-preview")


@pytest.fixture(params=[OPENAI, AZURE], ids=["openai", "azure"])
def server(request: pytest.FixtureRequest, azure: None, monkeypatch: pytest.MonkeyPatch) -> str:
    """Name a model at a server of OpenAI's protocol and one at Azure in turn."""
    if request.param == AZURE:
        monkeypatch.delenv("OPENAI_BASE_URL")
    return str(request.param)


USAGES = {
    "as floats": ({"prompt_tokens": 3.0, "completion_tokens": 2.0, "total_tokens": 5.0}, True),
    "odd details": ({**COUNTED, "prompt_tokens_details": 5, "completion_tokens_details": [1]}, True),
    "odd counts in details": ({**COUNTED, "prompt_tokens_details": {"cached_tokens": {"a": 1}}}, True),
    "no sum": ({**COUNTED, "total_tokens": "many"}, True),
    "as texts": ({"prompt_tokens": "3", "completion_tokens": "2"}, False),
    "in other words": ({"input_tokens": 3, "output_tokens": 2}, False),
    "a sum only": ({"total_tokens": 5}, False),
    "in part": ({"prompt_tokens": 3.5, "completion_tokens": 2}, False),
    "true": ({"prompt_tokens": True, "completion_tokens": 2}, False),
    "a word": ("none", False),
    "a number": (5, False),
    "a list": ([1], False),
}


@pytest.mark.parametrize("shape", ["plain", "streamed"])
@pytest.mark.parametrize("name", USAGES)
def test_an_answer_is_kept_whatever_its_usage_is(wire: FakeProvider, name: str, shape: str) -> None:
    usage, is_counted = USAGES[name]
    result = asked(wire, whole(content="yes", usage=usage), shape)
    used = result["usage"]
    assert (result["answer"], used["model_calls"]) == ("yes", 1)
    assert (used["cost_usd"] is not None, used["estimated_calls"]) == (is_counted, int(not is_counted))
    assert not is_counted or (used["input_tokens"], used["output_tokens"]) == (3, 2)


TEXTS = {
    "another role": whole(content="yes", role="model"),
    "nobody's role": whole(content="yes", role=5),
    "the user's role": whole(content="yes", role="user"),
    "blocks": whole(content=[{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"text": "yes"}]),
    "blocks and nothing": whole(content=[None, {"type": "text", "text": None}, {"type": "output_text", "text": "yes"}]),
    "texts": whole(content=["y", "es"]),
    "odd names": {**whole(content="yes", name=5, id=[]), "model": 5, "system_fingerprint": {}, "service_tier": ["x"]},
    "odd extras": whole(content="yes", tool_calls=[None, "x", {"id": 1}], function_call="x", audio=5, refusal=""),
    "a tier whose cache is odd": {
        **whole(content="yes", usage={**COUNTED, "prompt_tokens_details": {"cached_tokens": "x"}}),
        "service_tier": "flex",
    },
}


@pytest.mark.parametrize("shape", ["plain", "streamed"])
@pytest.mark.parametrize("name", TEXTS)
def test_a_text_is_read_in_any_form(wire: FakeProvider, name: str, shape: str) -> None:
    assert asked(wire, TEXTS[name], shape)["answer"] == "yes"


def called(arguments: Any, **more: Any) -> dict[str, Any]:
    """Return a message that calls a tool in place of saying the data."""
    function = {"name": "Answered", "arguments": arguments}
    return whole("tool_calls", content=None, tool_calls=[{"id": "c", "function": function, **more}])


DATA = {
    "as an object": whole(content=GOOD),
    "in a tool call": called(json.dumps(GOOD)),
    "as an object in a tool call": called(GOOD),
    "in a tool call without a name": called(json.dumps(GOOD), id=5, type=None),
}


@pytest.mark.parametrize("name", DATA)
def test_data_is_read_in_any_form(wire: FakeProvider, name: str) -> None:
    assert asked(wire, DATA[name], "typed")["answer"] == GOOD


ERRORS = {
    "beside the message": ({"choices": [{"message": {"content": ""}, "error": {"code": 502, "message": "died"}}]}, 502),
    "in its place": ({"choices": [{"index": 0, "error": {"code": 429, "message": "slow down"}}]}, 429),
    "vllm's": ({"object": "error", "message": "slow down", "code": 429}, 429),
    "a gateway's": ({"code": 429, "msg": "slow down", "data": None}, 429),
    "fastapi's": ({"detail": "died"}, 500),
}


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_found_where_a_server_puts_it(wire: FakeProvider, name: str, streams: bool) -> None:
    body, status = ERRORS[name]
    wire.reply = events(("", body)) if streams else raw(body)
    mode = "messages" if streams else "values"
    with pytest.raises(RunError) as failed:
        list(GRAPHS["plain"].stream(ASK, context={"model": OPENAI, "max_attempts": 1}, stream_mode=mode))
    assert failed.value.kind == ("throttled" if status == 429 else "server_error")
    assert "slow down" in str(failed.value) or "died" in str(failed.value)


def test_an_error_in_a_stream_is_told_in_the_server_s_words(wire: FakeProvider) -> None:
    wire.reply = events(("", {"error": "the disk is full"}))
    with pytest.raises(RunError, match="the disk is full"):
        list(GRAPHS["plain"].stream(ASK, context={"model": OPENAI, "max_attempts": 1}, stream_mode="messages"))


FILTERED = {
    "azure": (400, {"error": {"code": "content_filter", "message": "filtered", "param": "prompt"}}),
    "azure, within": (400, {"error": {"code": "BadRequest", "innererror": {"code": "ResponsibleAIPolicyViolation"}}}),
    "openai": (400, {"error": {"code": "invalid_prompt", "message": "Your prompt was flagged."}}),
    "openrouter": (403, {"error": {"code": 403, "message": "flagged", "metadata": {"flagged_input": "x"}}}),
    "in a good status": (200, {"error": {"code": "content_filter", "message": "filtered"}}),
}


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("name", FILTERED)
def test_a_prompt_that_a_filter_refuses_is_blocked(wire: FakeProvider, name: str, streams: bool) -> None:
    code, body = FILTERED[name]
    wire.reply = raw(body, code)
    mode = "messages" if streams else "values"
    with pytest.raises(RunError) as failed:
        list(GRAPHS["plain"].stream(ASK, context={"model": OPENAI, "max_attempts": 1}, stream_mode=mode))
    assert failed.value.kind == "blocked"


@pytest.mark.parametrize("body", [{"error": "Model unloaded."}, {"error": {"message": "Model unloaded."}}])
def test_a_refusal_is_told_in_the_server_s_words(wire: FakeProvider, body: Any) -> None:
    wire.reply = raw(body, 400)
    with pytest.raises(RunError, match=r"It says: Model unloaded\."):
        GRAPHS["plain"].invoke(ASK, context={"model": OPENAI})


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.text(max_size=4) | st.just("stop"),
    lambda below: st.lists(below, max_size=2) | st.dictionaries(st.text(max_size=4), below, max_size=2),
)
FUNCTION = st.fixed_dictionaries({}, optional={"name": VALUES, "arguments": VALUES | st.just(json.dumps(GOOD))})
CALL = st.fixed_dictionaries({}, optional={"index": VALUES, "id": VALUES, "function": FUNCTION | VALUES})
MESSAGE = st.fixed_dictionaries(
    {},
    optional={
        "role": VALUES,
        "content": VALUES | st.just(json.dumps(GOOD)),
        "refusal": VALUES,
        "tool_calls": VALUES | st.lists(CALL | VALUES, max_size=2),
        "function_call": VALUES | FUNCTION,
        "reasoning_content": VALUES,
        "content_filter_results": VALUES,
    },
)
USAGE = st.fixed_dictionaries(
    {},
    optional={
        name: VALUES | st.dictionaries(st.sampled_from(["cached_tokens", "reasoning_tokens"]), VALUES)
        for name in (*COUNTED, "prompt_tokens_details", "completion_tokens_details")
    },
)
FINISH = st.sampled_from(["stop", "length", "content_filter", "tool_calls", "error", None]) | VALUES


@pytest.mark.parametrize("shape", ["plain", "typed", "streamed"])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(message=MESSAGE, usage=USAGE | VALUES, finish=FINISH, more=st.dictionaries(st.just("service_tier"), VALUES))
def test_a_random_message_ends_in_an_answer_or_in_an_error_of_ours(
    wire: FakeProvider, server: str, shape: str, message: Any, usage: Any, finish: Any, more: Any
) -> None:
    # The refusals of one example would slow the next ones down.
    process_limits._limits.clear()
    with suppress(RunError):
        result = asked(wire, {**whole(finish, usage, **message), **more}, shape, server)
        assert result["answer"]
        assert (result["usage"]["cost_usd"] is None) == bool(result["usage"]["estimated_calls"])


def test_azure_s_own_variables_are_named_where_it_fails(azure: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("OPENAI_BASE_URL")
    with pytest.raises(RunError, match="AZURE_OPENAI_ENDPOINT") as failed:
        GRAPHS["plain"].invoke(ASK, context={"model": AZURE, "max_attempts": 1})
    assert failed.value.kind == "connection"
