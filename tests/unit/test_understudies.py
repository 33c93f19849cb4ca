"""Understudies stand apart: a step names its own, and with a real model nothing of them is imported."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from fanloom.scaffold.references import modules_named, without_references
from fanloom.scaffold.template import PACKAGES, Template
from tests.unit.test_architecture import imported

ROOT = Path(__file__).parents[2]
TEMPLATE = Template.shipped()
GRAPHS = list(TEMPLATE.config["graphs"])
# A model that is no offline one, and answers with examples of what it is asked for.
ASKED = """
import importlib, json, sys
# What only understudies may need is not there; snowballstemmer does without the second.
sys.modules.update({"bm25s": None, "Stemmer": None})
from langchain_core.utils.function_calling import convert_to_openai_tool
from fanloom.models.schema_examples.generator import example_or_why
from tests.fakes import ScriptedModel

class Exemplary(ScriptedModel):
    def bind_tools(self, tools, **kwargs):
        function = convert_to_openai_tool(tools[0])["function"]
        example = example_or_why(function["parameters"], function["name"])
        return ScriptedModel(reply=lambda _: example).bind_tools(tools)

for module, given, context in json.loads(sys.argv[1]):
    model = Exemplary(reply=lambda _: "A text.")
    result = importlib.import_module(module).graph.invoke(given, context={"model": model, **context})
    assert result["usage"]["model_calls"] > 0
    found = {name for name in sys.modules if name.split(".")[0] == "understudies" or name == "fanloom.models.offline"}
    if found:
        sys.exit(f"{module} imported {sorted(found)}")
print("none of", len(json.loads(sys.argv[1])))
"""


def example_of(graph: str) -> Any:
    files = ROOT / "fanloom/scaffold/files/examples"
    named = [files / f"{name}.json" for name in (graph, graph.split("_")[0])]
    return json.loads(next(file for file in named if file.is_file()).read_text(encoding="utf-8"))


def test_with_a_real_model_nothing_of_them_is_imported(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("FANLOOM_DATABASE_URL", f"sqlite:///{tmp_path / 'mine.db'}")
    contexts = {"support_desk": {"customer_id": "C-1001"}}
    given = [[TEMPLATE.module_of(graph), example_of(graph), contexts.get(graph, {})] for graph in GRAPHS]
    command = [sys.executable, "-c", ASKED, json.dumps(given)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"none of {len(GRAPHS)}\n"


@pytest.mark.parametrize("graph", GRAPHS)
def test_a_graph_without_them_has_none_of_their_files_and_packages(graph: str) -> None:
    files = TEMPLATE.files_of(graph, understudies=False)
    assert not [file for file in files if file.parts[0] == "understudies"]
    assert TEMPLATE.packages_of(files) == []
    code = [(ROOT / file).read_text(encoding="utf-8") for file in files if file.suffix == ".py"]
    assert not [module for source in code for module in modules_named(ast.parse(without_references(source)))]


def test_a_graph_with_them_has_the_data_beside_them_and_their_packages() -> None:
    files = TEMPLATE.files_of("support_router")
    assert {Path("understudies/support_router.py"), Path("understudies/support_router.jsonl")} <= files
    assert TEMPLATE.packages_of(files) == list(PACKAGES.values())
    assert TEMPLATE.packages_of([Path("nodes/support_router.py"), Path("understudies/support_router.jsonl")]) == []


@pytest.mark.parametrize("folder", ["fanloom", "graphs", "prompts", "nodes"])
def test_nothing_else_imports_what_only_they_need(folder: str) -> None:
    assert not [file for file in (ROOT / folder).rglob("*.py") if imported(file) & set(PACKAGES)]


def test_what_only_they_need_is_told_to_whoever_installs_them() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"]
    assert {"include-group": "understudies"} in groups["dev"]
    assert set(PACKAGES.values()) == set(groups["understudies"])
    assert not set(PACKAGES.values()) & set(project["project"]["dependencies"])
    names = {name.split(".")[0] for file in (ROOT / "understudies").rglob("*.py") for name in imported(file)}
    # numpy comes with bm25s.
    own = {"understudies", "nodes", "fanloom", "pydantic", "typing_extensions", "numpy", *PACKAGES}
    assert names - set(sys.stdlib_module_names) <= own


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ('A = Step(\n    "a",\n    understudy="understudies.a:b",\n)\n', 'A = Step(\n    "a",\n)\n'),
        ('A = Step("a", understudy="understudies.a.b:c", role="x")\n', 'A = Step("a", role="x")\n'),
        ('A = Step(\n    "é", understudy="understudies.a:b"\n)\n', 'A = Step(\n    "é"\n)\n'),
        ('A = Step("é", understudy="understudies.a:b",)\n', 'A = Step("é", )\n'),
        ('A = Step(understudy="understudies.a:b")\n', "A = Step()\n"),
        ('A, B = S(understudy="understudies.a:b"), S(understudy="understudies.a:c")\n', "A, B = S(), S()\n"),
        ('A = Step("a", understudy=(\n    "understudies.a:b"\n))\n', 'A = Step("a")\n'),
        ('A = {"plan": "understudies.a:b"}\n', 'A = {"plan": None}\n'),
        ('A = Step("a", understudy=None)\n', 'A = Step("a", understudy=None)\n'),
        ('A = Step("a", understudy="mine.a:b")\n', 'A = Step("a", understudy="mine.a:b")\n'),
        ('"""Such as "understudies.a:b"."""\n', '"""Such as "understudies.a:b"."""\n'),
    ],
)
def test_a_module_without_references_is_what_somebody_would_write(source: str, left: str) -> None:
    assert without_references(source) == left
    compile(left, "left", "exec")
