from __future__ import annotations

import subprocess
import sys
import threading
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter

from fanloom import OfflineChatModel, OutputModel, UnknownModel, chat_model
from fanloom.errors import MissingCredentials, MissingPackage
from fanloom.models.factory import model_name
from fanloom.models.names import PACKAGES, Spec, nearest, parse
from fanloom.models.schema_examples.generator import example
from tests.fakes import ScriptedModel


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("gemini-2.5-flash", "google_genai:gemini-2.5-flash"),
        ("models/gemini", None),
        ("gogle_genai:gemini-2.5-pro", "google_genai:gemini-2.5-pro"),
        ("google:gemini-2.5-pro", "google_genai:gemini-2.5-pro"),
        ("us.amazon.nova-pro-v1:0", "bedrock_converse:us.amazon.nova-pro-v1:0"),
        ("amazon.nova-lite-v1:0", "bedrock_converse:amazon.nova-lite-v1:0"),
        ("nova-pro-v1:0", "bedrock_converse:amazon.nova-pro-v1:0"),
        ("eu.anthropic.claude-sonnet-4-v1:0", "bedrock_converse:eu.anthropic.claude-sonnet-4-v1:0"),
        ("claude-sonnet-4", "anthropic:claude-sonnet-4"),
        ("gpt-4o", "openai:gpt-4o"),
        ("bedrok_converse:x", "bedrock_converse:x"),
        ("Offline", "offline"),
        ("ofline", "offline"),
        ("quux", None),
        ("", None),
    ],
)
def test_a_wrong_name_is_refused_with_the_nearest_valid_one(name: str, meant: str | None) -> None:
    assert nearest(name) == meant
    with pytest.raises(UnknownModel) as refused:
        chat_model(name)
    assert repr(meant) in str(refused.value) if meant else "write 'offline' or 'provider:model'" in str(refused.value)


@pytest.mark.parametrize("name", ["google_genai:", "google_genai", "offline:x", ":x", "a:b"])
def test_half_a_name_is_refused(name: str) -> None:
    with pytest.raises(UnknownModel):
        parse(name)


def test_a_valid_name_is_split_at_the_first_colon() -> None:
    assert parse(" bedrock_converse:us.amazon.nova-pro-v1:0 ") == Spec("bedrock_converse", "us.amazon.nova-pro-v1:0")


def test_the_known_providers_are_langchains() -> None:
    from langchain.chat_models.base import _BUILTIN_PROVIDERS

    modules = {name: entry[0].split(".")[0].replace("_", "-") for name, entry in _BUILTIN_PROVIDERS.items()}
    assert modules == PACKAGES


def test_an_instance_passes_through_and_has_a_name() -> None:
    model = ScriptedModel(reply=str)
    assert chat_model(model) is model
    assert model_name(model) == "ScriptedModel"
    assert model_name(OfflineChatModel()) == "offline"


def test_missing_keys_regions_and_packages_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MissingCredentials, match="set GOOGLE_API_KEY"):
        chat_model("google_genai:gemini-2.5-flash")
    with pytest.raises(MissingCredentials, match="set AWS_REGION"):
        chat_model("bedrock_converse:us.amazon.nova-pro-v1:0")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    with pytest.raises(MissingCredentials, match="AWS_ACCESS_KEY_ID"):
        chat_model("bedrock_converse:us.amazon.nova-pro-v1:0")
    with pytest.raises(MissingPackage, match="pip install langchain-groq"):
        chat_model("groq:llama-3")


def test_what_another_package_says_about_its_key_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_key(*_: object, **__: object) -> None:
        raise ValueError("Did not find mistral_api_key, please set MISTRAL_API_KEY")

    monkeypatch.setattr("langchain.chat_models.init_chat_model", no_key)
    with pytest.raises(MissingCredentials, match=r"'mistralai:large' cannot be used: .* set MISTRAL_API_KEY"):
        chat_model("mistralai:large")


def test_the_same_name_and_key_give_the_same_client_in_every_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_API_KEY", "first-key-of-a-test")
    made: list[object] = []
    threads = [
        threading.Thread(target=lambda: made.append(chat_model("google_genai:gemini-2.5-flash"))) for _ in "abcd"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(model) for model in made}) == 1
    assert made[0].max_retries == 1  # type: ignore[attr-defined]
    monkeypatch.setenv("GOOGLE_API_KEY", "second-key-of-a-test")
    assert chat_model("google_genai:gemini-2.5-flash") is not made[0]


