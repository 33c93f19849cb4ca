"""How state is kept: as plain data, well-known types and the types in a graph's schemas, and nothing is pickled."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any, Self, cast

import ormsgpack
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from fanloom.durable.derived_classes import derived_class
from fanloom.runs.langgraph_internals import is_own, types_in

Name = tuple[str, ...]


class StateSerializer(JsonPlusSerializer):
    """LangGraph's serializer, which also knows the classes that are derived from those it may load.

    A field of a class may hold them, and which there are is known only when they are met.
    """

    def __init__(self) -> None:
        super().__init__(pickle_fallback=False, allowed_msgpack_modules=None)
        self._names: frozenset[Name] = frozenset()
        self._bases: tuple[type, ...] = ()

    def with_msgpack_allowlist(self, extra_allowlist: Iterable[Name | type]) -> Self:
        """Return a serializer that may load more classes."""
        extra = [(each.__module__, each.__name__) if isinstance(each, type) else each for each in extra_allowlist]
        wider = cast("Self", super().with_msgpack_allowlist(extra))
        if wider is not self:
            wider._names = self._names.union(extra)
            wider._bases = tuple(base for name in wider._names if (base := _own_class(name)))
        return wider

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """Return what was kept."""
        kind, packed = data
        if kind == "msgpack" and self._bases and (derived := self._derived_in(packed)):
            return self.with_msgpack_allowlist(derived).loads_typed(data)
        return super().loads_typed(data)

    def _derived_in(self, packed: bytes) -> set[Name]:
        """Return the names of the classes met that are derived from those it may load, and of their fields' types."""
        unknown = _classes_in(packed) - self._names
        found = [derived for name in unknown if (derived := derived_class(*name, self._bases))]
        return {name for each in found for name in ((each.__module__, each.__name__), *types_in(each))}


def _classes_in(packed: bytes) -> set[tuple[str, str]]:
    """Return the classes whose instances something that was kept has, at any depth: (module, name)."""
    found = set()

    def note(_: int, inner: bytes) -> None:
        match ormsgpack.unpackb(inner, ext_hook=note, option=ormsgpack.OPT_NON_STR_KEYS):
            case [str(module), str(name), *_]:
                found.add((module, name))

    ormsgpack.unpackb(packed, ext_hook=note, option=ormsgpack.OPT_NON_STR_KEYS)
    return found


def _own_class(name: Name) -> type | None:
    module, short, *_ = name
    found = vars(sys.modules.get(module, object)).get(short)
    return found if isinstance(found, type) and is_own(found) else None
