"""The provider stands in for the real ones: each fault, as the unmodified clients see it."""

import asyncio
import gc
import operator
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import reduce
from typing import Any

import pytest
import pytest_asyncio
from botocore.config import Config
from langchain_aws import ChatBedrockConverse
from langchain_core.exceptions import ContextOverflowError
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_google_genai import ChatGoogleGenerativeAI
from pydantic import BaseModel, Field

from tests.wire.provider import (
    Answer,
    FakeProvider,
    Kind,
    Replier,
    Reply,
    Request,
    after,
    bad_key,
    blocked,
    context_overflow,
    empty,
    expired_token,
    foreign,
    hang,
    malformed_tool,
    max_tokens,
    no_access,
    prose,
    recitation,
    reset,
    safety,
    status,
    stream_cut,
    stream_error,
    stringified,
    trickle,
    truncated_body,
    unknown_model,
    wrong_shape,
)

pytestmark = [
    # One loop for all: google-genai opens an aiohttp session per loop, which only that loop can close.
    pytest.mark.asyncio(loop_scope="module"),
    # langchain-core calls the json() of a failed async call as if it were a sync one, and drops the coroutine;
    # fanloom's own client is spared it (tests/wire/test_gemini.py), this bare one is not.
    pytest.mark.filterwarnings("ignore:coroutine 'ClientResponse.json' was never awaited:RuntimeWarning"),
]

GEMINI: Kind = "gemini"
BEDROCK: Kind = "bedrock"
MODES = ["invoke", "ainvoke", "stream", "astream"]
TIMEOUT = 0.3


class Source(BaseModel):
    title: str


class Answered(BaseModel):
    """An answer with its sources."""

    answer: str
    sources: list[Source] = Field(min_length=1)
    best: Source


ANSWERED = {"answer": "yes", "sources": [{"title": "Wind"}], "best": {"title": "Wind"}}


@dataclass
class Wire:
    """A provider and the clients that talk to it."""

    provider: FakeProvider
    models: dict[str, Any]

    def script(self, *answers: Answer) -> None:
        """Give these answers to the next requests."""
        self.provider.clear()
        self.provider.enqueue(*answers)

    def structured(self, kind: str) -> Any:
        """Return a model that gives data."""
        method = "json_schema" if kind == GEMINI else "function_calling"
        return self.models[kind].with_structured_output(Answered, method=method, include_raw=True)


def clients(patience: float | None) -> dict[str, Any]:
    """Build both clients with no retries of their own."""
    return {
        GEMINI: ChatGoogleGenerativeAI(model="gemini-2.5-flash", max_retries=1, timeout=patience),
        BEDROCK: ChatBedrockConverse(
            model_id="us.amazon.nova-pro-v1:0",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=patience or 60),
        ),
    }


async def _wire(patience: float | None) -> AsyncIterator[Wire]:
    with FakeProvider() as provider, pytest.MonkeyPatch.context() as patch:
        for name in foreign():
            patch.delenv(name)
        for name, value in provider.environment().items():
            patch.setenv(name, value)
        models = clients(patience)
        yield Wire(provider, models)
        await models[GEMINI].aclose()
        models[BEDROCK].client.close()
        gc.collect()  # what the clients drop is to be found here, where their warnings are known


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def wire() -> AsyncIterator[Wire]:
    """Share one provider and its clients, which are slow to build."""
    async for wire in _wire(None):
        yield wire


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hasty() -> AsyncIterator[Wire]:
    """Share clients that soon lose patience."""
    async for wire in _wire(TIMEOUT):
        yield wire


async def call(model: Any, mode: str, prompt: Any = "Is wind power cheap?") -> Any:
    """Call a model in one of the four ways and join the chunks of a stream."""
    if mode == "invoke":
        return model.invoke(prompt)
    if mode == "ainvoke":
        return await model.ainvoke(prompt)
    chunks = list(model.stream(prompt)) if mode == "stream" else [chunk async for chunk in model.astream(prompt)]
    return reduce(operator.add, chunks)


