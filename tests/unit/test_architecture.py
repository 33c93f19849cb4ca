"""The rules of the house: who imports whom, what is public, and what no file may say."""

from __future__ import annotations

import ast
import importlib
import re
import socket
import subprocess
from pathlib import Path

import pytest
from pytest_socket import SocketConnectBlockedError

import fanloom

ROOT = Path(__file__).parents[2]
FOLDERS = ("graphs", "nodes", "understudies", "prompts", "fanloom")
# The one wiring diagram that is a function: other graphs are made with it.
BUILDER = "orchestrator"
MODULES = [file for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.py"))]


def imported(file: Path) -> set[str]:
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    names = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: import by the full name"
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(ROOT)))
def test_nothing_imports_what_only_tests_it(file: Path) -> None:
    # Who else imports whom, import-linter holds: tests/unit/test_rooms.py.
    assert not {name.split(".")[0] for name in imported(file)} & {"tests", "benchmarks"}


@pytest.mark.parametrize("file", sorted((ROOT / "graphs").glob("*.py")), ids=lambda file: file.stem)
def test_a_graph_file_is_a_wiring_diagram(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    logic = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.If, ast.For, ast.While, ast.Lambda)
    found = [node for node in ast.walk(tree) if isinstance(node, (*logic, ast.IfExp, ast.comprehension, ast.Try))]
    if file.stem == BUILDER:
        assert [node.name for node in found if isinstance(node, ast.FunctionDef)] == [BUILDER]
        assert len(found) == 1
        return
    assert not found
    if file.stem != "__init__":
        module = importlib.import_module(f"graphs.{file.stem}")
        assert module.graph.name == file.stem
        assert module.graph.checkpointer is None
        assert module.builder.nodes
        # One word per pattern: its nodes are in a module or folder of the same name, or of its family.
        family = {f"nodes.{file.stem}", f"nodes.{file.stem.split('_')[0]}"}
        used = {".".join(name.split(".")[:2]) for name in imported(file) if name.startswith("nodes.")}
        assert used
        assert used <= family


def test_every_public_name_is_there_and_documented() -> None:
    typed = re.findall(r"from fanloom\.([\w.]+) import (\w+) as \w+", (ROOT / "fanloom/__init__.py").read_text())
    assert sorted([name for _, name in typed] + ["__version__"]) == sorted(fanloom.__all__) == sorted(dir(fanloom))
    for module, name in typed:
        assert getattr(fanloom, name) is getattr(importlib.import_module(f"fanloom.{module}"), name)
        if isinstance(getattr(fanloom, name), type):
            assert getattr(fanloom, name).__doc__
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        _ = fanloom.nothing_of_the_kind


def test_no_test_can_reach_anything_but_loopback() -> None:
    with pytest.warns(UserWarning, match="tried to use"), pytest.raises(SocketConnectBlockedError):
        socket.create_connection(("192.0.2.1", 80), timeout=1)


def test_no_file_names_a_registry_or_somebodys_machine() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    said = re.compile(
        "|".join(["pypi" + r"\.org", "python" + "hosted", "index-" + "url", "/wo" + "rk/", "/ro" + "ot/"])
    )
    own = {"Makefile", str(Path(__file__).relative_to(ROOT))}
    found = {name for name in tracked if name not in own and said.search((ROOT / name).read_text(errors="ignore"))}
    assert not found
