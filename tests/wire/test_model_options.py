"""`model_options`: by one name each, as each provider takes them, and refused where it has none."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from fanloom import BadModelOutput, InvalidContext, OfflineChatModel, chat_model
from fanloom.errors import UnknownModel
from fanloom.models.options import ModelOptions
from tests.wire.conftest import BEDROCK, GEMINI, OPENAI
from tests.wire.provider import FakeProvider, Reply, Request, max_tokens
from tests.wire.steps import GOOD, PLAIN, QUESTION, TYPED, one_step, run

ONE, DATA = one_step(PLAIN), one_step(TYPED)
ASK = {"question": QUESTION}
ALL = {"temperature": 0.5, "top_p": 0.25, "seed": 7, "max_tokens": 300}
SHARED = {name: value for name, value in ALL.items() if name != "seed"}


def sent(request: Request) -> dict[str, Any]:
    """Return the options of a request, by the provider's own names."""
    if request.provider == "openai":
        return {name: request.body[name] for name in request.body if name in {*ALL, "max_completion_tokens"}}
    place = "generationConfig" if request.provider == "gemini" else "inferenceConfig"
    known = ("temperature", "topP", "seed", "maxOutputTokens", "maxTokens")
    return {name: value for name, value in request.body.get(place, {}).items() if name in known}


CASES = [
    (GEMINI, ALL, {"temperature": 0.5, "topP": 0.25, "seed": 7, "maxOutputTokens": 300}),
    (BEDROCK, SHARED, {"temperature": 0.5, "topP": 0.25, "maxTokens": 300}),
    (OPENAI, ALL, ALL),
]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("graph", [ONE, DATA], ids=["plain", "typed"])
@pytest.mark.parametrize(("model", "options", "expected"), CASES)
async def test_each_provider_is_told_in_its_own_words(
    wire: FakeProvider, model: str, options: Any, expected: Any, graph: Any, streamed: bool
) -> None:
    context = {"model": model, "model_options": options}
    if streamed:
        _ = [part async for part in graph.astream(ASK, context=context, stream_mode="messages")]
    else:
        await graph.ainvoke(ASK, context=context)
    assert sent(wire.requests[0]) == expected


async def test_openai_itself_gets_the_new_name_of_the_length() -> None:
    from fanloom.models.openai import CompatibleOpenAI

    for url, name in ((None, "max_completion_tokens"), ("http://127.0.0.1:1/v1", "max_tokens")):
        model = CompatibleOpenAI(model="gpt-4o", api_key="none", base_url=url, max_tokens=9)
        assert model._get_request_payload("x")[name] == 9


async def test_a_role_s_own_options_come_over_the_general_ones(wire: FakeProvider) -> None:
    context = {"model": OPENAI, "model_options": {"temperature": 1, "seed": 1}, "worker_options": {"temperature": 0}}
    await ONE.ainvoke(ASK, context=context)
    assert sent(wire.requests[0]) == {"temperature": 0, "seed": 1}
    context = {"model": OPENAI, "planner_options": {"temperature": 1}}
    await ONE.ainvoke(ASK, context=context)
    assert sent(wire.requests[1]) == {}


async def test_the_fallback_has_the_options_of_the_role_that_it_stands_in_for(wire: FakeProvider) -> None:
    wire.reply = lambda request: "" if request.provider == "openai" else "ok"
    context = {"model": OPENAI, "fallback_model": GEMINI, "worker_options": {"temperature": 0.5}}
    assert (await ONE.ainvoke(ASK, context=context))["answer"] == "ok"
    assert sent(wire.requests[-1]) == {"temperature": 0.5}


@pytest.mark.parametrize(
    ("context", "said"),
    [
        ({"model": BEDROCK, "model_options": {"seed": 1}}, "'seed' (its provider has temperature, top_p, max_tokens)"),
        ({"model": BEDROCK, "planner_options": {"seed": 1}}, "'seed'"),
        ({"model": GEMINI, "fallback_model": BEDROCK, "model_options": {"seed": 1}}, repr(BEDROCK)),
        ({"model": BEDROCK, "model_options": {"temperature": 1.5}}, "'temperature' (its provider has 0 to 1)"),
        ({"model": "openai:gpt-5", "model_options": {"temperature": 0}}, "its client leaves it out"),
        ({"model": OfflineChatModel(), "model_options": {"temperature": 0}}, "it is an instance: set it there"),
        ({"model": GEMINI, "model_options": {"temprature": 0}}, "'model_options' has no 'temprature'"),
        ({"model": GEMINI, "model_options": {"temperature": -1}}, "'model_options.temperature'"),
        ({"model": GEMINI, "model_options": {"max_tokens": 0}}, "'model_options.max_tokens'"),
        ({"model": GEMINI, "model_options": 1}, "'model_options'"),
    ],
)
async def test_what_a_model_does_not_have_is_refused_before_any_call(
    wire: FakeProvider, context: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidContext) as refused:
        await ONE.ainvoke(ASK, context=context)
    assert said in str(refused.value)
    assert wire.requests == []