async def seen(model: Any, mode: str) -> str:
    """Say in a word what the caller of a model sees: an error's code or type, or how the answer ended."""
    try:
        message = await call(model, mode)
    except Exception as error:  # noqa: BLE001 - any failure is a finding
        return code_of(error)
    raw = message["raw"] if isinstance(message, dict) else message
    return ended(raw)


def code_of(error: BaseException) -> str:
    """Return the provider's code of an error, or its type."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        return str(response["Error"]["Code"])
    told: Any
    for told in (error, error.__cause__):
        if hasattr(told, "code") and hasattr(told, "status"):
            return f"{told.code} {told.status}"
    return type(error).__name__


def ended(message: Any) -> str:
    """Return how an answer ended, in the provider's words."""
    metadata = message.response_metadata
    if feedback := metadata.get("prompt_feedback"):
        return str(feedback["block_reason"].value)
    return str(metadata.get("finish_reason") or metadata.get("stopReason"))


Row = tuple[Any, str, str]

# What the caller sees of an error, whatever the way of calling: fault, Gemini, Bedrock.
ERRORS: dict[str, Row] = {
    "400": (status(400), "400 INVALID_ARGUMENT", "ValidationException"),
    "401": (status(401), "401 UNAUTHENTICATED", "UnrecognizedClientException"),
    "403": (status(403), "403 PERMISSION_DENIED", "AccessDeniedException"),
    "404": (status(404), "404 NOT_FOUND", "ResourceNotFoundException"),
    "408": (status(408), "408 DEADLINE_EXCEEDED", "ModelTimeoutException"),
    "424": (status(424), "424 FAILED_PRECONDITION", "ModelErrorException"),
    "429": (status(429), "429 RESOURCE_EXHAUSTED", "ThrottlingException"),
    "429 not ready": (
        status(429, error_type="ModelNotReadyException"),
        "429 RESOURCE_EXHAUSTED",
        "ModelNotReadyException",
    ),
    "500": (status(500), "500 INTERNAL", "InternalServerException"),
    "503": (status(503), "503 UNAVAILABLE", "ServiceUnavailableException"),
    "504": (status(504, error_type="x"), "504 DEADLINE_EXCEEDED", "x"),
    "502 of a proxy": (status(502, raw="<html>Bad Gateway</html>"), "502 Bad Gateway", "502"),
    "bad key": (bad_key(), "400 INVALID_ARGUMENT", "UnrecognizedClientException"),
    "expired token": (expired_token(), "400 INVALID_ARGUMENT", "ExpiredTokenException"),
    "no access": (no_access(), "403 PERMISSION_DENIED", "AccessDeniedException"),
    "unknown model": (unknown_model(), "404 NOT_FOUND", "ValidationException"),
    "overflow": (context_overflow(), "400 INVALID_ARGUMENT", "ValidationException"),
    "reset": (reset(), "ReadError|ClientOSError", "ConnectionClosedError"),
    "late 429": (after(0.01, status(429)), "429 RESOURCE_EXHAUSTED", "ThrottlingException"),
}
# A body cut short: Gemini's clients notice. langchain-aws blames the endpoint's configuration, or a missing event.
CUT = "RemoteProtocolError|ClientPayloadError"
BROKEN: dict[str, Row] = {
    "truncated": (truncated_body(), CUT, "ValueError|ConnectionError"),
    "cut": (stream_cut(), CUT, "ValueError|ProtocolError"),
    "cut at once": (stream_cut(after=0), CUT, "ValueError|ProtocolError"),
    "reset midway": (stream_cut(how="reset"), f"{CUT}|ReadError", "ValueError|ProtocolError"),
    "error midway": (stream_error(), "503 UNAVAILABLE", "ServiceUnavailableException|serviceUnavailableException"),
    "throttled midway": (stream_error(429), "429 RESOURCE_EXHAUSTED", "ThrottlingException|throttlingException"),
    "model failed midway": (
        stream_error(424),
        "424 FAILED_PRECONDITION",
        "ModelErrorException|modelStreamErrorException",
    ),
}
# What the caller sees of an answer: fault, how Gemini says it ended, how Bedrock does.
ENDS: dict[str, Row] = {
    "well": ("It is.", "STOP", "end_turn"),
    "empty": (empty(), "STOP", "end_turn"),
    "no candidates": (empty(candidates=False), "None", "end_turn"),
    "blocked": (blocked(), "SAFETY", "guardrail_intervened"),
    "safety": (safety(), "SAFETY", "content_filtered"),
    "recitation": (recitation(), "RECITATION", "content_filtered"),
    "max tokens": (max_tokens(), "MAX_TOKENS", "max_tokens"),
    "prose": (prose(), "STOP", "end_turn"),
    "malformed tool": (malformed_tool(), "MALFORMED_FUNCTION_CALL", "malformed_tool_use"),
    "own word": (Reply("x", finish="LANGUAGE"), "LANGUAGE", "LANGUAGE"),
}


