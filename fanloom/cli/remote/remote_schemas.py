"""What a LangGraph server tells of a graph: its name, and the schemas of what it takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fanloom.cli.options.input_options import Schema


class RemoteSchemas:
    """The name of a server's graph, and the schemas of its input, context and output."""

    def __init__(self, name: str, schemas: Mapping[str, Any]) -> None:
        self.name = name
        self.input_schema: Schema = _input_schema(schemas)
        self.context_schema: Schema | None = schemas.get("context_schema")
        self._outputs = (schemas.get("output_schema") or {}).get("properties")

    def output(self, values: Any) -> Any:
        """Return of a state what `ainvoke` would have returned."""
        if self._outputs is None or not isinstance(values, Mapping):
            return values
        return {name: values[name] for name in self._outputs if name in values}


def _input_schema(schemas: Mapping[str, Any]) -> Schema:
    schema = schemas.get("input_schema") or {"type": "object"}
    state = schemas.get("state_schema") or {}
    # Where the whole state is the input, LangGraph itself needs none of it.
    is_state = set(schema.get("properties", ())) == set(state.get("properties", ()))
    return {**schema, "required": [] if is_state else schema.get("required", [])}
