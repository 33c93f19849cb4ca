"""Outputs that a run narrows: what is within the bounds is taken, all else is refused, and the schema says so."""

from __future__ import annotations

import gc
import json
import weakref
from enum import Enum
from importlib import import_module
from types import SimpleNamespace
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from fanloom import BadModelOutput, Choices, Context, Count, LLMStep, OutputModel, Prompt, UserError, narrowed
from fanloom.gateway.narrowed_clients import MOST_REMEMBERED, NarrowedClients
from fanloom.models.narrowing import narrowed as narrowing
from fanloom.models.narrowing.schema_budget import BEDROCK, GEMINI, OPENAI, cost, within
from fanloom.models.schema_examples.generator import example_of
from fanloom.steps import step as steps
from tests.fakes import ScriptedModel
from tests.wire.langsmith.examples import INPUTS, context

BUDGETS = pytest.mark.parametrize("budget", [GEMINI, OPENAI, BEDROCK], ids=["gemini", "openai", "bedrock"])
NAMES = st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=8, unique=True)


class Bill(OutputModel):
    """A bill."""

    type: Literal["Bill"]
    number: str | None = None


class Note(OutputModel):
    """A note."""

    type: Literal["Note"]
    text: str


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Part(BaseModel):
    """A part, of a class that is no OutputModel."""

    model_config = ConfigDict(frozen=True)

    id: str
    colour: Colour | None = Field(None, alias="color")


class Answer(OutputModel):
    """All that can be narrowed."""

    sources: list[str]
    score: int = 0
    parts: tuple[Part, ...] | None = None
    tasks: list[Annotated[Bill | Note, Field(discriminator="type")]] = Field(default_factory=list, max_length=5)
    grid: list[list[int]] = []

    @field_validator("sources")
    @classmethod
    def _sorted(cls, sources: list[str]) -> list[str]:
        return sorted(sources)


def sources(*bounds: tuple[str, Any]) -> type[Answer]:
    return narrowed(Answer, dict(bounds))


def accepts(output: type[BaseModel], data: Any) -> bool:
    try:
        output.model_validate_json(json.dumps(data))
    except ValidationError:
        return False
    return True


@settings(deadline=None, max_examples=60)
@given(NAMES, st.lists(st.text(max_size=12), max_size=4))
def test_any_value_within_is_accepted_and_any_other_refused(names: list[str], said: list[str]) -> None:
    output = sources(("sources[]", Choices(names)))
    assert accepts(output, {"sources": names})
    allowed = set(said) <= set(names)
    assert accepts(output, {"sources": said}) is allowed
    assert Draft202012Validator(output.model_json_schema()).is_valid({"sources": said}) is allowed


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 12))
def test_any_count_within_is_accepted_and_any_other_refused(least: int, more: int, count: int) -> None:
    output, data = sources(("sources", Count(least, least + more))), {"sources": ["x"] * count}
    allowed = least <= count <= least + more
    assert accepts(output, data) is Draft202012Validator(output.model_json_schema()).is_valid(data) is allowed


@settings(deadline=None, max_examples=60)
@given(st.sets(st.integers(-9, 9), min_size=1), st.integers(-12, 12))
def test_numbers_are_a_range_where_they_are_one(numbers: set[int], said: int) -> None:
    output, data = sources(("score", Choices(sorted(numbers)))), {"sources": [], "score": said}
    shown = output.model_json_schema()["properties"]["score"]
    assert accepts(output, data) is Draft202012Validator(output.model_json_schema()).is_valid(data) is (said in numbers)
    assert ("enum" in shown) is (len(numbers) != max(numbers) - min(numbers) + 1)


PLACES: list[tuple[Any, Any, Any]] = [
    ({"tasks[].number": Choices(["B-1"])}, {"tasks": [{"type": "Bill", "number": "B-1"}, {"type": "Bill"}]}, "B-2"),
    ({"tasks[].number": Choices([])}, {"tasks": [{"type": "Bill", "number": None}]}, "B-2"),
    ({"tasks": Count(1, 9)}, {"tasks": [{"type": "Note", "text": "x"}]}, None),
    ({"parts[].id": Choices(["p"]), "parts": Count(1, 1)}, {"parts": [{"id": "p"}]}, "q"),
    ({"parts[].id": Choices(["p"]), "parts": Count(1, 1)}, {"parts": None}, None),
    ({"parts[].colour": Choices(["red"])}, {"parts": [{"id": "p", "color": "red"}]}, "blue"),
    ({"grid[][]": Choices([1, 3])}, {"grid": [[1], [3, 1]]}, 2),
]


