"""Servers of OpenAI's protocol: what they say in words and forms of their own, and what is told of it."""

from __future__ import annotations

import asyncio
import gc
import json
import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from aiohttp import web
from pydantic import Field

from fanloom import BadModelOutput, LLMStep, ModelRefused, ModelUnavailable, OutputModel, Prompt, RunError, chat_model
from fanloom.errors import InvalidSettings, MissingCredentials, MissingPackage
from fanloom.loops.background import on_background, run_in_background
from fanloom.models import factory, structured_output
from fanloom.models.openai_server import needs_key
from tests.ports import free_port
from tests.wire.conftest import GEMINI, OPENAI
from tests.wire.provider import FakeProvider, Reply, Request, blocked, status, stream_cut
from tests.wire.steps import GOOD, PLAIN, PROMPTS, QUESTION, TYPED, asks, fan_out, one_step, run

ASK = {"question": QUESTION}
GRAPHS = {"plain": one_step(PLAIN), "typed": one_step(TYPED)}


@dataclass(frozen=True)
class Body:
    """A body that is no answer of the protocol, or one with a word of a server's own."""

    body: Any
    latency: float | None = None

    async def answer(self, exchange: Any) -> web.StreamResponse:
        if isinstance(self.body, str):
            return web.Response(text=self.body, content_type="text/html")
        return web.json_response(self.body)


@dataclass(frozen=True)
class Events:
    """Server-sent events as they stand, and the mark of the end."""

    events: tuple[Any, ...]
    latency: float | None = None

    async def answer(self, exchange: Any) -> web.StreamResponse:
        response = await exchange.open()
        for event in self.events:
            await response.write(b"data: " + json.dumps(event).encode() + b"\n\n")
        await response.write(b"data: [DONE]\n\n")
        return response


def saying(**message: Any) -> Body:
    """Answer with a message of such fields, and without usage."""
    return Body({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})


async def failure(fault: Any, wire: FakeProvider, shape: str = "plain", **context: Any) -> RunError:
    """Return the error in which a fault that stays ends."""
    wire.reply = fault
    with pytest.raises(RunError) as failed:
        await run(GRAPHS[shape], ASK, sync=False, model=OPENAI, **context)
    return failed.value


async def streamed(wire: FakeProvider, fault: Any, **context: Any) -> Any:
    """Ask as a chat would, and return the answer."""
    wire.reply, answer = fault, None
    modes = ["messages", "values"]
    async for mode, part in GRAPHS["plain"].astream(ASK, context={"model": OPENAI, **context}, stream_mode=modes):
        answer = part.get("answer") if mode == "values" else answer
    return answer


NO_ANSWERS = {
    "an error": (Body({"error": {"message": "The model is overloaded.", "code": 503}}), "server_error"),
    "a rate limit by name": (Body({"error": {"message": "slow", "type": "rate_limit_error"}}), "throttled"),
    "an error in words": (Body({"error": "Model is unloaded."}), "server_error"),
    "an overflow": (Body({"error": {"message": "exceeds the context size", "type": "x"}}), "context_overflow"),
    "a wrong path": (Body({"error": "Unexpected endpoint or method. (POST /chat/completions)"}), "not_found"),
    "a page": (Body("<html>Ollama is running</html>"), "not_found"),
    "choices null": (Body({"choices": None}), "empty"),
    "choices empty": (Body({"choices": []}), "empty"),
    "no choices": (Body({"id": "1"}), "empty"),
    "no message": (Body({"choices": [{"index": 0, "message": None, "finish_reason": "stop"}]}), "empty"),
    "null content": (saying(role="assistant", content=None), "empty"),
    "failed midway": (Reply("The first", finish="error"), "server_error"),
    "gave up midway": (Reply("The first", finish="abort"), "server_error"),
    "cut off, in another's word": (Reply("The first", finish="model_length"), "truncated"),
}


