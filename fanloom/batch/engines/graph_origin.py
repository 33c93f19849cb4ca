"""How a worker gets a graph that a program holds: by the name that it is imported by.

A graph that is pickled is not the same graph: LangGraph compares with objects of its own by identity.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fanloom.errors import UserError

if TYPE_CHECKING:
    from langgraph.pregel import Pregel

    from fanloom.batch.engines.graph_worker import Load


def load_of(graph: Pregel[Any, Any, Any, Any]) -> Load:
    """Return what makes a graph in a worker. Raises UserError for one that cannot be imported."""
    if (found := _place_of(graph)) is None:
        raise UserError(
            "a worker has to import the graph, which no module holds under a name; put it into a module, and import it "
            "from there"
        )
    return partial(_imported, *found)


def project_of(graph: Pregel[Any, Any, Any, Any]) -> Path | None:
    """Return the current folder, if the module that holds a graph is in it, and not installed."""
    name, _ = _place_of(graph) or ("", "")
    file = getattr(sys.modules.get(name), "__file__", None)
    return Path.cwd() if file and Path(file).resolve().is_relative_to(Path.cwd()) else None


def _place_of(graph: Any) -> tuple[str, str] | None:
    """Return the module that makes a graph, else one that imports it, and the name that it has there."""
    program = sys.modules.get("__main__")
    places = [
        (name, attribute)
        for name, module in list(sys.modules.items())
        # What is run as a program, which has two names, cannot be imported without running it.
        if module is not program
        for attribute, value in list(getattr(module, "__dict__", {}).items())
        if value is graph
    ]
    return min(places, key=_is_taken_from_elsewhere, default=None)


def _is_taken_from_elsewhere(place: tuple[str, str]) -> bool:
    name, attribute = place
    try:
        tree = ast.parse(inspect.getsource(sys.modules[name]))
    except (OSError, TypeError, SyntaxError):
        return True
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    return attribute in {alias.asname or alias.name for node in imports for alias in node.names}


async def _imported(module: str, attribute: str, _stack: AsyncExitStack) -> Any:
    return getattr(importlib.import_module(module), attribute)
