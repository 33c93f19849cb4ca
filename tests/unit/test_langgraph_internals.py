"""Private names of LangGraph stand in one module, and are there in the version that is installed."""

from __future__ import annotations

import ast
import importlib
from importlib.util import find_spec
from pathlib import Path

import pytest
from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from fanloom import RunState
from fanloom.graph.state_graph import TracedGraph

ROOT = Path(__file__).parents[2]
HOME = ROOT / "fanloom/runs/langgraph_internals.py"


def private_imports(file: Path) -> list[tuple[str, str]]:
    """Return (module, name) of each private name of LangGraph, or name in a private module, that a file imports."""
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    found = [
        (node.module or "", alias.name) for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names
    ]
    return [
        (module, name)
        for module, name in found
        if module.split(".")[0] in ("langgraph", "langgraph_api", "langgraph_sdk")
        and any(part.startswith("_") and not part.startswith("__") for part in (*module.split("."), name))
    ]


@pytest.mark.parametrize(("module", "name"), private_imports(HOME))
def test_a_private_name_is_there(module: str, name: str) -> None:
    # A module of a package is only there as its attribute once somebody has imported it.
    assert hasattr(importlib.import_module(module), name) or find_spec(f"{module}.{name}")


def test_a_method_that_a_compiled_graph_has_otherwise_is_langgraphs() -> None:
    assert {"_apply_checkpointer_allowlist"} <= vars(TracedGraph).keys() & set(dir(CompiledStateGraph))
    builder = StateGraph(RunState)
    builder.add_node("one", lambda state: {})
    builder.add_edge(START, "one")
    assert "_serde_allowlist" in vars(builder.compile())


def test_no_other_module_has_private_names() -> None:
    assert len(private_imports(HOME)) > 1
    others = [file for file in (ROOT / "fanloom").rglob("*.py") if file != HOME]
    assert {str(file.relative_to(ROOT)): found for file in others if (found := private_imports(file))} == {}
