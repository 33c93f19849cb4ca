"""Private names of LangGraph stand in one module, and are there in the version that is installed."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

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
    assert hasattr(importlib.import_module(module), name)


def test_no_other_module_has_private_names() -> None:
    assert len(private_imports(HOME)) > 1
    others = [file for file in (ROOT / "fanloom").rglob("*.py") if file != HOME]
    assert {str(file.relative_to(ROOT)): found for file in others if (found := private_imports(file))} == {}
