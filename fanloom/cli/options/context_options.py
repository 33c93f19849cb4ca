"""From `--model` and `--set NAME=VALUE` to the context of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fanloom.cli.options import typed_values as values
from fanloom.cli.options.input_options import Schema, check_names, resolve
from fanloom.errors import UserError


def make_context(
    schema: Schema | None, model: str | None, settings: Iterable[str], base: Mapping[str, Any] | None = None
) -> dict[str, Any] | None:
    """Make the context of a run, over that of an earlier one, from the schema of the graph's context.

    Raises UserError for what the graph does not take.
    """
    pairs = [*([f"model={model}"] if model else []), *settings]
    if schema is None:
        if pairs:
            raise UserError(f"this graph takes no context, so {pairs[0]!r} cannot be set. Leave --model and --set out.")
        return None
    split = [_split(pair) for pair in pairs]
    known = schema.get("properties", {})
    check_names((name for name, _ in split), known, "context field")
    context = {**(base or {}), **{name: _value(value, known[name], schema) for name, value in split}}
    missing = [name for name in schema.get("required", ()) if name not in context]
    if missing:
        raise UserError(f"the context of this graph needs {missing[0]!r}: give --set {missing[0]}=VALUE.")
    return context


def _split(pair: str) -> tuple[str, str]:
    name, equals, value = pair.partition("=")
    if not (equals and name.strip()):
        raise UserError(f"--set takes NAME=VALUE, not {pair!r}.")
    return name.strip(), value


def _value(given: str, part: Schema, root: Schema) -> Any:
    given = values.text(given)
    value = values.parsed_or_text(given)
    # A customer whose id is 1001 is no number: where the schema wants a string, it gets what was typed.
    is_text = resolve(part, root).get("type") == "string"
    return given if is_text and value is not None else value