def rows(table: dict[str, Row]) -> list[Any]:
    """Make a case of each fault with each provider."""
    return [
        pytest.param(fault, kind, word, id=f"{name}-{kind}")
        for name, (fault, *words) in table.items()
        for kind, word in zip((GEMINI, BEDROCK), words, strict=True)
    ]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("fault", "kind", "expected"), rows(ERRORS | BROKEN | ENDS))
async def test_a_plain_call_sees_the_fault_after_one_request(
    wire: Wire, fault: Answer, kind: str, expected: str, mode: str
) -> None:
    wire.script(fault)
    assert await seen(wire.models[kind], mode) in expected.split("|")
    assert [(each.provider, each.streaming) for each in wire.provider.requests] == [(kind, "stream" in mode)]


@pytest.mark.parametrize("mode", ["invoke", "ainvoke"])
@pytest.mark.parametrize(("fault", "kind", "expected"), rows(ERRORS | BROKEN))
async def test_a_structured_call_sees_the_error_after_one_request(
    wire: Wire, fault: Answer, kind: str, expected: str, mode: str
) -> None:
    wire.script(fault)
    assert await seen(wire.structured(kind), mode) in expected.split("|")
    assert len(wire.provider.requests) == 1


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", [GEMINI, BEDROCK])
async def test_both_clients_know_an_overflow_by_its_message(wire: Wire, kind: str, mode: str) -> None:
    wire.script(context_overflow())
    with pytest.raises(ContextOverflowError):
        await call(wire.models[kind], mode)


GOOD = Answered.model_validate(ANSWERED)
Verdict = tuple[str, Answered | None, str | None]


def unparsed(word: str, error: str | None = "OutputParserException") -> Verdict:
    """Say that nothing was parsed, with or without an error."""
    return word, None, error


# What the caller sees of a structured answer: how it ended, what was parsed, the type of the parsing error.
# Gemini parses JSON and complains; Bedrock looks for a tool call and says nothing when there is none.
STRUCTURED: dict[str, tuple[Answer, Verdict, Verdict]] = {
    "good": (ANSWERED, ("STOP", GOOD, None), ("tool_use", GOOD, None)),
    "empty": (empty(), unparsed("STOP"), unparsed("end_turn", None)),
    "no candidates": (empty(candidates=False), unparsed("None"), unparsed("end_turn", None)),
    "blocked": (blocked(), unparsed("SAFETY"), unparsed("guardrail_intervened", None)),
    "safety": (safety(), unparsed("SAFETY"), unparsed("content_filtered", None)),
    "recitation": (recitation(), unparsed("RECITATION"), unparsed("content_filtered", None)),
    "prose": (prose(), unparsed("STOP"), unparsed("end_turn", None)),
    "wrong shape": (wrong_shape(), unparsed("STOP"), unparsed("tool_use", "ValidationError")),
    # langchain-aws mends it without a word.
    "stringified": (stringified(ANSWERED), unparsed("STOP"), ("tool_use", GOOD, None)),
    # Both mend what was cut without a word; here only the last bracket was.
    "cut": (max_tokens(ANSWERED), ("MAX_TOKENS", GOOD, None), ("max_tokens", GOOD, None)),
    "cut early": (max_tokens('{"answer": "y'), unparsed("MAX_TOKENS"), unparsed("max_tokens", "ValidationError")),
}


