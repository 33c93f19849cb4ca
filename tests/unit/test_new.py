"""`fanloom new`: the shipped graphs as a project of one's own, which works at once, also from the built wheel."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from langgraph_sdk import get_sync_client

from fanloom import __version__
from fanloom.cli import cli
from fanloom.errors import UserError
from fanloom.scaffold import new_project as project
from fanloom.scaffold import origin
from fanloom.scaffold.patterns import PATTERNS, chosen_graphs
from fanloom.scaffold.project_name import project_name
from fanloom.scaffold.references import modules_named
from fanloom.scaffold.template import CODE, Template
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
TEMPLATE = Template.shipped()
SHIPPED = list(TEMPLATE.config["graphs"])
EVALUATED = [file.stem for file in (ROOT / "evals").glob("*.jsonl")]


def new(*words: str) -> Any:
    return CliRunner().invoke(cli, ["new", *words])


def files_in(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize(
    ("words", "graphs"),
    [
        ([], list(PATTERNS.values())),
        (["parallel", "refine"], ["faq_parallel", "refine"]),
        (["one_shot", "One-Shot", "faq-one-shot"], ["faq_one_shot"]),
        (["evaluator-optimizer"], ["refine"]),
        (["tech-docs"], ["tech_docs"]),
    ],
)
def test_patterns_and_ids_choose_graphs(words: list[str], graphs: list[str]) -> None:
    assert chosen_graphs(words, SHIPPED) == graphs


def test_an_unknown_pattern_is_refused_with_the_nearest_and_all(tmp_path: Path) -> None:
    done = new(str(tmp_path / "mine"), "--pattern", "paralel")
    assert done.exit_code == 2
    assert "did you mean 'parallel'?" in done.output
    assert all(name in done.output for name in [*PATTERNS, *SHIPPED])
    assert not list(tmp_path.iterdir())


def test_every_pattern_is_shipped_and_every_graph_has_its_example_and_test() -> None:
    assert set(PATTERNS.values()) <= set(SHIPPED)
    for graph in SHIPPED:
        assert json.loads(project._of_graph("examples", graph, ".json"))
        assert "assert" in project._of_graph("checks", graph, ".in")


def test_only_what_the_graph_needs_is_unpacked(tmp_path: Path) -> None:
    done = new(str(tmp_path / "My first.project"), "--pattern", "router")
    assert done.exit_code == 0, done.output
    made = tmp_path / "My first.project"
    assert list(tmp_path.iterdir()) == [made]
    files = files_in(made)
    assert {"graphs/support_router.py", "prompts/support_router/classify.md", "tests/test_support_router.py"} <= files
    assert not [file for file in files if "faq" in file or "refin" in file or "support_desk" in file]
    assert list(json.loads((made / "langgraph.json").read_text())["graphs"]) == ["support_router"]
    assert 'name = "my-first-project"' in (made / "pyproject.toml").read_text()
    assert (made / "graphs/support_router.py").read_bytes() == (ROOT / "graphs/support_router.py").read_bytes()
    assert made.stat().st_mode & 0o777 == tmp_path.joinpath("My first.project/graphs").stat().st_mode & 0o777


def test_what_the_router_is_made_of_can_be_read_at_a_sitting(tmp_path: Path) -> None:
    assert new(str(tmp_path / "mine"), "--pattern", "router").exit_code == 0
    lines = [line for file in (tmp_path / "mine" / "nodes").rglob("*.py") for line in file.read_text().splitlines()]
    assert len(lines) < 250


@pytest.mark.parametrize("words", [(), ("--no-understudies",)])
def test_understudies_and_what_they_need_come_along_unless_they_are_left_out(tmp_path: Path, words: Any) -> None:
    assert new(str(tmp_path / "mine"), "--pattern", "router", *words).exit_code == 0
    files = files_in(tmp_path / "mine")
    packages = tomllib.loads((tmp_path / "mine" / "pyproject.toml").read_text())
    kept = not words
    assert ("understudies/support_router.jsonl" in files) is kept
    assert any(file.startswith("understudies") for file in files) is kept
    assert ("bm25s>=0.3.16" in packages["project"]["dependencies"]) is kept
    assert ("understudies" in packages["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) is kept
    assert ("understudy=" in (tmp_path / "mine" / "nodes" / "support_router.py").read_text()) is kept
    assert "marked `[offline]`" in (tmp_path / "mine" / "README.md").read_text()


def test_no_file_that_git_keeps_says_where_it_was_made_and_no_variable_is_left(tmp_path: Path) -> None:
    assert new(str(tmp_path / "mine")).exit_code == 0
    assert "local.mk" in (tmp_path / "mine" / ".gitignore").read_text().splitlines()
    kept = files_in(tmp_path / "mine") - {"local.mk"}
    text = "".join((tmp_path / "mine" / file).read_text() for file in kept)
    for said in (str(ROOT), str(tmp_path), "index-" + "url", "%%"):
        assert said not in text


def test_what_git_ignores_is_in_no_image_either(tmp_path: Path) -> None:
    project.new_project(tmp_path / "mine", ["refine"], TEMPLATE)
    for kept_out in (tmp_path / "mine" / ".gitignore").read_text().splitlines():
        ignored = (tmp_path / "mine" / ".dockerignore").read_text().splitlines()
        assert kept_out.strip("/") in [line.removeprefix("**/") for line in ignored]


COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("noted", "source"),
    [
        (None, None),
        ({"url": "file:///a%20b/fanloom-0.1.0.whl", "archive_info": {}}, "/a b/fanloom-0.1.0.whl"),
        ({"url": "file:///work", "dir_info": {"editable": True}}, "/work"),
        ({"url": "https://host/fanloom.whl", "archive_info": {}}, "fanloom @ https://host/fanloom.whl"),
        (
            {"url": "https://host/fanloom.git", "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
            f"fanloom @ git+https://host/fanloom.git@{COMMIT}",
        ),
    ],
)
def test_where_fanloom_is_from_is_read_from_its_installation(
    monkeypatch: pytest.MonkeyPatch, noted: Any, source: str | None
) -> None:
    installed = SimpleNamespace(read_text=lambda _: noted and json.dumps(noted))
    monkeypatch.setattr(origin, "distribution", lambda _: installed)
    assert origin.install_source() == source


def test_the_new_project_gets_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for source, files in {"/some/fanloom.whl": {"local.mk"}, None: set()}.items():
        monkeypatch.setattr(origin, "install_source", lambda source=source: source)
        assert new(str(tmp_path / f"mine-{source is None}"), "--pattern", "router").exit_code == 0
        assert files_in(tmp_path / f"mine-{source is None}") & {"local.mk"} == files


# Notes what it is called with, and makes a virtual environment in which it is the Python.
NOTING_PYTHON = """#!/bin/sh
printf '%s|' "$@" >>"$NOTES"; echo >>"$NOTES"
case "$*" in "-m venv .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python;; esac
case "$*" in *missing*) exit 1;; esac
"""


def make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run make in a project with a Python that only notes what it is asked for, in the file `notes` beside it."""
    python, notes = folder.parent / "python", folder.parent / "notes"
    python.write_text(NOTING_PYTHON)
    python.chmod(0o755)
    command = ["make", f"PYTHON={python}", *words]
    variables = {**environment(), "NOTES": str(notes)}
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("source", [None, "/a folder/it's $HOME #1/fanloom.whl"])
def test_make_installs_fanloom_from_there_and_what_the_project_itself_needs(tmp_path: Path, source: str | None) -> None:
    project.new_project(tmp_path / "mine", ["support_router"], TEMPLATE, source)
    assert make(tmp_path / "mine", "setup").returncode == 0
    notes = (tmp_path / "notes").read_text()
    assert f"|--quiet|{source or f'fanloom~={__version__}'}|--editable|.|--group|dev|\n" in notes
    packages = (tmp_path / "mine" / "pyproject.toml").read_text()
    assert f'"fanloom[postgres]~={__version__}"' in packages
    assert '"fanloom[server]"' in packages