def test_what_the_environment_says_to_any_provider_is_part_of_its_client(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    monkeypatch.setattr("fanloom.models.clients.by_provider.other", lambda *_: made.append(object()) or made[-1])
    for name in ("ANTHROPIC_API_KEY", "AZURE_OPENAI_ENDPOINT", "OPENAI_BASE_URL"):
        for value in ("first", "second", "second"):
            monkeypatch.setenv(name, value)
            assert chat_model("anthropic:claude") is made[-1]
    assert len(made) == 6


@pytest.mark.parametrize(
    "module", ["fanloom", "fanloom.runs.context", "fanloom.models.factory", "fanloom.steps.prompt"]
)
def test_nothing_heavy_is_imported_before_it_is_needed(module: str) -> None:
    code = f"import sys, {module}; print([m for m in sys.modules if m.startswith(('lang', 'google', 'boto', 'numpy'))])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


class Small(OutputModel):
    """A small thing."""

    name: str = Field(min_length=3)
    size: int = Field(ge=2, le=5)
    tags: list[Literal["red", "blue"]] = Field(min_length=2)


def test_the_offline_model_is_a_chat_model() -> None:
    model = OfflineChatModel()
    answer = model.invoke("Tell me about   the sea")
    assert answer.text == "[offline] Tell me about the sea"
    assert answer.usage_metadata == {"input_tokens": 6, "output_tokens": 8, "total_tokens": 14}
    assert "".join(chunk.text for chunk in model.stream("Tell me")) == model.invoke("Tell me").text
    streamed = sum(chunk.usage_metadata["output_tokens"] for chunk in model.stream("Hi") if chunk.usage_metadata)
    assert streamed == model.invoke("Hi").usage_metadata["output_tokens"]  # type: ignore[index]


async def test_the_offline_model_gives_structured_output_in_both_worlds() -> None:
    structured = OfflineChatModel().with_structured_output(Small)
    small = structured.invoke("x")
    assert isinstance(small, Small)
    assert small == await structured.ainvoke("x")
    assert small.size == 2
    assert small.tags == ["red", "red"]
    assert [chunk async for chunk in structured.astream("x")][-1] == small


class Cat(OutputModel):
    kind: Literal["cat"]
    lives: int = Field(ge=1, le=9)


class Dog(OutputModel):
    kind: Literal["dog"]
    title: str = Field(pattern="^[A-Z]", description="How it is called.")


class Zoo(OutputModel):
    """A zoo."""

    default: str
    animals: list[Annotated[Cat | Dog, Field(discriminator="kind")]]
    keeper: str | None = None
    open_on: Literal["weekdays", "weekends"] = "weekdays"


def test_schemas_are_portable_and_validation_is_not_weakened() -> None:
    schema = Zoo.model_json_schema()
    text = str(schema)
    for dropped in ("$ref", "$defs", "'const'", "discriminator", "oneOf", "pattern", "additionalProperties"):
        assert dropped not in text
    assert schema["properties"]["animals"]["items"]["anyOf"][0]["properties"]["kind"] == {
        "enum": ["cat"],
        "type": "string",
    }
    assert set(schema["properties"]) == {"default", "animals", "keeper", "open_on"}
    assert schema["properties"]["animals"]["items"]["anyOf"][1]["properties"]["title"]["description"]
    with pytest.raises(ValueError, match="pattern"):
        Zoo.model_validate({"default": "x", "animals": [{"kind": "dog", "title": "rex"}]})


class Tree(OutputModel):
    label: str
    branches: list[Tree]


def test_a_schema_that_refers_to_itself_ends() -> None:
    schema = Tree.model_json_schema()
    assert "$ref" not in str(schema)
    assert schema["title"] == "Tree"


@given(st.sampled_from([Small, Cat, Zoo, Tree]))
def test_examples_are_valid_where_no_pattern_forbids(model: type[BaseModel]) -> None:
    schema = TypeAdapter(model).json_schema() if model is not Tree else model.model_json_schema()
    made = example(schema)
    if model is Tree:
        made["branches"] = []
    assert model.model_validate(made)
    assert example(schema) == example(schema) or model is Tree