async def test_offline_takes_them_and_has_no_use_for_them() -> None:
    assert (await ONE.ainvoke(ASK, context={"model": "offline", "model_options": ALL}))["answer"]


def test_models_are_kept_by_their_options(wire: FakeProvider) -> None:
    cold, warm = ModelOptions(temperature=0), ModelOptions(temperature=1)
    assert chat_model(OPENAI, options=cold) is chat_model(OPENAI, options=cold)
    assert len({id(chat_model(OPENAI, options=options)) for options in (cold, warm, None)}) == 3
    assert chat_model(OPENAI, options=ModelOptions()) is chat_model(OPENAI)


@pytest.mark.parametrize("graph", [ONE, DATA], ids=["plain", "typed"])
async def test_an_answer_that_is_cut_off_at_the_length_gets_twice_of_it(
    wire: FakeProvider, both: str, graph: Any
) -> None:
    wire.reply = Reply(text='{"answer": "o', finish="max_tokens", output_tokens=100)
    with pytest.raises(BadModelOutput, match="cut off"):
        await run(graph, ASK, sync=False, model=both, model_options={"max_tokens": 100})
    assert [request.max_output_tokens for request in wire.requests] == [100, 200, 400]
    # A truncated answer that was shorter, as where thinking is counted elsewhere, is no reason to ask for less.
    wire.clear()
    wire.enqueue(max_tokens("{"))
    wire.reply = GOOD if graph is DATA else "ok"
    await run(graph, ASK, sync=False, model=both, model_options={"max_tokens": 1000})
    assert [request.max_output_tokens for request in wire.requests] == [1000, 2000]


ACCOUNT = "arn:aws:bedrock:us-east-1:123456789012"
PROFILE = f"{ACCOUNT}:application-inference-profile/a1b2c3"
TELLS: dict[str, dict[str, Any]] = {
    "/inference-profiles/": {
        "models": [{"modelArn": "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0"}]
    },
    "/provisioned-model-throughput/": {
        "foundationModelArn": "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0"
    },
}


@pytest.fixture
def control_plane(wire: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Run Bedrock's control plane, and return the paths that it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            found = next((told for path, told in TELLS.items() if self.path.startswith(path)), None)
            body = json.dumps(found or {"message": "not allowed"}).encode()
            self.send_response(200 if found else 403)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK", f"http://127.0.0.1:{server.server_port}")
    yield asked
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("name", "lookups"),
    [
        (f"{ACCOUNT}:inference-profile/us.amazon.nova-pro-v1:0", 0),
        ("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0", 0),
        (f"{ACCOUNT}:custom-model/amazon.nova-lite-v1:0:300k/abc123", 0),
        (f"amazon.nova-pro-v1:0:{PROFILE}", 0),
        (f"amazon:{ACCOUNT}:provisioned-model/abc", 0),
        (PROFILE, 1),
        (f"{ACCOUNT}:provisioned-model/abc", 1),
    ],
)
async def test_a_bedrock_model_is_named_by_its_arn(
    wire: FakeProvider, control_plane: list[str], name: str, lookups: int
) -> None:
    wire.reply = GOOD
    context = {"model": f"bedrock_converse:{name}"}
    result = await DATA.ainvoke(ASK, context=context)
    assert result["answer"] == GOOD
    assert wire.requests[0].model == name[name.index("arn:") :]
    assert len(control_plane) == lookups
    assert list(result["usage"]["by_model"]) == [context["model"]]


@pytest.mark.parametrize(
    "name",
    [
        f"{ACCOUNT}:custom-model-deployment/a",
        f"{ACCOUNT}:imported-model/a",
        "arn:aws:sagemaker:us-east-1:1:endpoint/x",
        "arn:aws:bedrock",
    ],
)
async def test_an_arn_of_which_nothing_is_known_asks_whose_it_is(
    wire: FakeProvider, control_plane: list[str], name: str
) -> None:
    with pytest.raises(UnknownModel, match="bedrock_converse:amazon:arn:aws:bedrock"):
        await ONE.ainvoke(ASK, context={"model": f"bedrock_converse:{name}"})
    assert wire.requests == []