def test_make_says_how_to_go_on_where_fanloom_is_not_found(tmp_path: Path) -> None:
    project.new_project(tmp_path / "mine", ["support_router"], TEMPLATE, "/elsewhere")
    done = make(tmp_path / "mine", "test", "FANLOOM=/missing")
    assert done.returncode == 2
    assert "make setup FANLOOM=path/to/its/wheel/or/checkout" in done.stderr
    assert not (tmp_path / "mine" / ".venv" / "ready").exists()


def test_make_dev_is_fanloom_dev(tmp_path: Path) -> None:
    project.new_project(tmp_path / "mine", ["support_router"], TEMPLATE)
    assert make(tmp_path / "mine", "dev", "ARGS=--port 2025").returncode == 0
    assert (tmp_path / "notes").read_text().endswith("-P|-m|fanloom|dev|--reload|--port|2025|\n")


def test_the_data_sets_of_its_graphs_come_along_and_make_eval_runs_them(tmp_path: Path) -> None:
    project.new_project(tmp_path / "mine", ["support_router", "support_desk", "refine"], TEMPLATE)
    names = ["evals/support_desk.jsonl", "evals/support_router.jsonl"]
    for name in [*names, "evals/support_desk.json", "evals/support_router.json"]:
        assert (tmp_path / "mine" / name).read_bytes() == (ROOT / name).read_bytes()
    assert make(tmp_path / "mine", "eval").returncode == 0
    assert (tmp_path / "notes").read_text().endswith("".join(f"-P|-m|fanloom|eval|{name}|\n" for name in names))