@pytest.mark.parametrize("shape", GRAPHS)
@pytest.mark.parametrize("name", NO_ANSWERS)
async def test_what_is_no_answer_is_an_error_of_ours(
    wire: FakeProvider, waits: list[float], name: str, shape: str
) -> None:
    fault, kind = NO_ANSWERS[name]
    assert (await failure(fault, wire, shape)).kind == kind


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": None}, {"prompt_tokens": 3, "completion_tokens": 2}])
async def test_an_answer_is_read_whatever_is_counted(wire: FakeProvider, usage: Any) -> None:
    message = {"role": "assistant", "content": [{"type": "text", "text": "yes"}], "reasoning_content": "hm"}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "stop_reason": None}
    wire.reply = Body({"choices": [choice], "usage": usage})
    assert (await run(GRAPHS["plain"], ASK, sync=False, model=OPENAI))["answer"] == "yes"


OVERFLOWS = {
    "openai": (400, "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000."),
    "llama.cpp": (400, "request (6041 tokens) exceeds the available context size (1024 tokens), try increasing it"),
    "llama.cpp, before": (500, "the request exceeds the available context size. try increasing the context size"),
    "vllm": (400, "The decoder prompt (length 5000) is longer than the maximum model length of 4096."),
    "ollama": (400, "prompt too long; exceeded max context length by 100 tokens"),
    "lm studio": (400, "Trying to keep the first 5000 tokens when context the overflows. Provide a shorter input."),
    "tgi": (422, "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096."),
    "openrouter": (400, "This endpoint's maximum context length is 131072 tokens. You requested about 200000."),
}


@pytest.mark.parametrize("server", OVERFLOWS)
async def test_a_prompt_that_is_too_long_is_told_in_any_server_s_words(wire: FakeProvider, server: str) -> None:
    code, words = OVERFLOWS[server]
    error = await failure(status(code, words), wire)
    assert (type(error), error.kind, len(wire.requests)) == (ModelRefused, "context_overflow", 1)


@pytest.mark.parametrize("shape", GRAPHS)
async def test_a_refusal_is_told_with_its_text(wire: FakeProvider, shape: str) -> None:
    error = await failure(blocked(), wire, shape)
    assert (type(error), error.kind) == (BadModelOutput, "blocked")
    assert "I am sorry, I cannot help with that." in str(error)


async def test_a_prompt_that_azure_filters_is_blocked_and_the_fallback_asked(wire: FakeProvider) -> None:
    filtered = status(400, "The response was filtered by the content management policy.", error_type="content_filter")
    assert (await failure(filtered, wire)).kind == "blocked"
    with pytest.raises(BadModelOutput):
        await streamed(wire, filtered)
    wire.reply = lambda request: "ok" if request.provider == "gemini" else filtered
    result = await run(GRAPHS["plain"], ASK, sync=False, model=OPENAI, fallback_model=GEMINI)
    assert result["answer"] == "ok"


async def test_a_stream_brings_its_usage_which_a_budget_counts(wire: FakeProvider) -> None:
    graph, used = fan_out(asks), {}
    wire.reply = Reply("ok", input_tokens=90, output_tokens=10)
    context = {"model": OPENAI, "max_total_tokens": 250, "max_concurrency": 1}
    async for part in graph.astream({"items": list(range(9))}, context=context, stream_mode=["messages", "values"]):
        used = part[1].get("usage") if part[0] == "values" else used
    assert {request.streaming for request in wire.requests} == {True}
    assert used["input_tokens"] + used["output_tokens"] == 100 * len(wire.requests) <= 300
    assert used["cost_usd"] > 0


DELTA = {"index": 0, "delta": {"content": "whole"}, "finish_reason": None}
END = {"index": 0, "delta": {}, "finish_reason": "stop"}
STREAMS = {
    "nothing said why": ((({"choices": [DELTA]},), "connection")),
    "an error": ((({"choices": [DELTA]}, {"error": {"message": "Overloaded", "code": 503}}), "server_error")),
    "an error in words": ((({"error": "rate limit"},), "throttled")),
    "nothing": (((), "")),
    "null choices": ((({"choices": None},), "")),
}


@pytest.mark.parametrize("name", STREAMS)
async def test_a_stream_that_is_no_answer_is_an_error_of_ours(
    wire: FakeProvider, waits: list[float], name: str
) -> None:
    events, kind = STREAMS[name]
    with pytest.raises(RunError) as failed:
        await streamed(wire, Events(events))
    assert failed.value.kind == kind or not kind


