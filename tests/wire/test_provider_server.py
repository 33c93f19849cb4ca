"""The provider as a server: what it counts, how it stops, and what it says by default."""

import http.client
from datetime import date
from enum import Enum
from typing import Annotated, Literal

import pytest
from botocore.eventstream import EventStreamBuffer
from langchain.chat_models import init_chat_model
from pydantic import BaseModel, Field

from tests.wire.conftest import KINDS
from tests.wire.provider import Answer, FakeProvider, Reply, environment, hang, smallest, trickle
from tests.wire.provider.eventstream import event, exception


def test_the_environment_leads_both_clients_here(provider: FakeProvider, both: str) -> None:
    assert init_chat_model(both).invoke("hi").text == "ok"
    assert provider.requests[0].provider == KINDS[both]


def test_the_environment_is_that_of_one_provider_or_all() -> None:
    gemini, bedrock = environment("http://x", "gemini"), environment("http://x", "bedrock")
    openai = environment("http://x", "openai")
    assert "OPENAI_API_KEY" in openai
    assert "GOOGLE_API_KEY" in gemini
    assert not [name for name in gemini if name.startswith("AWS_")]
    assert "AWS_REGION" in bedrock
    assert "GOOGLE_API_KEY" not in bedrock
    assert environment("http://x") == gemini | bedrock | openai


def _connect(provider: FakeProvider) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", int(provider.url.rpartition(":")[2]))
    connection.connect()
    return connection


def test_connections_are_counted() -> None:
    with FakeProvider() as provider:
        clients = [_connect(provider) for _ in range(3)]
        provider.until(lambda server: server.connections == 3)
        clients.pop().close()
        provider.until(lambda server: server.connections == 2)
        assert provider.connections_opened == 3
        for client in clients:
            client.close()


def test_a_path_that_no_provider_has_is_a_stray() -> None:
    with FakeProvider() as provider:
        client = _connect(provider)
        client.request("POST", "/v1/completions", body="{}")
        assert client.getresponse().status == 404
        client.close()
        assert (provider.strays, provider.requests) == (["/v1/completions"], [])


def test_an_error_in_the_test_s_own_reply_is_raised_in_the_end() -> None:
    provider = FakeProvider(reply=lambda request: str(1 / 0)).start()
    client = _connect(provider)
    client.request("POST", "/v1beta/models/m:generateContent", body='{"contents": []}')
    assert client.getresponse().status == 500
    client.close()
    with pytest.raises(ZeroDivisionError):
        provider.stop()


@pytest.mark.parametrize("fault", [hang(), trickle(), Reply("late", latency=60)], ids=["hang", "trickle", "late"])
def test_stopping_waits_for_nothing_that_goes_on(fault: Answer) -> None:
    provider = FakeProvider(reply=fault).start()
    clients = [_connect(provider) for _ in range(3)]
    for client in clients:
        client.request("POST", "/model/a%3Ab/converse", body='{"messages": []}')
    provider.until(lambda server: server.in_flight == 3)
    provider.stop()
    assert not provider._thread.is_alive()
    assert (provider.in_flight, provider.requests[0].model) == (0, "a:b")
    for client in clients:
        client.close()


def test_waiting_in_vain_says_what_there_is() -> None:
    with FakeProvider() as provider, pytest.raises(TimeoutError, match="0 requests, 0 in flight, 0 open"):
        provider.until(lambda server: server.in_flight == 1, timeout=0.01)


def test_botocore_decodes_the_frames() -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(event("messageStart", {"role": "assistant"}) + exception("throttlingException", {"message": "ü"}))
    first, second = list(buffer)
    kind = {":message-type": "event", ":event-type": "messageStart", ":content-type": "application/json"}
    assert (first.headers, first.payload) == (kind, b'{"role": "assistant"}')
    assert second.headers[":exception-type"] == "throttlingException"
    assert second.to_response_dict()["status_code"] == 400


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Leaf(BaseModel):
    kind: Literal["leaf"]
    colour: Colour


class Branch(BaseModel):
    kind: Literal["branch"]
    children: list["Node"] = Field(min_length=1)


Node = Annotated[Branch | Leaf, Field(discriminator="kind")]


class Tree(BaseModel):
    root: Node
    names: list[str] = Field(min_length=3)
    score: int = Field(ge=1, le=5)
    even: int = Field(gt=4, multiple_of=2)
    ratio: float = Field(gt=0, lt=1)
    below: int = Field(lt=0)
    code: str = Field(min_length=6, max_length=8)
    day: date
    maybe: int | None
    pair: tuple[int, str]
    optional: str = "default"


def test_the_default_answer_is_valid_and_the_smallest() -> None:
    tree = Tree.model_validate(smallest(Tree.model_json_schema()))
    assert tree.root == Leaf(kind="leaf", colour=Colour.RED)
    assert Branch.model_validate(smallest(Branch.model_json_schema())).children == [tree.root]
    assert tree.names == ["text", "text 2", "text 3"]
    assert (tree.score, tree.even, tree.ratio, tree.below, tree.code, tree.maybe) == (1, 6, 0.5, -1, "textxx", 0)
    assert smallest(Tree.model_json_schema()) == smallest(Tree.model_json_schema())


def test_a_schema_without_an_end_is_refused() -> None:
    endless = {"$defs": {"a": {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "required": ["a"]}}}
    with pytest.raises(ValueError, match="nested deeper"):
        smallest({**endless, "$ref": "#/$defs/a"})