def test_without_data_sets_make_eval_says_so(tmp_path: Path) -> None:
    project.new_project(tmp_path / "mine", ["refine"], TEMPLATE)
    assert not (tmp_path / "mine" / "evals").exists()
    assert "no data sets in evals/" in make(tmp_path / "mine", "eval").stdout


@pytest.mark.parametrize("name", ["plain", "with space", "it's $HOME", "-dash", "\u00fcber"])
def test_the_commands_that_it_prints_can_be_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    (step,) = [line for line in new("--pattern", "router", "--", name).output.splitlines() if "cd " in line]
    done = subprocess.run(["sh", "-c", f"{step} && pwd"], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == f"{tmp_path / name}\n"


@pytest.mark.parametrize(
    ("folder", "name"),
    [("My first.project", "my-first-project"), ("F\u00f6rslag \u00df", "forslag-ss"), ("3d", "3d"), ("class", "class")],
)
def test_a_project_is_called_after_its_folder(folder: str, name: str) -> None:
    assert project_name(Path("/some") / folder) == name


@pytest.mark.parametrize("folder", ["Pydantic", "langchain_core", "langgraph-cli", "psycopg", "tenacity", "bm25s"])
def test_it_is_called_after_nothing_that_it_needs(folder: str) -> None:
    with pytest.raises(UserError, match="the name of a package that it needs"):
        project_name(Path("/some") / folder)


def test_an_empty_folder_will_do_where_nothing_can_be_made_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def in_the_folder_only(*, dir: Path, **options: Any) -> str:
        if dir == tmp_path:
            raise PermissionError(13, "Permission denied")
        return real(dir=dir, **options)

    real = tempfile.mkdtemp
    monkeypatch.setattr(tempfile, "mkdtemp", in_the_folder_only)
    (tmp_path / "mine").mkdir()
    project.new_project(tmp_path / "mine", ["support_router"], TEMPLATE)
    assert (tmp_path / "mine" / "langgraph.json").is_file()
    assert not list((tmp_path / "mine").glob(".fanloom-*"))


@pytest.mark.parametrize("graph", SHIPPED)
def test_a_graph_alone_is_complete(graph: str) -> None:
    files = TEMPLATE.files_of(graph)
    modules = {".".join(file.with_suffix("").parts).removesuffix(".__init__") for file in files if file.suffix == ".py"}
    for file in (file for file in files if file.suffix == ".py"):
        for node in ast.walk(ast.parse((ROOT / file).read_text())):
            if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] in CODE:
                assert node.module in modules
        for module in modules_named(ast.parse((ROOT / file).read_text())):
            assert module in modules
    assert [file for file in files if file.suffix == ".md"]