async def test_a_stream_is_read_whatever_else_it_brings(wire: FakeProvider) -> None:
    odd = ({"choices": []}, {"choices": [{"index": 0, "delta": None}]}, {"choices": [DELTA], "usage": None})
    assert await streamed(wire, Events((*odd, {"choices": [END]}, {"choices": None}))) == "whole"


async def test_a_server_that_dies_is_named(
    wire: FakeProvider, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"http://me:hunter2@127.0.0.1:{free_port()}/v1"
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    with pytest.raises(ModelUnavailable) as failed:
        await run(GRAPHS["plain"], ASK, sync=False, model=OPENAI)
    assert failed.value.kind == "connection"
    assert f"OPENAI_BASE_URL (http://{url.partition('@')[2]})" in str(failed.value)
    assert "hunter2" not in str(failed.value)


async def test_the_sdk_makes_no_attempt_of_its_own(wire: FakeProvider) -> None:
    await failure(status(503), wire, max_attempts=1)
    await failure(stream_cut(), wire, max_attempts=1)
    assert len(wire.requests) == 2


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        (None, True),
        ("https://openrouter.ai/api/v1", True),
        ("https://x.openai.azure.com/openai/v1", True),
        ("http://127.0.0.1:8080/v1", False),
        ("http://[::1]:8080/v1", False),
        ("http://localhost:11434/v1", False),
        ("http://192.168.1.5:8000/v1", False),
        ("http://vllm:8000/v1", False),
        ("http://gpu.local/v1", False),
    ],
)
def test_a_key_is_wanted_but_in_the_local_network(
    monkeypatch: pytest.MonkeyPatch, url: str | None, wanted: bool
) -> None:
    assert needs_key(url) == wanted
    monkeypatch.setenv("OPENAI_BASE_URL", url or "")
    if wanted:
        with pytest.raises(MissingCredentials, match="set OPENAI_API_KEY"):
            chat_model(OPENAI)
    else:
        assert chat_model(OPENAI).max_retries == 0  # type: ignore[attr-defined]


async def test_a_local_server_is_asked_without_a_key_of_ours(
    wire: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    assert (await run(GRAPHS["plain"], ASK, sync=False, model="openai:llama"))["answer"] == "ok"
    assert wire.requests[0].headers["authorization"] == "Bearer none"


def test_an_address_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "127.0.0.1:8080/v1")
    with pytest.raises(InvalidSettings, match="http://HOST:PORT/v1"):
        chat_model(OPENAI)


def test_the_package_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "fake-openai-key")
    monkeypatch.setitem(__import__("sys").modules, "fanloom.models.openai", None)
    with pytest.raises(MissingPackage, match=re.escape("pip install 'fanloom[openai]'")):
        chat_model("openai:another")


async def test_azure_is_asked_in_the_same_way(wire: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", wire.url)
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "fake-azure-key")
    monkeypatch.setenv("OPENAI_API_VERSION", "2025-03-01-preview")
    monkeypatch.delenv("OPENAI_BASE_URL")
    wire.reply = GOOD
    context = {"model": "azure_openai:mine", "model_options": {"max_tokens": 30}}
    assert (await run(GRAPHS["typed"], ASK, sync=False, **context))["answer"] == GOOD
    (request,) = wire.requests
    assert (request.model, request.headers["api-key"], request.max_output_tokens) == ("mine", "fake-azure-key", 30)
    assert request.body["response_format"]["type"] == "json_schema"


