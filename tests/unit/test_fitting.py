"""How the data of an answer is fitted to an output model."""

from __future__ import annotations

import json
from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import ConfigDict, Field, ValidationError

from fanloom import OutputModel
from fanloom.gateway.answer_validation import fit, fit_in_part
from fanloom.models.schema_examples.generator import example_of


class Colour(Enum):
    RED = "red"


class Strict(OutputModel):
    """What a strict model takes from JSON only."""

    model_config = ConfigDict(strict=True)

    day: date
    colours: set[Colour]
    count: int


class Snippet(OutputModel):
    """A text that may look like data."""

    code: str
    lines: int = Field(ge=0)


class Snippets(OutputModel):
    """Two lists and what is in none."""

    first: list[Snippet]
    second: list[Snippet] = []
    title: str = ""


class Nested(OutputModel):
    """Lists further down."""

    inner: Snippets


class Circle(OutputModel):
    """One member of a union."""

    kind: Literal["circle"]
    radius: int


class Square(OutputModel):
    """The other."""

    kind: Literal["square"]
    snippets: list[Snippet]


class Drawing(OutputModel):
    """A list of a union."""

    shapes: list[Annotated[Circle | Square, Field(discriminator="kind")]]


GOOD, BAD = {"code": '{"a": 1}', "lines": 1}, {"code": "[1]", "lines": -1}
TEXT = json.dumps


def test_a_strict_model_is_validated_as_the_json_it_is() -> None:
    plain = {"day": "2026-11-21", "colours": ["red"], "count": 3}
    assert fit(plain, Strict) == Strict(day=date(2026, 11, 21), colours={Colour.RED}, count=3)
    assert Strict.model_validate_json(TEXT(example_of(Strict)))
    with pytest.raises(ValidationError, match="count"):
        fit({**plain, "count": "3"}, Strict)


@pytest.mark.parametrize(
    "given",
    [
        {"inner": {"first": [GOOD]}},
        {"inner": {"first": TEXT([GOOD])}},
        {"inner": {"first": [TEXT(GOOD)]}},
        {"inner": TEXT({"first": TEXT([TEXT(GOOD)])})},
        TEXT({"inner": TEXT({"first": [GOOD]})}),
    ],
)
def test_texts_are_read_as_data_where_data_is_wanted_and_nowhere_else(given: Any) -> None:
    assert fit(given, Nested).inner.first == [Snippet(code='{"a": 1}', lines=1)]


def test_texts_are_read_in_a_union_too() -> None:
    shapes = [TEXT({"kind": "circle", "radius": 1}), {"kind": "square", "snippets": TEXT([GOOD])}]
    found = fit({"shapes": shapes}, Drawing)
    assert [shape.kind for shape in found.shapes] == ["circle", "square"]


PARTS = [
    (Snippets, {"first": [GOOD, BAD]}, {"first": [GOOD]}, 1, ["first.1.lines"]),
    (Snippets, {"first": TEXT([BAD, GOOD])}, {"first": [GOOD]}, 1, ["first.0.lines"]),
    (
        Snippets,
        {"first": [GOOD, BAD], "second": [{"code": 1}, GOOD, GOOD]},
        {"first": [GOOD], "second": [GOOD, GOOD]},
        3,
        ["first.1.lines", "second.0.code"],
    ),
    (Nested, {"inner": {"first": [BAD, GOOD]}}, {"inner": {"first": [GOOD]}}, 1, ["inner.first.0.lines"]),
    (
        Drawing,
        {"shapes": [{"kind": "circle", "radius": 1}, {"kind": "square", "snippets": [BAD, GOOD]}, {"kind": "x"}]},
        {"shapes": [{"kind": "circle", "radius": 1}]},
        1,
        ["shapes.1.square.snippets.0.lines", "shapes.2"],
    ),
]


@pytest.mark.parametrize(("output", "given", "left", "items", "reasons"), PARTS)
def test_the_items_that_fit_are_kept_and_each_other_one_is_reported(
    output: type[OutputModel], given: Any, left: Any, items: int, reasons: list[str]
) -> None:
    found = fit_in_part(given, output)
    assert found
    assert (found[0], found[1].model_dump()) == (items, output.model_validate(left).model_dump())
    assert [place in told for place, told in zip(reasons, found[1].dropped, strict=True)] == [True] * len(reasons)


def test_a_long_list_tells_of_every_item() -> None:
    found = fit_in_part({"first": [GOOD, *[BAD] * 9]}, Snippets)
    assert found
    assert len(found[1].dropped) == 9


@pytest.mark.parametrize(
    "given",
    [
        {"first": [GOOD]},
        {"first": [BAD]},
        {"first": [GOOD, BAD], "second": [BAD]},
        {"first": [GOOD, BAD], "title": 3},
        {"second": [GOOD, BAD]},
        {"first": 3},
        [GOOD, BAD],
        "text",
    ],
)
def test_what_fits_as_a_whole_or_is_wrong_elsewhere_is_not_taken_in_part(given: Any) -> None:
    assert fit_in_part(given, Snippets) is None
