"""The graphs that the server of this process has read, LangGraph's or Aegra: what they ask their callers for."""

from __future__ import annotations

import logging
import sys
from functools import lru_cache
from typing import Any

from fanloom.server.aegra import aegra_handlers as aegra

_logger = logging.getLogger(__name__)
_known: dict[str, frozenset[str]] = {}


async def context_fields() -> frozenset[str]:
    """Return the fields of the context schemas of the graphs that are served."""
    if aegra.is_serving():
        return frozenset[str]().union(*[await _fields_on_aegra(name) for name in _aegra().list_graphs()])
    # Only the server has it, and has read the graphs before anybody calls.
    served: dict[str, Any] = getattr(sys.modules.get("langgraph_api.graph"), "GRAPHS", {})
    return frozenset[str]().union(*(_fields_of(graph) for graph in served.values()))


async def _fields_on_aegra(name: str) -> frozenset[str]:
    if name not in _known:
        try:
            graph = await _aegra().get_graph_for_validation(name)
        except Exception:  # noqa: BLE001 - a function that makes a graph may fail in every way where there is no run
            _logger.warning("graph %r cannot be made without a run: the fields of its context are not known", name)
            graph = None
        _known[name] = _fields_of(graph)
    return _known[name]


def _aegra() -> Any:
    from aegra_api.services.langgraph_service import get_langgraph_service

    return get_langgraph_service()


@lru_cache(maxsize=1000)
def _fields_of(graph: Any) -> frozenset[str]:
    asked = getattr(graph, "get_context_jsonschema", lambda: None)()
    return frozenset((asked or {}).get("properties", ()))
