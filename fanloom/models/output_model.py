"""Output models whose JSON schema every provider takes."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from pydantic import BaseModel, PrivateAttr, ValidationError

from fanloom.models.answers.whole_characters import whole_texts

# What Gemini's documented subset of JSON schema and Nova's tool schemas do not take: `const`, `discriminator`,
# `default`, `pattern`, siblings of `$ref`; Nova also refuses `additionalProperties`.
_DROPPED = frozenset({"default", "pattern", "discriminator", "additionalProperties", "title", "examples", "const"})

M = TypeVar("M", bound=BaseModel)


class OutputModel(BaseModel):
    """Base of what a step asks a model for: the schema it shows is portable, the validation is Pydantic's own.

    Docstrings and field descriptions are prompt text. Give every member of a union a required `Literal` tag.
    """

    _dropped: list[str] = PrivateAttr(default_factory=list)

    @property
    def dropped(self) -> list[str]:
        """What was left out of a list because it was not valid, after the model was asked again; usually nothing."""
        return self._dropped

    @dropped.setter
    def dropped(self, reasons: list[str]) -> None:
        self._dropped = reasons

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the JSON schema in the subset that Gemini and Bedrock Nova both document."""
        return portable(super().model_json_schema(*args, **kwargs))


def as_json(data: Any, output: type[M]) -> M:
    """Return JSON-plain data as `output`, validated as the JSON it is. Raises pydantic's ValidationError."""
    text = json.dumps(data)
    if "\\u0000" in text or "\\ud" in text:
        text = json.dumps(whole_texts(data))
    try:
        # A strict model takes a date, an enum or a set from JSON, and from Python only what is one already.
        return output.model_validate_json(text)
    except ValidationError as error:
        let_go(error)
        raise


def let_go(error: BaseException | None) -> None:
    """Take the tracebacks off what validators have raised, in an error and its causes.

    Their frames hold the run, and through it the error: a circle that Python cannot see, since pydantic's errors do not
    show it what they hold, so that it would never be let go.
    """
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        for each in error.errors(include_url=False, include_input=False) if isinstance(error, ValidationError) else ():
            if isinstance(raised := each.get("ctx", {}).get("error"), BaseException):
                raised.__traceback__ = raised.__cause__ = raised.__context__ = None
        error = error.__cause__ or error.__context__


def portable(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a JSON schema with references inlined, `const` as `enum`, `oneOf` as `anyOf` and the rest left out.

    A model that refers to itself cannot be inlined: the reference ends as an object without properties.
    """
    defs = schema.get("$defs", {})
    # That of a model which refers to itself stands where the reference leads to; langchain-aws names its tool by it.
    named = schema if "title" in schema else defs.get(schema.get("$ref", "").rsplit("/", 1)[-1], {})
    inlined = _portable(schema, defs, ())
    return {"title": named["title"], **inlined} if "title" in named else inlined


def _portable(node: Any, defs: dict[str, Any], seen: tuple[str, ...]) -> Any:
    if isinstance(node, list):
        return [_portable(item, defs, seen) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _resolved(node, defs, seen)
    kept = {key: value for key, value in node.items() if key not in _DROPPED and key != "$defs"}
    if "oneOf" in kept:
        kept["anyOf"] = kept.pop("oneOf")
    if "const" in node:
        kept["enum"] = [node["const"]]
    return {key: _member(key, value, defs, seen) for key, value in kept.items()}


def _member(key: str, value: Any, defs: dict[str, Any], seen: tuple[str, ...]) -> Any:
    # The keys below "properties" are field names: one that is called "default" or "title" must stay.
    if key == "properties":
        return {name: _portable(item, defs, seen) for name, item in value.items()}
    return value if key in ("enum", "required") else _portable(value, defs, seen)


def _resolved(node: dict[str, Any], defs: dict[str, Any], seen: tuple[str, ...]) -> Any:
    name = node["$ref"].rsplit("/", 1)[-1]
    if name in seen:
        return {"type": "object"}
    target = _portable(defs[name], defs, (*seen, name))
    return {**target, **({"description": node["description"]} if "description" in node else {})}