@pytest.mark.parametrize("mode", ["invoke", "ainvoke"])
@pytest.mark.parametrize("kind", [GEMINI, BEDROCK])
@pytest.mark.parametrize("name", STRUCTURED)
async def test_a_structured_answer_is_judged_by_the_client(wire: Wire, name: str, kind: str, mode: str) -> None:
    fault, *verdicts = STRUCTURED[name]
    wire.script(fault)
    got = await call(wire.structured(kind), mode)
    error = got["parsing_error"]
    assert (ended(got["raw"]), got["parsed"], error and type(error).__name__) == verdicts[kind == BEDROCK]
    assert len(wire.provider.requests) == 1


@pytest.mark.parametrize("mode", ["invoke", "ainvoke"])
async def test_a_malformed_tool_call_breaks_langchain_aws_itself(wire: Wire, mode: str) -> None:
    wire.script(malformed_tool(), malformed_tool())
    assert await seen(wire.structured(BEDROCK), mode) == "ValidationError"
    assert await seen(wire.structured(GEMINI), mode) == "MALFORMED_FUNCTION_CALL"


@pytest.mark.parametrize("kind", [GEMINI, BEDROCK])
async def test_a_malformed_tool_call_is_mended_in_a_stream(wire: Wire, kind: str) -> None:
    wire.script(malformed_tool())
    got = await call(wire.structured(kind), "stream")
    arguments = [each["args"] for each in got["raw"].tool_calls]
    assert arguments == ([{"answer": "unfinis"}] if kind == BEDROCK else [])


@pytest.mark.parametrize("mode", ["stream", "astream"])
@pytest.mark.parametrize("kind", [GEMINI, BEDROCK])
async def test_a_stream_that_ends_early_and_properly_is_noticed_by_langchain_aws_alone(
    wire: Wire, kind: str, mode: str
) -> None:
    wire.script(stream_cut(after=1, how="end", reply=Reply("one two three")))
    assert await seen(wire.models[kind], mode) == ("None" if kind == GEMINI else "ConnectionError")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("kind", "expected"), [(GEMINI, "ReadTimeout|TimeoutError"), (BEDROCK, "ReadTimeoutError")])
async def test_a_hanging_server_runs_into_the_client_s_timeout(
    hasty: Wire, kind: str, expected: str, mode: str
) -> None:
    hasty.script(hang())
    assert await seen(hasty.models[kind], mode) in expected.split("|")
    await hasty.provider.auntil(lambda server: server.in_flight == 0)
    assert len(hasty.provider.requests) == 1


@pytest.mark.parametrize("mode", ["ainvoke", "astream"])
async def test_trickling_bytes_run_into_gemini_s_async_deadline(hasty: Wire, mode: str) -> None:
    hasty.script(trickle())
    assert await seen(hasty.models[GEMINI], mode) == "TimeoutError"
    await hasty.provider.auntil(lambda server: server.in_flight == 0)


@pytest.mark.parametrize("mode", ["invoke", "stream"])
@pytest.mark.parametrize("kind", [GEMINI, BEDROCK])
async def test_trickling_bytes_keep_a_sync_client_for_ever(provider: FakeProvider, kind: str, mode: str) -> None:
    provider.enqueue(trickle())
    model = clients(TIMEOUT)[kind]
    waiting = asyncio.create_task(asyncio.to_thread(lambda: asyncio.run(seen(model, mode))))
    await provider.auntil(lambda server: server.in_flight == 1)
    await provider.auntil(lambda server: time.monotonic() > server.requests[0].started + 3 * TIMEOUT)
    assert not waiting.done()
    provider.stop()
    assert await waiting


