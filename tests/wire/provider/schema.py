"""The smallest instance of a JSON schema, always the same one."""

import operator
from collections.abc import Callable
from typing import Any

_DEEPEST = 12
_FORMATS = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T00:00:00Z",
    "time": "00:00:00Z",
    "email": "a@example.com",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
_BOUNDS: dict[str, Callable[[float, float], bool]] = {
    "minimum": operator.ge,
    "exclusiveMinimum": operator.gt,
    "maximum": operator.le,
    "exclusiveMaximum": operator.lt,
    "multipleOf": lambda value, step: value % step == 0,
}

Schema = dict[str, Any]


class TooDeep(ValueError):
    """The schema's required part never ends."""


def smallest(schema: Schema) -> Any:
    """Return the shallowest valid instance, without what is optional.

    `pattern`, `uniqueItems` and other formats than those above are not honoured.
    """
    for deepest in range(1, _DEEPEST):
        try:
            return _Maker(schema, deepest).make(schema)
        except TooDeep:
            continue
    return _Maker(schema, _DEEPEST).make(schema)


class _Maker:
    def __init__(self, root: Schema, deepest: int) -> None:
        self.root = root
        self.deepest = deepest
        self.makers = {
            "object": self.object,
            "array": self.array,
            "string": _string,
            "integer": _integer,
            "number": _number,
            "boolean": lambda *_: False,
            "null": lambda *_: None,
        }

    def make(self, schema: Schema, depth: int = 0, index: int = 0) -> Any:
        """Return an instance; `index` makes the items of one list differ."""
        if depth > self.deepest:
            raise TooDeep(f"the schema's required part is nested deeper than {self.deepest}")
        schema = self.resolve(schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][index % len(schema["enum"])]
        if options := schema.get("anyOf") or schema.get("oneOf"):
            return self.first(options, depth, index)
        return self.makers[_type(schema)](schema, depth, index)

    def resolve(self, schema: Schema) -> Schema:
        """Follow references and merge `allOf`."""
        while "$ref" in schema:
            siblings = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {**self.target(schema["$ref"]), **siblings}
        for part in schema.get("allOf", []):
            schema = _merge(schema, self.resolve(part))
        return schema

    def target(self, reference: str) -> Schema:
        """Return what a local reference points to."""
        found: Any = self.root
        for step in reference.removeprefix("#").strip("/").split("/"):
            found = found[step] if step else found
        return dict(found)

    def first(self, options: list[Schema], depth: int, index: int) -> Any:
        """Return an instance of the first option that ends."""
        for option in options:
            try:
                return self.make(option, depth + 1, index)
            except TooDeep:
                continue
        raise TooDeep("no option of anyOf ends")

    def object(self, schema: Schema, depth: int, index: int) -> dict[str, Any]:
        """Return an object with the required properties only."""
        properties = schema.get("properties", {})
        return {name: self.make(properties.get(name, {}), depth + 1, index) for name in schema.get("required", [])}

    def array(self, schema: Schema, depth: int, index: int) -> list[Any]:
        """Return a list of the fewest items allowed."""
        fixed = schema.get("prefixItems", [])
        count = max(int(schema.get("minItems", 0)), len(fixed))
        kinds = [*fixed, *[schema.get("items", {})] * (count - len(fixed))]
        return [self.make(kind, depth + 1, number) for number, kind in enumerate(kinds)]


def _type(schema: Schema) -> str:
    named = schema.get("type") or ("object" if "properties" in schema else "string")
    return str(named[0] if isinstance(named, list) else named).lower()


def _merge(left: Schema, right: Schema) -> Schema:
    return {
        **left,
        **right,
        "properties": {**left.get("properties", {}), **right.get("properties", {})},
        "required": list(dict.fromkeys([*left.get("required", []), *right.get("required", [])])),
    }


def _string(schema: Schema, depth: int, index: int) -> str:
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    text = "text" if index == 0 else f"text {index + 1}"
    return text.ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength")]


def _number(schema: Schema, depth: int, index: int) -> float:
    low = _bound(schema, ["minimum", "exclusiveMinimum"], 0)
    high = _bound(schema, ["maximum", "exclusiveMaximum"], low + 2)
    step: float = schema.get("multipleOf", 1)
    above, below = [-(-low // step) * step, (low // step + 1) * step], (-(-high // step) - 1) * step
    tried = [0, low, *above, high, below, (low + high) / 2]
    return next((value for value in tried if _allowed(schema, value)), low)


def _integer(schema: Schema, depth: int, index: int) -> int:
    return int(_number({"multipleOf": 1, **schema}, depth, index))


def _bound(schema: Schema, names: list[str], default: float) -> float:
    return next((schema[name] for name in names if name in schema), default)


def _allowed(schema: Schema, value: float) -> bool:
    return all(test(value, schema[name]) for name, test in _BOUNDS.items() if name in schema)
