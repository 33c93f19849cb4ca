"""LangGraph's StateGraph, with nodes that run in both worlds at the same width."""

from __future__ import annotations

import inspect
from typing import Any, Self

from langgraph.graph import StateGraph as LangGraphStateGraph
from langgraph.graph.state import CompiledStateGraph

from fanloom.context import MAX_WIDTH
from fanloom.node import Node, input_schema_of


class StateGraph(LangGraphStateGraph[Any, Any, Any, Any]):
    """A LangGraph StateGraph whose async nodes also run under `invoke`, `stream` and `batch`, at the same width.

    LangGraph by itself refuses async nodes in a synchronous run and gives such a run 6 threads on 2 cores. Everything
    else is LangGraph's, and so are its rules: an async router of a conditional edge, or a `timeout` on a node, still
    works in asynchronous runs only.
    """

    def add_node(self, node: Any, action: Any = None, **options: Any) -> Self:
        """Add a node; an async function becomes a `Node`, and its state's type the node's input schema."""
        name, action = (node, action) if isinstance(node, str) else (node.__name__, node)
        if inspect.iscoroutinefunction(action):
            options.setdefault("input_schema", input_schema_of(action))
            action = Node(name, action, counts_usage="usage" in self.channels)
        return super().add_node(name, action, **options)

    def compile(self, *args: Any, **options: Any) -> CompiledStateGraph[Any, Any, Any, Any]:
        """Compile the graph; the width of its runs is the context's `max_concurrency`, not LangGraph's threads."""
        return super().compile(*args, **options).with_config(max_concurrency=MAX_WIDTH)
