"""Output models of every kind: what the providers are shown, and that their answers are validated in full."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from enum import Enum, IntEnum
from types import SimpleNamespace
from typing import Annotated, Any, Literal

import pytest
from pydantic import ConfigDict, Field

from fanloom import BadModelOutput, Context, LLMStep, OutputModel, Prompt
from tests.wire.provider import FakeProvider
from tests.wire.steps import PROMPTS

# What one of the two does not take, wherever it stands.
NOT_PORTABLE = {"$ref", "$defs", "const", "oneOf", "discriminator", "default", "pattern", "additionalProperties"}


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Node(OutputModel):
    """A node of a tree."""

    name: str = Field(pattern="^[a-z]+$")
    children: list[Node] = []


class Circle(OutputModel):
    """A circle."""

    kind: Literal["circle"]
    radius: int = Field(gt=0, le=5)


class Branch(OutputModel):
    """A tree."""

    kind: Literal["branch"]
    node: Node


Shape = Annotated[Circle | Branch, Field(discriminator="kind")]


class Everything(OutputModel):
    """All that an output model may have."""

    model_config = ConfigDict(strict=True, extra="forbid")

    shape: Shape
    shapes: list[Shape] = Field(min_length=1)
    colour: Colour
    level: Level
    day: date | None = None
    at: datetime
    matrix: list[list[int]]
    pair: tuple[int, str]
    counts: dict[str, int]
    properties: list[str]
    named: int = Field(alias="default")


TREE = {"name": "root", "children": [{"name": "leaf", "children": []}]}
WHOLE = {
    "shape": {"kind": "circle", "radius": 1},
    "shapes": [{"kind": "branch", "node": TREE}, {"kind": "circle", "radius": 5}],
    "colour": "red",
    "level": 2,
    "day": "2026-11-21",
    "at": "2026-11-21T08:00:00Z",
    "matrix": [[1], [2, 3]],
    "pair": [1, "one"],
    "counts": {"a": 1},
    "properties": ["p"],
    "default": 3,
}
CASES = [pytest.param(Everything, WHOLE, id="everything"), pytest.param(Node, TREE, id="recursive")]


async def answer(model: str, output: type[OutputModel]) -> OutputModel:
    """Ask a model for an output in a run of its own."""
    runtime: Any = SimpleNamespace(context=Context(model=model), control=object())
    return await LLMStep("ask", Prompt(PROMPTS / "ask.md"), output).run(runtime, question="?")


def keywords(schema: Any) -> Iterator[str]:
    """Yield the keywords of a schema, which the names of fields are not."""
    if isinstance(schema, list):
        for each in schema:
            yield from keywords(each)
    elif isinstance(schema, dict):
        for name, value in schema.items():
            yield name
            yield from keywords(list(value.values()) if name == "properties" else value)


@pytest.mark.parametrize(("output", "data"), CASES)
async def test_the_schema_is_portable_and_the_answer_is_as_it_was_given(
    wire: FakeProvider, both: str, output: type[OutputModel], data: Any
) -> None:
    wire.reply = data
    found = await answer(both, output)
    assert found == output.model_validate_json(json.dumps(data))
    (request,) = wire.requests
    assert request.schema
    assert not NOT_PORTABLE & set(keywords(request.schema))


@pytest.mark.parametrize(("output", "data"), CASES)
async def test_values_given_as_text_are_read(
    wire: FakeProvider, both: str, output: type[OutputModel], data: Any
) -> None:
    wire.reply = {name: json.dumps(value) if isinstance(value, list | dict) else value for name, value in data.items()}
    assert await answer(both, output) == output.model_validate_json(json.dumps(data))


WRONG = {
    "a bound": {"shape": {"kind": "circle", "radius": 9}},
    "a tag": {"shape": {"kind": "square"}},
    "an enum": {"colour": "green"},
    "a strict number": {"named": None, "default": "3"},
    "a list too short": {"shapes": []},
    "a field too many": {"unknown": 1},
    "a pattern far down": {"shape": {"kind": "branch", "node": {"name": "root", "children": [{"name": "X"}]}}},
}


@pytest.mark.parametrize("name", WRONG)
async def test_what_no_schema_says_is_validated_here(wire: FakeProvider, both: str, name: str) -> None:
    wire.reply = {**WHOLE, **WRONG[name]}  # type: ignore[dict-item]
    with pytest.raises(BadModelOutput) as failed:
        await answer(both, Everything)
    assert (failed.value.kind, len(wire.requests)) == ("wrong_shape", 2)