def spoilt(data: Any, bad: Any) -> Any:
    """Put a value in the place of the innermost one that comes last, beside tags."""
    if not isinstance(data, dict | list):
        return bad
    place = len(data) - 1 if isinstance(data, list) else [name for name in data if name != "type"][-1]
    return (
        [*data[:place], spoilt(data[place], bad)]
        if isinstance(data, list)
        else {**data, place: spoilt(data[place], bad)}
    )


def is_shown_as_pydantic_would(output: type[BaseModel]) -> bool:
    """Say whether a schema copied from a marked one is, to the letter, that of a model with the bounds in it."""
    plain = narrowing.spelt_out(output)
    return all(json.dumps(made(output)) == json.dumps(made(plain)) for made in (schema_of, convert_to_openai_tool))


def schema_of(output: type[BaseModel]) -> dict[str, Any]:
    return output.model_json_schema()


@pytest.mark.parametrize("graph", INPUTS.keys() - {"support_router"})
def test_what_a_shipped_graph_shows_is_what_pydantic_makes_of_its_bounds(
    graph: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[type[OutputModel]] = []

    def noted(output: type[OutputModel], bounds: Any) -> type[OutputModel]:
        shown.append(narrowed(output, bounds))
        return shown[-1]

    monkeypatch.setattr(steps, "narrowed", noted)
    import_module(f"graphs.{graph}").graph.invoke(INPUTS[graph], context=context(graph, "offline"))
    assert shown
    assert all(map(is_shown_as_pydantic_would, shown))


@pytest.mark.parametrize(("bounds", "good", "bad"), PLACES)
def test_places_of_every_kind(bounds: Any, good: Any, bad: Any) -> None:
    output, data = narrowed(Answer, bounds), {"sources": ["b", "a"], **good}
    assert is_shown_as_pydantic_would(output)
    made = output.model_validate_json(json.dumps(data))
    assert made == Answer.model_validate_json(json.dumps(data))
    assert type(made) is Answer
    assert {type(one) for one in (*made.tasks, *(made.parts or ()))} <= {Bill, Note, Part}
    assert made.sources == ["a", "b"]
    assert Draft202012Validator(output.model_json_schema()).is_valid(data)
    if bad is not None:
        (name,) = good
        wrong = {**data, name: spoilt(data[name][:1], bad)}
        assert accepts(Answer, wrong)
        assert not accepts(output, wrong)
        assert not Draft202012Validator(output.model_json_schema()).is_valid(wrong)


def test_what_is_narrowed_twice_holds_both_and_the_first_stays_as_it_was() -> None:
    once = sources(("sources[]", Choices("ab")))
    twice = narrowed(once, {"sources": Count(1, 1)})
    assert type(twice.model_validate({"sources": ["a"]})) is Answer
    assert is_shown_as_pydantic_would(twice)
    assert twice.model_json_schema()["properties"]["sources"]["items"]["enum"] == ["a", "b"]
    assert not accepts(twice, {"sources": ["c"]})
    assert not accepts(twice, {"sources": ["a", "a"]})
    assert accepts(once, {"sources": ["a", "a"]})
    assert accepts(Answer, {"sources": ["c"]})


def test_a_key_forgives_how_a_value_is_written() -> None:
    made = sources(("sources[]", Choices(["The Moon"], key=str.casefold))).model_validate({"sources": ["the moon"]})
    assert made.sources == ["The Moon"]


def test_what_is_shown_only_is_left_to_the_node() -> None:
    bounds = {"sources[]": Choices(["a"], enforced=False), "sources": Count(1, 1, enforced=False)}
    output = narrowed(Answer, bounds)
    assert accepts(output, {"sources": ["x", "y"]})
    shown = {"items": {"enum": ["a"], "type": "string"}, "minItems": 1, "maxItems": 1, "type": "array"}
    assert output.model_json_schema()["properties"]["sources"] == shown


def test_offline_examples_are_within_the_bounds() -> None:
    output = narrowed(Answer, {"sources": Count(3, 3), "sources[]": Choices(["only"])})
    assert example_of(output) == {"sources": ["only", "only", "only"]}


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ({"titles": Count(1)}, "no place 'titles'"),
        ({"sources[].x": Count(1)}, r"no place 'sources\[\].x'"),
        ({"score[]": Count(1)}, r"no place 'score\[\]'"),
        ({"a..b": Count(1)}, "is no place"),
        ({"score": Choices([])}, "no choice for 'score'"),
    ],
)
def test_bounds_that_fit_nothing_are_refused_before_any_call(bounds: Any, said: str) -> None:
    with pytest.raises(UserError, match=said):
        LLMStep("ask", Prompt.of_text("ask", "Go."), Answer).within(bounds)


@pytest.mark.parametrize(
    "make",
    [lambda: Choices([True]), lambda: Choices([1.5]), lambda: Count(-1), lambda: Count(2, 1)],  # type: ignore[list-item]
)
def test_bounds_that_mean_nothing_are_refused(make: Any) -> None:
    with pytest.raises(UserError):
        make()