IMPORT_EACH = """
import importlib, json, sys
for folder, modules in json.loads(sys.argv[1]).items():
    for name in [name for name in sys.modules if name.split(".")[0] in ("graphs", "nodes", "prompts", "understudies")]:
        del sys.modules[name]
    sys.path.insert(0, folder)
    for module in modules:
        assert importlib.import_module(module).__file__.startswith(folder)
    sys.path.remove(folder)
"""


@pytest.mark.slow
@pytest.mark.parametrize("understudies", [True, False])
def test_each_graph_loads_from_a_project_of_its_own_with_its_prompts(tmp_path: Path, understudies: bool) -> None:
    projects = {}
    for graph in SHIPPED:
        project.new_project(tmp_path / graph, [graph], TEMPLATE, understudies=understudies)
        code = [ast.parse(file.read_bytes()) for file in (tmp_path / graph / "nodes").rglob("*.py")]
        named = sorted({module for tree in code for module in modules_named(tree)})
        assert understudies or not named
        projects[str(tmp_path / graph)] = [TEMPLATE.module_of(graph), *named]
    command = [sys.executable, "-P", "-W", "error", "-c", IMPORT_EACH, json.dumps(projects)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("full", "is there already and not empty"),
        ("full/file", "is there already and no folder"),
        ("no/such", "make it first"),
        ("fanloom", "the name of a package that it needs"),
        ("\u65e5\u672c", "has no letter"),
    ],
)
def test_where_a_project_cannot_be_nothing_is_written(tmp_path: Path, place: str, why: str) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("mine")
    done = new(str(tmp_path / place), "--pattern", "router")
    assert (done.exit_code, why in done.output) == (2, True), done.output
    assert files_in(tmp_path) == {"full/file"}
    assert [child.name for child in tmp_path.iterdir()] == ["full"]


@pytest.mark.parametrize("is_there", [False, True])
@pytest.mark.parametrize("step", ["_put", "_move"])
def test_a_failure_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_there: bool, step: str) -> None:
    target = tmp_path / "mine"
    before = [target] if is_there else []
    if is_there:
        target.mkdir()
    left, real = [5], getattr(project, step)

    def failing(*given: Any) -> None:
        left[0] -= 1
        if left[0] == 0 or step == "_move":
            raise OSError(28, "No space left on device")
        real(*given)

    monkeypatch.setattr(project, step, failing)
    with pytest.raises(UserError, match="No space left"):
        project.new_project(target, ["support_router"], TEMPLATE)
    assert list(tmp_path.rglob("*")) == before


def test_the_empty_current_folder_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path / "mine")
    assert new(".", "--pattern", "router").exit_code == 0
    assert Path("langgraph.json").is_file()
    assert 'name = "mine"' in Path("pyproject.toml").read_text()


def test_it_imports_no_langgraph(tmp_path: Path) -> None:
    code = "import sys; from fanloom.cli import cli; cli(sys.argv[1:], standalone_mode=False); "
    code += "sys.exit(any(name.startswith(('lang', 'pydantic')) for name in sys.modules))"
    command = [sys.executable, "-c", code, "new", str(tmp_path / "mine")]
    assert subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of all graphs, made by the wheel in a clean venv, which is then the project's own."""
    folder = tmp_path_factory.mktemp("new")
    build = f"import hatchling.build; hatchling.build.build_wheel({str(folder)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    (site,) = (venv / "lib").glob("python3*/site-packages")
    zipfile.ZipFile(wheel).extractall(site)
    # The dependencies are the ones that are installed here; the checkout itself is not among them.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    for name, module in {"fanloom": "fanloom.cli", "langgraph": "langgraph_cli.cli"}.items():
        function = "main" if name == "fanloom" else "cli"
        (venv / "bin" / name).write_text(f"#!{venv}/bin/python\nfrom {module} import {function}\n{function}()\n")
        (venv / "bin" / name).chmod(0o755)
    patterns = [word for graph in SHIPPED for word in ("--pattern", graph)]
    run(folder, str(venv / "bin" / "fanloom"), "new", "mine", *patterns)
    (folder / "mine" / ".venv").symlink_to(venv)
    (venv / "ready").touch()
    return folder / "mine"