HINTS = {
    "retry-after": lambda headers: float(headers["retry-after"]),
    "retry-after-date": lambda headers: parsedate_to_datetime(headers["retry-after"]).timestamp() - time.time(),
    "x-amz-retry-after": lambda headers: int(headers["x-amz-retry-after"]) / 1000,
}


@pytest.mark.parametrize("hint", ["native", *HINTS])
@pytest.mark.parametrize("mode", MODES)
async def test_bedrock_s_hint_reaches_the_caller(wire: Wire, hint: Any, mode: str) -> None:
    wire.script(status(429, hint_seconds=3, hint=hint))
    began = time.monotonic()
    with pytest.raises(Exception, match="ThrottlingException") as caught:
        await call(wire.models[BEDROCK], mode)
    headers = caught.value.response["ResponseMetadata"]["HTTPHeaders"]  # type: ignore[attr-defined]
    seconds = HINTS["retry-after" if hint == "native" else hint](headers)
    # A date is whole seconds, and some time has passed since it was written.
    assert 2 - (time.monotonic() - began) <= seconds <= 3


@pytest.mark.parametrize("mode", MODES)
async def test_gemini_s_hint_reaches_the_caller_in_the_error_s_details(wire: Wire, mode: str) -> None:
    wire.script(status(429, hint_seconds=1.5, error_type="RATE_LIMIT_EXCEEDED"))
    with pytest.raises(Exception, match="RESOURCE_EXHAUSTED") as caught:
        await call(wire.models[GEMINI], mode)
    details = caught.value.__cause__.details["error"]["details"]  # type: ignore[union-attr]
    assert details[0]["reason"] == "RATE_LIMIT_EXCEEDED"
    assert details[1] == {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1.5s"}


@pytest.mark.parametrize("mode", MODES)
async def test_gemini_s_header_reaches_the_caller_in_the_response(wire: Wire, mode: str) -> None:
    wire.script(status(429, hint_seconds=2, hint="retry-after"))
    with pytest.raises(Exception, match="RESOURCE_EXHAUSTED") as caught:
        await call(wire.models[GEMINI], mode)
    assert caught.value.__cause__.response.headers["retry-after"] == "2"  # type: ignore[union-attr]
    assert "details" not in caught.value.__cause__.details["error"]  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", [GEMINI, BEDROCK])
async def test_a_request_is_recorded_in_full(wire: Wire, kind: str) -> None:
    wire.script()
    prompt = [
        SystemMessage("Be brief."),
        HumanMessage([{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]),
    ]
    limit: Any = {"max_output_tokens": 50} if kind == GEMINI else {"max_tokens": 50}
    await wire.models[kind].ainvoke(prompt, temperature=0.5, **limit)
    (request,) = wire.provider.requests
    assert (request.provider, request.system, request.parts, request.roles) == (
        kind,
        "Be brief.",
        ["one", "two"],
        ["user"],
    )
    assert request.text == "Be brief.\none\ntwo"
    assert (request.max_output_tokens, request.temperature, request.schema) == (50, 0.5, None)
    assert request.model in ("gemini-2.5-flash", "us.amazon.nova-pro-v1:0")
    assert request.ended is not None
    assert request.ended >= request.started
    secret = request.headers["x-goog-api-key" if kind == GEMINI else "authorization"]
    assert "fake-google-key" in secret or "FAKEACCESSKEY" in secret


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", [GEMINI, BEDROCK])
async def test_a_tool_is_called_with_data_and_not_with_text(wire: Wire, kind: str, mode: str) -> None:
    wire.script({"answer": "yes"})
    message = await call(wire.models[kind].bind_tools([Answered]), mode)
    assert [(each["name"], each["args"]) for each in message.tool_calls] == [("Answered", {"answer": "yes"})]
    (request,) = wire.provider.requests
    assert (request.schema, request.tool_name) == (None, "Answered")
    assert set(request.tools["Answered"]["properties"]) == {"answer", "sources", "best"}
    assert (await call(wire.models[kind].bind_tools([Answered]), mode)).text == "ok"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", [GEMINI, BEDROCK])
async def test_the_schema_is_recorded_and_answered_by_default(wire: Wire, kind: str, mode: str) -> None:
    wire.script()
    got = await call(wire.structured(kind), mode)
    assert got["parsed"] == Answered(answer="text", sources=[Source(title="text")], best=Source(title="text"))
    (request,) = wire.provider.requests
    assert request.schema is not None
    assert request.schema["required"] == ["answer", "sources", "best"]
    assert request.tool_name == ("Answered" if kind == BEDROCK else None)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", [GEMINI, BEDROCK])
async def test_tokens_are_counted_as_the_reply_says(wire: Wire, kind: str, mode: str) -> None:
    reply = Reply("one two", input_tokens=100, output_tokens=30, cached_tokens=80, thinking_tokens=10)
    wire.script(reply)
    usage = (await call(wire.models[kind], mode)).usage_metadata
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (100, 30, 130)
    assert usage["input_token_details"]["cache_read"] == 80
    assert usage["output_token_details"]["reasoning"] == 10


async def test_the_text_before_a_cache_point_is_recorded(wire: Wire) -> None:
    wire.script()
    point = {"cachePoint": {"type": "default"}}
    prompt = [
        SystemMessage("Rules."),
        HumanMessage([{"type": "text", "text": "stable"}, point, {"type": "text", "text": "new"}]),
    ]
    await wire.models[BEDROCK].ainvoke(prompt)
    assert wire.provider.requests[0].cached_prefixes == ["Rules.\nstable"]


@pytest.mark.parametrize("kind", [GEMINI, BEDROCK])
async def test_a_held_provider_shows_how_many_requests_are_in_flight(wire: Wire, kind: str) -> None:
    wire.script()
    wire.provider.hold()
    calls = asyncio.gather(*(wire.models[kind].ainvoke(str(number)) for number in range(5)))
    await wire.provider.auntil(lambda server: server.in_flight == 5)
    wire.provider.release()
    await calls
    assert (wire.provider.in_flight, wire.provider.peak, len(wire.provider.requests)) == (0, 5, 5)


async def test_latency_and_pauses_are_kept(wire: Wire) -> None:
    wire.script(Reply("abc", latency=0.1, pause=0.05))
    started = time.monotonic()
    assert (await call(wire.models[GEMINI], "astream")).text == "abc"
    assert time.monotonic() - started >= 0.25


@pytest.mark.parametrize("kind", [GEMINI, BEDROCK])
async def test_a_reply_is_a_value_or_a_function_sync_or_async(wire: Wire, kind: str) -> None:
    async def later(request: Request) -> Answer:
        return "later: " + request.text

    before = wire.provider.reply
    try:
        cases: list[tuple[Replier | Answer, str]] = [
            ("plain", "plain"),
            (lambda request: "f: " + request.text, "f: hi"),
            (later, "later: hi"),
        ]
        for reply, text in cases:
            wire.script()
            wire.provider.reply = reply
            assert (await wire.models[kind].ainvoke("hi")).text == text
    finally:
        wire.provider.reply = before


async def test_the_script_is_followed_in_order_and_by_predicate(wire: Wire) -> None:
    wire.script()
    wire.provider.enqueue("for bedrock", when=lambda request: request.provider == BEDROCK)
    wire.provider.enqueue("first", "second")
    said = [(await wire.models[kind].ainvoke("hi")).text for kind in (GEMINI, BEDROCK, GEMINI, BEDROCK)]
    assert said == ["first", "for bedrock", "second", "ok"]
