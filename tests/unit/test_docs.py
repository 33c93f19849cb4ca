"""The guide runs as it stands, the reference names everything that is public, and no link leads nowhere."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from langgraph.graph import START

import fanloom
from fanloom import errors
from fanloom.cli import COMMANDS
from fanloom.gateway.failures.advice import _WORDS
from fanloom.loops.background import run_in_background
from tests.fakes import ScriptedModel

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {page.name: page.read_text(encoding="utf-8") for page in sorted(DOCS.glob("*.md"))}
TITLED = re.compile(r'^```\w+ title="(.+?)"\n(.*?)^```', re.M | re.S)
GUIDE = dict(TITLED.findall(PAGES["guide.md"]))
COMMAND_LINES = [
    line for block in re.findall(r"^```sh\n(.*?)^```", PAGES["guide.md"], re.M | re.S) for line in block.splitlines()
]
SHOWN = re.findall(r"^::: (fanloom\.[\w.]+)\.(\w+)$", PAGES["reference.md"], re.M)
PUBLIC = [name for name in fanloom.__all__ if name != "__version__"]
# A text that is right in length; a test of what one says would be a test of taste.
TELLING = 20


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("guide")
    for name, body in GUIDE.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(body, encoding="utf-8")
    return folder


def run(folder: Path, *words: str) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONWARNINGS": "error"}
    environment.pop("PYTEST_ADDOPTS", None)
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_guide_is_short() -> None:
    texts = [GUIDE["briefing.py"], *(text for name, text in GUIDE.items() if name.startswith("prompts/"))]
    assert len([line for text in texts for line in text.splitlines() if line.strip()]) < 60


def test_its_python_runs_as_it_stands(project: Path) -> None:
    assert "questions-2 done What is disputed about heat pumps?" in run(project, sys.executable, "use.py")


def test_the_three_ways_of_nesting_run_as_they_stand(tmp_path: Path) -> None:
    found = dict(TITLED.findall(PAGES["nesting.md"]))
    code = [f"exec(compile({body!r}, {name!r}, 'exec'), {{'__name__': '__main__'}})" for name, body in found.items()]
    assert run(tmp_path, sys.executable, "-c", "\n".join(code)).splitlines() == [
        "Billing Inquiry 2",
        "['Billing Inquiry', 'Technical Support'] 4",
        "answer_customer Done.",
    ]


def test_its_tests_pass(project: Path) -> None:
    options = ["-q", "-p", "no:cacheprovider", "-o", "asyncio_default_fixture_loop_scope=function"]
    assert "2 passed" in run(project, sys.executable, "-m", "pytest", *options)


@pytest.mark.parametrize("command", COMMAND_LINES)
def test_its_command_lines_run(project: Path, command: str) -> None:
    out = run(project, "sh", "-c", command)
    assert {"list": "A briefing on a topic", "run": "Briefing\n[offline]", "draw": "plan -.-> answer"}[
        command.split()[1]
    ] in out


def test_the_effect_of_the_concepts_happens_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    orders: dict[str, Any] = {}
    exec(dict(TITLED.findall(PAGES["concepts.md"]))["orders.py"], orders)

    async def twice(task: dict[str, Any], runtime: Any) -> list[Any]:
        return [await orders["order"](task, runtime) for _ in "ab"]

    class State(fanloom.RunState, total=False):
        products: list[str]

    builder = fanloom.StateGraph(State)
    builder.add_node("begin", lambda _: fanloom.new_run())
    builder.add_node("end", lambda _: {})
    builder.add_edge(START, "begin")
    fanloom.add_fan_out(builder, "begin", over="products", worker="order", action=twice, join="end")
    (outcome,) = builder.compile().invoke({"products": ["tea"]})["outcomes"]
    run_in_background(orders["database"].close())
    assert outcome["result"] == [{"order_id": 1}, {"order_id": 1}]


async def test_the_bounds_of_the_concepts_hold() -> None:
    cited: dict[str, Any] = {}
    exec(dict(TITLED.findall(PAGES["concepts.md"]))["cited.py"], cited)
    said = iter([["The moon"], ["Mars"], ["TIDES"]])
    model = ScriptedModel(reply=lambda prompt: {"titles": next(said)})
    for _ in "ab":
        runtime = SimpleNamespace(context=fanloom.Context(model=model), control=object())
        found = await cited["find"](runtime, "Why?", ["The Moon", "Tides"])
    assert (found, len(model.asked)) == (["Tides"], 3)
    assert "'Mars' is not among 'The Moon', 'Tides'" in model.asked[-1]


def test_the_reference_holds_every_public_name_and_every_error() -> None:
    # Usage is public, and this is a part of it.
    raised = [name for name, error in vars(errors).items() if inspect.isclass(error)]
    assert set(raised) <= set(PUBLIC)
    assert sorted(name for _, name in SHOWN) == sorted({*PUBLIC, "ModelUsage"})
    for module, name in SHOWN:
        shown = getattr(importlib.import_module(module), name)
        assert name not in PUBLIC or shown is getattr(fanloom, name)


def test_the_fields_of_a_public_dictionary_are_shown() -> None:
    # A TypedDict's fields are its shape, and most need no docstring.
    assert "show_if_no_docstring: true" in (DOCS.parent / "mkdocs.yml").read_text(encoding="utf-8")
    hidden = re.findall(r"^::: ([\w.]+)\n    options:", PAGES["reference.md"], re.M)
    assert not {"Outcome", "OutcomeError", "RunState", "Usage", "ModelUsage"} & {name.split(".")[-1] for name in hidden}


@pytest.mark.parametrize("public", [fanloom.Settings, fanloom.Context])
def test_every_setting_and_every_field_of_the_context_says_what_it_is(public: Any) -> None:
    (body,) = ast.parse(inspect.getsource(public)).body
    assert isinstance(body, ast.ClassDef)
    documented = {
        field.target.id
        for field, after in pairwise(body.body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
    }
    documented |= {name for name, field in public.model_fields.items() if field.description}
    assert set(public.model_fields) - documented == set()


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_says_what_it_is(name: str) -> None:
    public = getattr(fanloom, name)
    if not (inspect.isclass(public) or inspect.isfunction(public)):
        return
    first, *_ = (inspect.getdoc(public) or "").splitlines() or [""]
    assert len(first) >= TELLING
    undocumented = [
        f"{name}.{member}"
        for member, value in vars(public).items()
        if inspect.isclass(public) and not member.startswith("_") and callable(value) and not inspect.getdoc(value)
    ]
    assert undocumented == []


@pytest.mark.parametrize("name", [name for name in PUBLIC if inspect.isfunction(getattr(fanloom, name))])
def test_a_public_function_that_raises_says_so(name: str) -> None:
    function = getattr(fanloom, name)
    tree = ast.parse(inspect.getsource(function))
    raised = {
        node.exc.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and isinstance(node.exc.func, ast.Name)
    }
    assert {error for error in raised if error not in (inspect.getdoc(function) or "")} == set()


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for target, anchor in re.findall(r"\]\(([\w./]*)(?:#([\w.-]+))?\)", PAGES[page]):
        if target.endswith((".png", ".svg", ".html")):
            assert (DOCS / target).is_file()
            continue
        assert target in PAGES
        headings = re.findall(r"^#+ (.+)$", PAGES[target], re.M)
        anchors = {re.sub(r"\W+", "-", heading.lower()) for heading in headings}
        anchors |= {f"{module}.{name}" for module, name in SHOWN if target == "reference.md"}
        assert not anchor or anchor in anchors


def _literals() -> list[str]:
    """Return every text in the framework's source, with `...` for what is put into it."""
    found = []
    for file in (DOCS.parent / "fanloom").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                found.append(
                    "".join(str(part.value) if isinstance(part, ast.Constant) else "..." for part in node.values)
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return found


def test_the_errors_of_the_page_are_those_of_the_code() -> None:
    shown = re.findall(r"^\|(?: (?:any|`\w+`) \|)? `(.*?)` \| ", PAGES["troubleshooting.md"], re.M)
    literals = _literals()
    strange = []
    for message in shown:
        parts = [part.strip() for part in message.split("...") if part.strip(" :.")]
        if not any(all(part in literal for part in parts) for literal in literals):
            strange.append(message)
    assert len(shown) >= 40
    assert strange == []


def test_every_cure_has_its_row() -> None:
    missing = [words for *_, words in _WORDS if f"`{words.partition(': ')[0]}" not in PAGES["troubleshooting.md"]]
    assert missing == []


@pytest.mark.slow
def test_the_way_to_a_cluster_runs_as_it_stands(tmp_path: Path) -> None:
    rows = [{"number": number, "text": f"The app crashes {number} times"} for number in range(6)]
    (tmp_path / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    commands = re.findall(r"^\$ (fanloom .*)", PAGES["cluster.md"], re.M)
    for command in commands:
        run(tmp_path, "sh", "-c", command.replace("fanloom ", f"fanloom -C '{DOCS.parent}' ", 1))
    assert len((tmp_path / "results.csv").read_text(encoding="utf-8").splitlines()) == 1 + len(rows)


def test_what_the_server_page_adds_to_a_project_is_what_this_one_has() -> None:
    added = json.loads(dict(TITLED.findall(PAGES["server.md"]))["langgraph.json"])
    ours = json.loads((DOCS.parent / "langgraph.json").read_text(encoding="utf-8"))
    assert added == {
        **{name: ours[name] for name in added},
        "http": {name: ours["http"][name] for name in added["http"]},
    }


def test_every_page_is_in_the_menu_and_every_command_in_its_table() -> None:
    menu = re.findall(r": (\w+\.md)$", (DOCS.parent / "mkdocs.yml").read_text(encoding="utf-8"), re.M)
    assert sorted(menu) == sorted(PAGES)
    told = set(re.findall(r"^\| `fanloom (\w+)", PAGES["command_line.md"], re.M))
    assert told == set(COMMANDS)