def environment() -> dict[str, str]:
    mine = ("MAKE", "MFLAGS", "FANLOOM", "LANGSMITH", "PYTEST", "COV_", "COVERAGE")
    return {name: value for name, value in os.environ.items() if not name.startswith(mine)}


def run(folder: Path, *words: str) -> str:
    done = subprocess.run(
        words, cwd=folder, env=environment(), capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheels_project_passes_its_tests(made: Path) -> None:
    assert f"{3 * len(SHIPPED)} passed" in run(made, "make", "test")
    where = run(made, ".venv/bin/python", "-c", "import fanloom; print(fanloom.__file__)")
    assert Path(where.strip()).resolve().is_relative_to((made / ".venv").resolve())


@pytest.mark.slow
def test_the_wheels_project_without_understudies_passes_its_tests(made: Path) -> None:
    patterns = [word for graph in SHIPPED for word in ("--pattern", graph)]
    run(made.parent, str(made / ".venv" / "bin" / "fanloom"), "new", "bare", "--no-understudies", *patterns)
    (made.parent / "bare" / ".venv").symlink_to(made.parent / "venv")
    (made.parent / "venv" / "ready").touch()
    assert f"{3 * len(SHIPPED)} passed" in run(made.parent / "bare", "make", "test")
    answered = run(made.parent / "bare", ".venv/bin/fanloom", "run", "support_router", "--query", "Where is my refund?")
    assert "[offline]" in answered


def test_the_wheels_project_has_its_data_sets(made: Path) -> None:
    assert files_in(made / "evals") == {f"{name}.{kind}" for name in EVALUATED for kind in ("json", "jsonl")}


def test_its_graphs_run_from_the_command_line(made: Path) -> None:
    assert [line.split()[0] for line in run(made, ".venv/bin/fanloom", "list").splitlines()] == SHIPPED
    assert f"fanloom run {SHIPPED[0]} --input" in (made / "README.md").read_text()
    assert "No language model was used" in run(made, "make", "run")


def test_langgraph_takes_its_configuration(made: Path) -> None:
    assert "valid" in run(made, ".venv/bin/langgraph", "validate").lower()


@pytest.fixture
def server(made: Path) -> Iterator[str]:
    port = free_port()
    command = ["make", "dev", f"ARGS=--no-reload --port {port}"]
    log = made.parent / "log"
    with (
        log.open("w") as out,
        subprocess.Popen(
            command,
            cwd=made,
            env={**environment(), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process,
    ):
        assert process.stdout
        for line in process.stdout:
            out.write(line)
            if "Application started up" in line:
                break
        else:
            pytest.fail(log.read_text()[-3000:])
        # Its log is read to the end, or the server would stop at a full pipe.
        reader = subprocess.Popen(["cat"], stdin=process.stdout, stdout=subprocess.DEVNULL)
        yield f"http://127.0.0.1:{port}"
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)
        reader.wait(20)


@pytest.mark.slow
def test_its_development_server_serves_them(made: Path, server: str) -> None:
    with get_sync_client(url=server) as client:
        assert {assistant["graph_id"] for assistant in client.assistants.search(limit=100)} == set(SHIPPED)
        example = json.loads((made / "examples" / "support_router.json").read_text())
        result: Any = client.runs.wait(None, "support_router", input=example)
    assert result["intent"] == "Billing Inquiry"
