"""The JSON schema of a Pydantic model, with what that language has no words for but Pydantic knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from itertools import islice
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import to_jsonable_python

from fanloom.models.narrowing.narrowed import spelt_out

Schema = dict[str, Any]
_CHOICES = 10


def exact_schema(model: type[BaseModel]) -> Schema:
    """Return the JSON schema of what a model accepts; moments, spans and URLs are enums of some that it accepts.

    An `OutputModel` shows language models a portable schema, which leaves things out: here nothing is.
    """
    schema: Schema = BaseModel.model_json_schema.__func__(spelt_out(model), schema_generator=_ExactSchema)  # type: ignore[attr-defined]
    return schema


class _ExactSchema(GenerateJsonSchema):
    """JSON schema has no bounds for moments and spans, no types of keys, no schemes of URLs, no decimal places."""

    def date_schema(self, schema: Any) -> Schema:
        start = date(3000, 1, 1) if schema.get("now_op") == "future" else date(2000, 1, 1)
        return _choices(schema, start, timedelta(days=1))

    def datetime_schema(self, schema: Any) -> Schema:
        zone = None if schema.get("tz_constraint") == "naive" else UTC
        start = datetime(3000 if schema.get("now_op") == "future" else 2000, 1, 1, tzinfo=zone)
        return _choices(schema, start, timedelta(seconds=1))

    def time_schema(self, schema: Any) -> Schema:
        def moment(of_day: time) -> datetime:
            return datetime.combine(date(2000, 1, 1), of_day)

        zone = UTC if schema.get("tz_constraint") == "aware" else None
        bounds = {name: moment(schema[name]) for name in ("ge", "gt", "le", "lt") if name in schema}
        return _choices(bounds, moment(time(tzinfo=zone)), timedelta(seconds=1), shown=datetime.timetz)

    def timedelta_schema(self, schema: Any) -> Schema:
        return _choices(schema, timedelta(), timedelta(seconds=1))

    def decimal_schema(self, schema: Any) -> Schema:
        names = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
        made = {"type": "number", **{names[name]: schema[name] for name in names if name in schema}}
        places = schema.get("decimal_places")
        step = schema.get("multiple_of") or (Fraction(1, 10**places) if places is not None else None)
        return {**made, "multipleOf": step} if step else made

    def dict_schema(self, schema: Any) -> Schema:
        made = super().dict_schema(schema)
        for values in made.pop("patternProperties", {}).values():
            made["additionalProperties"] = values
        return (
            {**made, "propertyNames": self.generate_inner(schema["keys_schema"])} if "keys_schema" in schema else made
        )

    def url_schema(self, schema: Any) -> Schema:
        scheme = (schema.get("allowed_schemes") or ["https"])[0]
        host = "" if scheme == "file" else "example.com"
        return {"enum": [f"{scheme}://{host}/offline{number}" for number in range(_CHOICES)]}

    def multi_host_url_schema(self, schema: Any) -> Schema:
        return self.url_schema(schema)


def _choices(bounds: Any, start: Any, step: timedelta, shown: Callable[[Any], Any] = lambda value: value) -> Schema:
    """Return an enum of some values within the bounds `ge`, `gt`, `le` and `lt`, from the one that is nearest."""
    low, high = bounds.get("ge", bounds.get("gt")), bounds.get("le", bounds.get("lt"))
    if low is None and high is not None:
        start, step = high, -step
    elif low is not None:
        start = low
    near = islice(_stepped(start, step), 0, _CHOICES)
    halfway = [low + (high - low) / 2] if low is not None and high is not None else []
    fitting = [value for value in [*near, *halfway] if _is_within(value, bounds)]
    return {"enum": to_jsonable_python([shown(value) for value in dict.fromkeys(fitting)])}


def _stepped(value: Any, step: timedelta) -> Iterator[Any]:
    while True:
        yield value
        try:
            value += step
        except OverflowError:
            return


def _is_within(value: Any, bounds: Any) -> bool:
    checks: dict[str, Callable[[Any, Any], bool]] = {
        "ge": lambda a, b: a >= b,
        "gt": lambda a, b: a > b,
        "le": lambda a, b: a <= b,
        "lt": lambda a, b: a < b,
    }
    return all(check(value, bounds[name]) for name, check in checks.items() if name in bounds)