@pytest.mark.parametrize("name", ["azure_openai:mine", "openai:gpt-4o-mini"])
async def test_a_client_that_is_let_go_closes_its_connections(
    name: str, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(factory, "_cache", OrderedDict())
    if name.startswith("azure"):
        monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", provider.url)
        monkeypatch.setenv("AZURE_OPENAI_API_KEY", "fake-azure-key")
        monkeypatch.setenv("OPENAI_API_VERSION", "2025-03-01-preview")
        monkeypatch.delenv("OPENAI_BASE_URL")
    provider.reply = "yes"
    # Not in a run, which timers of the client keep for a while.
    await on_background(asked_of(name))
    assert provider.connections == 1
    factory._cache.clear()
    # The loop's thread may hold the client a moment longer, and nothing else would look again.
    await provider.auntil(lambda its: gc.collect() >= 0 and its.connections == 0)


def test_what_openai_is_asked_goes_through_its_proxy(wire: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    wire.reply = "yes"
    monkeypatch.setenv("OPENAI_PROXY", wire.url)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://nowhere.invalid/v1")
    run_in_background(asked_of("openai:gpt-4o-mini"))
    assert [request.model for request in wire.requests] == ["gpt-4o-mini"]


async def test_every_stream_ends_when_it_is_cancelled_also_as_a_piece_of_it_comes(wire: FakeProvider) -> None:
    wire.reply = Reply("word " * 2_000, pieces=2_000, pause=0.001)
    model: Any = await asyncio.to_thread(chat_model, "openai:gpt-4o-mini")

    async def read(seconds: float) -> None:
        async with asyncio.timeout(seconds):
            async for _ in model.astream("?"):
                pass

    reading = [on_background(read(0.2 + number / 100)) for number in range(20)]
    ended = await asyncio.gather(*reading, return_exceptions=True)
    assert [type(error) for error in ended] == [TimeoutError] * 20


async def asked_of(name: str) -> None:
    assert (await chat_model(name).ainvoke("?")).text == "yes"


class Part(OutputModel):
    """A part."""

    name: str
    size: int = 3


class Whole(OutputModel):
    """A whole."""

    title: str = Field(max_length=20)
    note: str | None = None
    kind: Literal["a", "b"] = "a"
    parts: list[Part] = Field(min_length=1, max_length=4)


class Loose(OutputModel):
    """What the strict subset cannot say."""

    counts: dict[str, int]


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Take the fake server for one that holds a schema in strict mode only."""
    return lambda: monkeypatch.setattr(structured_output, "is_strict", lambda url: True)


async def asked(wire: FakeProvider, output: type[OutputModel], reply: Any) -> tuple[Any, Request]:
    """Ask for an output, and return the answer and the request."""
    wire.reply = reply
    step = LLMStep("ask", Prompt(PROMPTS / "ask.md"), output)
    answer = (await run(one_step(step), ASK, sync=False, model=OPENAI))["answer"]
    return answer, wire.requests[-1]


async def test_in_strict_mode_what_is_optional_may_be_null_and_stays_optional(
    wire: FakeProvider, strict: Callable[[], None]
) -> None:
    strict()
    given = {"title": "t", "note": None, "kind": None, "parts": [{"name": "p", "size": None}]}
    answer, request = await asked(wire, Whole, given)
    assert answer == {"title": "t", "note": None, "kind": "a", "parts": [{"name": "p", "size": 3}]}
    assert len(wire.requests) == 1
    wanted = request.body["response_format"]["json_schema"]
    assert (wanted["name"], wanted["strict"]) == ("Whole", True)
    schema = wanted["schema"]
    assert schema["required"] == ["title", "note", "kind", "parts"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["kind"] == {"anyOf": [{"type": "string", "enum": ["a", "b"]}, {"type": "null"}]}
    assert "maxLength" not in schema["properties"]["title"]
    assert schema["properties"]["parts"]["maxItems"] == 4
    assert schema["properties"]["parts"]["items"]["additionalProperties"] is False


async def test_a_null_where_a_value_is_needed_is_still_wrong(wire: FakeProvider, strict: Callable[[], None]) -> None:
    strict()
    with pytest.raises(BadModelOutput, match=r"title: Input should be a valid string.*"):
        await asked(wire, Whole, {"title": None, "kind": None, "parts": [{"name": "p", "size": None}]})


async def test_what_strict_mode_cannot_say_is_asked_for_without_it(
    wire: FakeProvider, strict: Callable[[], None]
) -> None:
    strict()
    answer, request = await asked(wire, Loose, {"counts": {"a": 1}})
    assert answer == {"counts": {"a": 1}}
    assert "strict" not in request.body["response_format"]["json_schema"]


async def test_a_local_server_gets_the_schema_with_its_optional_fields(wire: FakeProvider) -> None:
    _, request = await asked(wire, Whole, {"title": "t", "parts": [{"name": "p"}]})
    assert request.schema
    assert request.schema["required"] == ["title", "parts"]
    assert "strict" not in request.body["response_format"]["json_schema"]
