"""A step without an understudy runs offline: its answers are valid, marked, and always the same."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import (
    AnyUrl,
    AwareDatetime,
    BaseModel,
    Field,
    FutureDate,
    IPvAnyAddress,
    Json,
    NaiveDatetime,
    PastDatetime,
    RootModel,
    StringConstraints,
    create_model,
    field_validator,
    model_validator,
)
from typing_extensions import TypedDict

from fanloom import BadModelOutput, LLMStep, OfflineChatModel, OutputModel, Prompt
from fanloom.models.schema_examples.generator import example, example_of
from fanloom.models.schema_examples.no_example import NoExample
from fanloom.models.schema_examples.texts import MARK


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Tree(OutputModel):
    label: str
    branches: list[Tree]


class Leaf(OutputModel):
    kind: Literal["leaf"] = "leaf"
    value: int


class Sum(OutputModel):
    kind: Literal["sum"] = "sum"
    left: Term
    right: Term


Term = Annotated[Sum | Leaf, Field(discriminator="kind")]


class Person(OutputModel):
    name: str
    employer: Firm | None


class Firm(OutputModel):
    owner: Person
    staff: Annotated[list[Person], Field(min_length=1)]


class Point(NamedTuple):
    x: int
    y: float


class Place(TypedDict, total=False):
    at: Point
    name: str


@pytest.fixture(scope="module")
def prompt(tmp_path_factory: pytest.TempPathFactory) -> Prompt:
    file = tmp_path_factory.mktemp("prompts") / "ask.md"
    file.write_text("Ask $question", encoding="utf-8")
    return Prompt(file)


def of_type(annotation: Any) -> type[OutputModel]:
    return create_model("Made", __base__=OutputModel, field=(annotation, ...))


@st.composite
def whole_numbers(draw: st.DrawFn) -> Any:
    low = draw(st.integers(-(10**20), 10**20))
    step = draw(st.integers(1, 50))
    high = low + draw(st.integers(2 * step, 1000))
    lower, upper = draw(st.sampled_from(["ge", "gt"])), draw(st.sampled_from(["le", "lt"]))
    bounds = {lower: low, upper: high, "multiple_of": step}
    return Annotated[int, Field(**{name: bounds[name] for name in bounds if draw(st.booleans())})]


@st.composite
def fractions(draw: st.DrawFn) -> Any:
    low = draw(st.floats(-1e12, 1e12))
    high = low + draw(st.floats(0.001, 1e6)) * max(1, abs(low))
    bounds = {draw(st.sampled_from(["ge", "gt"])): low, draw(st.sampled_from(["le", "lt"])): high}
    kind = draw(st.sampled_from([float, Decimal]))
    bounds = {name: Decimal(str(value)) if kind is Decimal else value for name, value in bounds.items()}
    return Annotated[kind, Field(**{name: bounds[name] for name in bounds if draw(st.booleans())})]


@st.composite
def moments(draw: st.DrawFn) -> Any:
    kind, days = draw(
        st.sampled_from(
            [(date, st.dates()), (datetime, st.datetimes()), (time, st.times()), (timedelta, st.timedeltas())]
        )
    )
    low, high = sorted((draw(days), draw(days)))
    bounds = {"ge": low, "le": high}
    return Annotated[kind, Field(**{name: bounds[name] for name in bounds if draw(st.booleans())})]


PATTERNS = [
    r"^[A-Z]{3}-\d{4}$",
    r"^(?:red|blue)\s\w+$",
    r"^\d+(\.\d+)?$",
    r"^[^\s@]+@[a-z]+\.(com|org)$",
    r"\bnever\b",
    r"^[a-z0-9]+(?:-[a-z0-9]+)*$",
    r"^#[0-9a-fA-F]{6}$",
    r"^v\d+\.\d+\.\d+$",
    r"^.{2,5}$",
    r"^\S\D\W$",
]


@st.composite
def words(draw: st.DrawFn) -> Any:
    least = draw(st.integers(0, 60))
    bounds = {"min_length": least, "max_length": least + draw(st.integers(0, 60))}
    return Annotated[str, Field(**{name: bounds[name] for name in bounds if draw(st.booleans())})]


KINDS = [str, int, float, bool, bytes, None, Any, Colour, date, datetime, time, timedelta, UUID, Decimal, AnyUrl, Path]
CHOICES = [Literal["a", "b"], Literal[3], Literal["x", 1, None]]
ODD = [FutureDate, PastDatetime, AwareDatetime, NaiveDatetime, IPvAnyAddress, Json[list[int]]]
MADE = [Place, Point, Tree, Leaf, Sum, Term, Person, Firm]
PLAIN = st.sampled_from([*KINDS, *CHOICES, *ODD, *MADE])


def containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    counts = st.fixed_dictionaries({}, optional={"min_length": st.integers(0, 4), "max_length": st.integers(4, 6)})
    keys = st.sampled_from([str, int, UUID, date, Annotated[str, Field(pattern="^[a-z]{2}$")]])
    members = st.sampled_from(
        [str, int, float, UUID, date, Annotated[str, Field(max_length=3)], Annotated[int, Field(ge=5)]]
    )
    return st.one_of(
        st.builds(lambda item, bounds: Annotated[list[item], Field(**bounds)], inner, counts),
        st.builds(lambda item, bounds: Annotated[set[item], Field(**bounds)], members, counts),
        st.builds(lambda key, item, bounds: Annotated[dict[key, item], Field(**bounds)], keys, inner, counts),
        st.builds(lambda a, b: tuple[a, b], inner, inner),
        st.builds(lambda item: tuple[item, ...], inner),
        st.builds(lambda item: item | None if item is not None else item, inner),
        st.builds(lambda a, b: a | b if a is not None else b, inner, inner),
        st.builds(of_type, inner),
    )


PATTERNED = st.sampled_from(PATTERNS).map(lambda pattern: Annotated[str, Field(pattern=pattern)])
LEAVES = st.one_of(PLAIN, whole_numbers(), fractions(), moments(), words(), PATTERNED)
ANNOTATIONS = st.recursive(LEAVES, containers, max_leaves=5)


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(["title", "default", "items", "x"]), ANNOTATIONS, min_size=1))
async def test_a_step_of_any_type_has_a_valid_answer(prompt: Prompt, fields: dict[str, Any]) -> None:
    output = create_model("Made", __base__=OutputModel, **{name: (kind, ...) for name, kind in fields.items()})
    step = LLMStep("ask", prompt, output)
    answer = await step.run(question="?")
    assert isinstance(answer, output)
    assert repr(await step.run(question="?")) == repr(answer)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_is_matched_and_the_text_marked_where_it_may_be(pattern: str) -> None:
    made = example({"type": "string", "pattern": pattern})
    assert re.search(pattern, made)
    ends = pattern.endswith("$")
    assert (MARK in made) != ends


@pytest.mark.parametrize(
    ("schema", "made"),
    [
        ({"type": "string"}, "[offline] no language model was used"),
        ({"type": "string", "maxLength": 20}, "[offline]"),
        ({"type": "string", "maxLength": 4}, "[off"),
        ({"type": "string", "maxLength": 0}, ""),
        ({"type": "string", "minLength": 12, "maxLength": 12}, "[offline]..."),
        ({"type": "string", "pattern": "^[A-Z]"}, "A [offline] no language model was used"),
        ({"type": "string", "pattern": "^[a-z]{2,}$", "minLength": 5}, "aaaaa"),
        ({"type": "string", "pattern": r"^(\w)-\1$"}, "a-a"),
        ({"type": "integer"}, 0),
        ({"type": "integer", "minimum": 7, "multipleOf": 5}, 10),
        ({"type": "integer", "exclusiveMaximum": -7, "multipleOf": 7}, -14),
        ({"type": "number", "exclusiveMinimum": 0}, 1),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.5}, 0.25),
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 1, "multipleOf": 0.1}, 0.1),
        ({"type": "array", "items": {"type": "boolean"}, "uniqueItems": True, "minItems": 2}, [False, True]),
        ({"type": "array", "maxItems": 0}, []),
        ({"type": ["integer", "null"]}, 0),
        ({"anyOf": [{"type": "string", "pattern": r"\p{L}"}, {"type": "null"}]}, None),
        ({"$ref": "#/definitions/A", "definitions": {"A": {"type": "integer"}}}, 0),
        ({"required": ["a"], "properties": {"a": {"type": "array", "items": {"$ref": "#"}}}}, {"a": [{"a": []}]}),
        ({"allOf": [{"required": ["a"]}, {"properties": {"a": {"const": 1}}}]}, {"a": 1}),
    ],
)
def test_what_is_made_of_a_schema(schema: dict[str, Any], made: Any) -> None:
    assert example(schema) == made


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "pattern": r"^\p{L}$"},
        {"type": "string", "pattern": "^a$", "minLength": 2},
        {"type": "integer", "minimum": 1, "maximum": 4, "multipleOf": 5},
        {"type": "number", "exclusiveMinimum": 1, "maximum": 1},
        {"type": "tuple"},
        {"required": ["a"], "properties": {"a": {"$ref": "#"}}},
        {"$ref": "#/$defs/Missing"},
        {"$ref": "#/$defs/A", "$defs": {"A": {"required": ["a"], "properties": {"a": {"$ref": "#/$defs/A"}}}}},
    ],
)
def test_where_nothing_fits_that_is_said(schema: dict[str, Any]) -> None:
    with pytest.raises(NoExample):
        example(schema)


def test_what_goes_round_in_a_circle_ends_and_the_tags_of_unions_are_set() -> None:
    assert example_of(Tree) == {"label": "[offline] no language model was used", "branches": []}
    assert example_of(of_type(Term)) == {"field": {"kind": "leaf", "value": 0}}
    assert example_of(of_type(list[Tree]))["field"][0]["branches"] == []
    assert example_of(Firm)["staff"][0]["employer"] is None


def test_every_free_text_is_marked() -> None:
    kinds: dict[str, Any] = {"a": str, "b": list[str], "c": Any, "d": Tree, "e": tuple[str, str], "f": str | None}
    nested = create_model("Nested", __base__=OutputModel, **{name: (kind, ...) for name, kind in kinds.items()})
    made = example_of(nested)
    texts = [made["a"], *made["b"], made["c"], made["d"]["label"], *made["e"], made["f"]]
    assert set(texts) == {"[offline] no language model was used"}


def test_a_wide_circle_of_types_stays_small() -> None:
    names = [f"T{number}" for number in range(20)]
    lists = {name: {"type": "array", "items": {"$ref": f"#/$defs/{name}"}} for name in names}
    schema = {"required": names, "properties": lists}
    made = example({**schema, "$defs": dict.fromkeys(names, schema)})
    assert len(json.dumps(made)) < 20_000


class Odd(OutputModel):
    number: int

    @field_validator("number")
    @classmethod
    def is_odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError("give an odd number")
        return value


class Span(OutputModel):
    begin: date
    end: date

    @model_validator(mode="after")
    def ends_later(self) -> Span:
        assert self.end > self.begin, "it must end after it begins"
        return self


class Countdown(OutputModel):
    steps: tuple[Odd, Odd]
    high: int
    low: int

    @model_validator(mode="after")
    def falls(self) -> Countdown:
        assert self.high > self.low, "it must fall"
        return self


class Contact(OutputModel):
    mail: str | None = None
    phone: str | None = None

    @model_validator(mode="after")
    def has_one(self) -> Contact:
        assert self.mail or self.phone, "give one of them"
        return self


class Ballot(OutputModel):
    options: list[str]

    @field_validator("options")
    @classmethod
    def has_a_choice(cls, value: list[str]) -> list[str]:
        assert len(value) >= 2, "give at least two"
        return value


class Chain(Odd):
    next: Chain | None = None
    others: list[Chain] = []


OFFLINE = "[offline] no language model was used"
OPINIONATED = [
    (Odd, {"number": 1}),
    (Span, {"begin": "2000-01-01", "end": "2000-01-02"}),
    (Countdown, {"steps": [{"number": 3}, {"number": 3}], "high": 2, "low": 1}),
    (Contact, {"mail": OFFLINE, "phone": OFFLINE}),
    (Ballot, {"options": [OFFLINE, OFFLINE]}),
    (Chain, {"number": 1}),
]


@pytest.mark.parametrize(("output", "made"), OPINIONATED)
async def test_what_a_validator_refuses_is_made_otherwise(prompt: Prompt, output: type[OutputModel], made: Any) -> None:
    assert example_of(output) == made
    assert isinstance(await LLMStep("ask", prompt, output).run(question="?"), output)


class Prime(OutputModel):
    number: int

    @field_validator("number")
    @classmethod
    def is_known(cls, value: int) -> int:
        if value != 104_729:
            raise ValueError("give the ten thousandth prime")
        return value


class Pair(OutputModel):
    pair: str

    @field_validator("pair")
    @classmethod
    def has_two_sides(cls, value: str) -> str:
        return value.split(":")[1]


@pytest.mark.parametrize(
    "output",
    [Prime, Pair, of_type(Annotated[str, Field(pattern=r"^\p{L}$")]), of_type(Annotated[int, Field(gt=1, lt=2)])],
)
async def test_what_no_schema_tells_is_left_to_an_understudy(prompt: Prompt, output: type[OutputModel]) -> None:
    with pytest.raises(BadModelOutput, match=rf"{output.__name__} accepts .*give the step an understudy") as failed:
        await LLMStep("ask", prompt, output).run(question="?")
    assert failed.value.kind == "no_understudy"


async def test_an_understudy_needs_no_example(prompt: Prompt) -> None:
    step = LLMStep("ask", prompt, Prime, understudy=lambda question: Prime(number=104_729))
    assert (await step.run(question="?")).number == 104_729


@pytest.mark.parametrize("output", [BaseModel, OutputModel])
async def test_plain_models_and_roots_that_are_no_objects_are_answered_too(prompt: Prompt, output: Any) -> None:
    made = create_model("Made", __base__=output, name=(Annotated[str, StringConstraints(pattern="^[A-Z]+$")], ...))
    assert (await LLMStep("ask", prompt, made).run(question="?")).model_dump() == {"name": "A"}
    listed = await LLMStep("ask", prompt, RootModel[list[int]]).run(question="?")
    assert listed.root == [0]


def test_the_chat_model_gives_it_to_those_who_ask_it_directly() -> None:
    code = of_type(Annotated[str, Field(pattern="^[A-Z]{2}$")])
    answer = OfflineChatModel().with_structured_output(code).invoke("?")
    assert answer.field == "AA"  # type: ignore[union-attr]


def test_a_schema_without_a_class_is_answered_too_or_the_error_says_what_to_do() -> None:
    schema = {"title": "Code", "type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}
    assert OfflineChatModel().with_structured_output(schema).invoke("?")["a"].startswith(MARK)  # type: ignore[index]
    schema["properties"] = {"a": {"type": "integer", "minimum": 2, "maximum": 1}}
    with pytest.raises(BadModelOutput, match=r"Code accepts .*understudy"):
        OfflineChatModel().with_structured_output(schema).invoke("?")