def test_a_text_cannot_be_narrowed() -> None:
    with pytest.raises(UserError, match="only an OutputModel"):
        LLMStep("ask", Prompt.of_text("ask", "Go."), str).within({"x": Count(1)})


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 3_000), st.integers(1, 400))
def test_an_error_says_what_is_allowed_at_a_bounded_length(count: int, length: int) -> None:
    output = sources(("sources[]", Choices(f"{number:x>{length}}" for number in range(count))))
    with pytest.raises(ValidationError) as failed:
        output.model_validate({"sources": ["wrong" * length]})
    (error,) = failed.value.errors()
    assert error["loc"] == ("sources", 0)
    assert error["msg"].startswith("'wrong")
    assert "is not among '" in error["msg"]
    assert len(error["msg"]) < 900


async def test_the_repair_message_says_what_is_allowed() -> None:
    model = ScriptedModel(reply=lambda prompt: {"sources": ["Mars" if "could not" not in prompt else "Moon"]})
    step = LLMStep("ask", Prompt.of_text("ask", "Go."), Answer).within({"sources[]": Choices(["Moon", "Tides"])})
    runtime: Any = SimpleNamespace(context=Context(model=model), control=object())
    assert (await step.run(runtime)).sources == ["Moon"]
    assert "sources.0: 'Mars' is not among 'Moon', 'Tides'" in model.asked[1]


async def test_of_a_list_the_allowed_items_are_kept_at_last() -> None:
    model = ScriptedModel(reply=lambda prompt: {"sources": ["Moon", "Mars"]})
    step = LLMStep("ask", Prompt.of_text("ask", "Go."), Answer).within({"sources[]": Choices(["Moon"])})
    runtime: Any = SimpleNamespace(context=Context(model=model), control=object())
    answer = await step.run(runtime)
    assert (type(answer), answer.sources, len(answer.dropped)) == (Answer, ["Moon"], 1)
    model.reply = lambda prompt: {"sources": ["Mars"]}
    with pytest.raises(BadModelOutput, match="'Mars' is not among 'Moon'"):
        await step.run(runtime)


def test_the_same_bounds_make_one_class_and_others_are_not_kept() -> None:
    def named(names: Any) -> type[Answer]:
        return sources(("sources[]", Choices(names)), ("sources", Count(1)))

    assert named(["a", "b"]) is named(iter("ab"))
    first = weakref.ref(named(["first"]))
    for number in range(narrowing._REMEMBERED + 1):
        named([str(number)])
    gc.collect()
    assert first() is None


async def test_calls_with_other_bounds_each_leave_nothing_behind() -> None:
    step = LLMStep("ask", Prompt.of_text("ask", "Go."), Answer)
    run: Any = SimpleNamespace(context=Context(model="offline"), control=object())
    seen = []
    for number in range(narrowing._REMEMBERED + 20):
        narrow = step.within({"sources[]": Choices([f"title {number}"])})
        assert (await narrow.run(run)).sources == [f"title {number}"]
        seen.append(weakref.ref(narrow.output))
    del narrow
    gc.collect()
    assert seen[0]() is None
    kept = NarrowedClients()
    for number in range(2 * MOST_REMEMBERED):
        kept.get(number, list)
    assert len(kept) == MOST_REMEMBERED


@BUDGETS
@settings(deadline=None, max_examples=40)
@given(st.lists(st.text(max_size=80), min_size=1, max_size=1_200, unique=True), st.integers(0, 2_000))
def test_what_a_provider_is_shown_is_within_its_budget_and_takes_whatever_is_valid(
    budget: Any, names: list[str], count: int
) -> None:
    output = narrowed(Answer, {"sources": Count(count, count), "sources[]": Choices(names)})
    shown = within(output.model_json_schema(), budget)
    assert cost(shown) <= budget.tokens
    assert not any(budget.refused.search(name) for name in shown["properties"]["sources"]["items"].get("enum", ()))
    assert Draft202012Validator(shown).is_valid({"sources": [names[0]] * count})
    kinds = [branch["properties"]["type"] for branch in shown["properties"]["tasks"]["items"]["anyOf"]]
    assert kinds == [{"enum": ["Bill"], "type": "string"}, {"enum": ["Note"], "type": "string"}]


@BUDGETS
def test_a_usual_run_is_shown_in_full(budget: Any) -> None:
    titles = [f"A document of the archive {number}" for number in range(20)]
    schema = narrowed(Answer, {"sources": Count(1, 3), "sources[]": Choices(titles[:5])}).model_json_schema()
    assert within(schema, budget) == schema
    many = narrowed(Answer, {"sources": Count(1, 20), "sources[]": Choices(titles)}).model_json_schema()
    assert within(many, budget)["properties"]["sources"]["items"]["enum"] == titles
