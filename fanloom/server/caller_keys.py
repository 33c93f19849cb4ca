"""Which keys a caller may set in a run's configuration: a list of those, so that all others stay LangGraph's own."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from langgraph_sdk import Auth

from fanloom.models.names import REPLAY
from fanloom.runs.context import Context
from fanloom.server.aegra.aegra_handlers import as_object
from fanloom.server.aegra.served_graphs import context_fields

_CONFIG = frozenset({"configurable", "tags", "metadata", "run_name", "recursion_limit", "max_concurrency"})
CHECKPOINT = frozenset({"thread_id", "checkpoint_id", "checkpoint_ns", "checkpoint_map"})
# Beside the checkpoint, what the server itself has written by the time it asks: from callers it does nothing, or the
# server writes it anew. Whose a run is, `run_as` says.
_SERVER = frozenset(
    {
        *("langgraph_auth_user", "langgraph_auth_user_id", "langgraph_auth_permissions", "langgraph_request_id"),
        *("langsmith-trace", "langsmith-metadata", "langsmith-tags", "langsmith-project"),
        *("__langsmith_project__", "__langsmith_example_id__", "__request_start_time_ms__", "__after_seconds__"),
        *("__context_provided__", "__event_streaming_v2", "__otel_traceparent__", "__otel_tracestate__"),
        *("__dd_trace_headers__", "cron_id", "user_id", "run_id", "graph_id", "assistant_id"),
    }
)


async def check_config(config: Any, context: Any) -> None:
    """Raise 403 for a key that callers may not set in a run's or an assistant's configuration."""
    given, configurable, said = as_object(config), as_object(as_object(config).get("configurable")), as_object(context)
    _refuse("config", given.keys() - _CONFIG)
    own = await _context_fields() | CHECKPOINT | _SERVER
    _refuse("config.configurable", (key for key in configurable if not _is_known(key, own)))
    # The server copies a context into `configurable`, with what it has put there itself.
    _refuse("context", (key for key in said if not _is_known(key, own)))
    _refuse_files({**configurable, **said})


def check_checkpoint(checkpoint: Any) -> None:
    """Raise 403 for what is no place in a thread."""
    if isinstance(checkpoint, Mapping):
        _refuse("checkpoint", checkpoint.keys() - CHECKPOINT)


def _refuse_files(context: Mapping[str, Any]) -> None:
    """Raise 403 for a model that would read a file of this machine."""
    for key, value in context.items():
        if isinstance(value, str) and value.strip().startswith(f"{REPLAY}:"):
            said = (
                f"context {key[:80]!r}: recorded answers are replayed where their file is, with `fanloom runs replay`"
            )
            raise Auth.exceptions.HTTPException(status_code=403, detail=said)


def _refuse(place: str, keys: Iterable[str]) -> None:
    if named := sorted(keys):
        raise Auth.exceptions.HTTPException(
            status_code=403,
            detail=f"{place} has {named[0][:80]!r}, which no caller may set; a graph's own settings are the fields of "
            "its context_schema, given as `context`",
        )


def _is_known(key: str, own: frozenset[str]) -> bool:
    return key in own or any(header.fullmatch(key) for header in _headers(os.environ.get("LANGGRAPH_HTTP", "")))


@lru_cache(maxsize=1)
def _headers(http: str) -> tuple[re.Pattern[str], ...]:
    """Return the request headers that langgraph.json lets through to the graphs; no key of LangGraph has their form."""
    chosen = (json.loads(http or "{}") or {}).get("configurable_headers") or {}
    wanted = chosen.get("includes") or chosen.get("include") or []
    return tuple(re.compile(re.escape(each).replace(r"\*", "[a-z0-9-]*")) for each in wanted)


async def _context_fields() -> frozenset[str]:
    """Return what the graphs of this server ask their callers for."""
    return frozenset(Context.model_fields).union(await context_fields(), *_fields_of_ours())


def _fields_of_ours(kind: type[Context] = Context) -> Iterator[frozenset[str]]:
    for narrower in kind.__subclasses__():
        yield frozenset(narrower.model_fields)
        yield from _fields_of_ours(narrower)
