"""The private names of LangGraph, and of LangChain under it, that Fanloom cannot do without, each with its reason.

No other module imports any. tests/unit/test_langgraph_internals.py fails when one of them goes.
"""

from __future__ import annotations

import sys
from typing import Any, get_args, get_origin

from langchain_core.tracers._streaming import _StreamingCallbackHandler, _V2StreamingCallbackHandler

# LangGraph collects the types of a graph's schemas only under LANGGRAPH_STRICT_MSGPACK, which it reads when it is
# imported. Without them a saver that loads known types only, as `open_checkpointer` opens, gives back plain data; one
# that loads every type is not touched by it.
from langgraph._internal import _serde as _schema_types

# How a graph puts its config together with that of the task that calls it.
from langgraph._internal._config import ensure_config as ensure_config

# LangGraph shows a node neither its channels' values from inside a Send nor the writes of the siblings that finished
# before a crash. Its own ToolNode reads channels the same way.
from langgraph._internal._constants import CONF as CONF
from langgraph._internal._constants import CONFIG_KEY_CHECKPOINT_MAP as CONFIG_KEY_CHECKPOINT_MAP
from langgraph._internal._constants import CONFIG_KEY_CHECKPOINT_NS as CONFIG_KEY_CHECKPOINT_NS
from langgraph._internal._constants import CONFIG_KEY_CHECKPOINTER as CONFIG_KEY_CHECKPOINTER
from langgraph._internal._constants import CONFIG_KEY_DURABILITY as CONFIG_KEY_DURABILITY
from langgraph._internal._constants import CONFIG_KEY_READ as CONFIG_KEY_READ

# Whether a graph inside another one goes on with what its thread has of it, LangGraph tells only there.
from langgraph._internal._constants import CONFIG_KEY_RESUMING as CONFIG_KEY_RESUMING

# A graph learns of the task that calls it, and of the context it was called in, from nowhere else.
from langgraph._internal._constants import CONFIG_KEY_RUNTIME as CONFIG_KEY_RUNTIME

# What counts the questions and the graphs of a task: early work, which has no node, may have neither.
from langgraph._internal._constants import CONFIG_KEY_SCRATCHPAD as CONFIG_KEY_SCRATCHPAD

# The Sends that a checkpoint has planned: what a task of an earlier branch was given.
from langgraph._internal._constants import TASKS as TASKS
from langgraph._internal._scratchpad import PregelScratchpad as PregelScratchpad
from langgraph._internal._serde import build_serde_allowlist as build_serde_allowlist
from typing_extensions import TypeAliasType

# LangChain streams a call where a handler is one of these, and shows nobody whether it does.
STREAM_READERS = (_StreamingCallbackHandler, _V2StreamingCallbackHandler)
StreamReader = _StreamingCallbackHandler

vars(_schema_types)["STRICT_MSGPACK_ENABLED"] = True

# It looks into list, dict and their like, and not into Sequence, Mapping, generic classes, aliases and named tuples.
_collect = _schema_types._collect_from_type
# Of these classes anybody's may be derived: that a schema names one says nothing of those.
_EVERYBODYS = {
    *sys.stdlib_module_names,
    "pydantic",
    "typing_extensions",
    "langchain_core",
    "langgraph",
    "pydantic_core",
}


def _collect_all(kind: Any, allowed: set[tuple[str, ...]], seen: set[Any], seen_ids: set[int]) -> None:
    is_new = _is_new(kind, seen)
    _collect(kind, allowed, seen, seen_ids)
    for part in _parts(kind) if is_new else ():
        _collect_all(part, allowed, seen, seen_ids)
    if is_new and _is_named_tuple(kind):
        allowed.add((kind.__module__, kind.__name__))


def _is_new(kind: Any, seen: set[Any]) -> bool:
    try:
        return kind not in seen
    except TypeError:
        # An annotation can hold what has no hash; only what has a name can lead back to itself.
        return True


def _parts(kind: Any) -> tuple[Any, ...]:
    if isinstance(origin := get_origin(kind), type):
        return (origin, *get_args(kind))
    if isinstance(kind, TypeAliasType):
        return (kind.__value__,)
    return tuple(_schema_types._safe_get_type_hints(kind).values()) if _is_named_tuple(kind) else ()


def is_own(kind: type) -> bool:
    """Return whether what is derived from a class is known for what it is, since the class is nobody else's."""
    return kind.__module__.partition(".")[0] not in _EVERYBODYS


def types_in(kind: type) -> set[tuple[str, ...]]:
    """Return the names, (module, name), of a class and of the types in its fields."""
    found = set[tuple[str, ...]]()
    _collect_all(kind, found, set(), set())
    return found


def _is_named_tuple(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields")


vars(_schema_types)["_collect_from_type"] = _collect_all
