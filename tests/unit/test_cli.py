"""The command line in this process: its commands on small LangGraph projects made in a temporary folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result

from fanloom.cli import Globals, cli

SHOP = '''
"""Everything a shop needs.

And more.
"""

import logging
import warnings
from typing import Annotated, Any, Literal, NotRequired

from langgraph.graph import START, StateGraph
from langgraph.types import interrupt
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from fanloom.runs.context import Context
from fanloom.errors import ModelUnavailable, UserError

print("noise of an import")


class Source(TypedDict):
    title: str
    content: str


class In(TypedDict):
    name: Annotated[str, Field(description="Who it is for.")]
    count: NotRequired[Annotated[int, Field(3, description="How many.")]]
    loud: NotRequired[Annotated[bool, Field(False)]]
    price: NotRequired[float | None]
    size: NotRequired[Literal["small", "large"]]
    tags: NotRequired[list[str]]
    extra: NotRequired[dict[str, Any]]
    sources: NotRequired[list[Source]]
    cover: NotRequired[Source]
    json: NotRequired[str]
    messages: NotRequired[list[dict[str, Any]]]
    rows: NotRequired[list[list[int]]]


class Out(TypedDict):
    got: dict[str, Any]
    model: str


class State(In, Out):
    pass


class Loop(BaseModel):
    n: int = Field(ge=1)


class Plain(TypedDict):
    text: str
    out: str


def echo(state: State, runtime) -> dict[str, Any]:
    print("noise of a node")
    warnings.warn("noise of a library")
    context = Context.of(runtime.context)
    return {"got": {key: value for key, value in state.items() if value is not None}, "model": str(context.model)}


def fail(state):
    raise ValueError("the key AIzaSyA123456789012345678901234567890 and s3cret-value are [bold]bad[/]")


def unavailable(state):
    raise ModelUnavailable("the model is down")


def refuse(state):
    raise UserError("no such customer")


def partly(state):
    outcome = {"task_id": "t1", "worker": "w", "status": "skipped", "result": None, "error": {"message": "no budget"}}
    return {"out": [outcome, {**outcome, "task_id": "t2", "status": "done", "error": None}]}


def ask(state):
    return {"out": interrupt({"question": "May I?"})}


def log(state):
    for number in range(3):
        logging.getLogger("lib").warning("attempt %d", number)
    return {"out": "logged"}


def one(node, schema=Plain):
    builder = StateGraph(schema)
    builder.add_node("step", node)
    builder.add_edge(START, "step")
    return builder


builder = StateGraph(State, input_schema=In, output_schema=Out, context_schema=Context)
builder.add_node("echo", echo)
builder.add_edge(START, "echo")
graph = builder.compile(name="shop")
failing, down, refusing = one(fail), one(unavailable), one(refuse)
part, asking, logging_graph = one(partly), one(ask), one(log)
counted = one(lambda state: {}, Loop)
badly = one(lambda state: {"n": int("x")}, Loop)
'''

NOTHING: dict[str, Any] = {}
Run = Callable[..., Result]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project in the current folder; what running it leaves in this process is taken back."""
    modules, environment = set(sys.modules), dict(os.environ)
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.py").write_text(SHOP, encoding="utf-8")
    write(tmp_path, {"shop": "shop:graph", "file": {"path": "./shop.py:builder", "description": "From a file."}})
    yield tmp_path
    for name in set(sys.modules) - modules:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]
    os.environ.clear()
    os.environ.update(environment)


def write(folder: Path, graphs: Any, **more: Any) -> None:
    (folder / "langgraph.json").write_text(json.dumps({"dependencies": ["."], "graphs": graphs, **more}))


@pytest.fixture
def run() -> Run:
    def invoke(*args: str, **options: Any) -> Result:
        return CliRunner().invoke(cli, args, **options)

    return invoke


@pytest.fixture
def shop(project: Path, run: Run) -> Callable[..., dict[str, Any]]:
    def invoke(*args: str, **options: Any) -> dict[str, Any]:
        result = run("run", "shop", "--json", *args, **options)
        assert result.exit_code == 0, result.output
        got: dict[str, Any] = json.loads(result.stdout)["got"]
        return got

    return invoke


# The group


def commands_below(group: click.Group, ctx: click.Context) -> Iterator[tuple[str, click.Command]]:
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {below}", each) for below, each in commands_below(command, ctx))


def test_each_option_of_each_command_has_a_sentence_and_none_is_cut_off(project: Path, run: Run) -> None:
    with click.Context(cli, obj=Globals(project, debug=False)) as ctx:
        commands = dict(commands_below(cli, ctx))
    assert {"batch export", "runs replay", "threads delete", "run shop", "eval"} <= set(commands)
    for name, command in commands.items():
        shown = run(*name.split(), "--help")
        assert (shown.exit_code, "..." in shown.stdout.replace("]...", "")) == (0, False), name
        # What the fields of an input are for says who made the graph.
        options = [param for param in command.params if isinstance(param, click.Option)]
        assert [param.opts for param in options if not param.help and not str(param.name).startswith("field_")] == []


def test_help_names_the_commands(run: Run) -> None:
    result = run("--help")
    assert result.exit_code == 0
    for command in ("list", "run", "draw"):
        assert f"  {command} " in result.stdout
    assert "3 finished with" in result.stdout


def test_version(run: Run) -> None:
    assert run("--version").stdout.startswith("fanloom 0.")


def test_unknown_command_is_met_with_the_nearest(run: Run) -> None:
    result = run("lst")
    assert result.exit_code == 2
    assert "No command 'lst'. Did you mean 'list'?" in result.stderr


def completed(*words: str) -> list[str]:
    found = ShellComplete(cli, {}, "fanloom", "_FANLOOM_COMPLETE").get_completions(list(words[:-1]), words[-1])
    return [item.type if item.type == "file" else item.value for item in found]


def test_shells_complete_commands_graphs_options_and_files(project: Path, tmp_path: Path) -> None:
    assert completed("ru") == ["run", "runs"]
    assert completed("run", "sh") == ["shop"]
    assert completed("run", "shop", "--na") == ["--name"]
    assert completed("run", "shop", "--sources", "a") == ["file"]
    (tmp_path / "sub").mkdir()
    os.chdir(tmp_path / "sub")
    assert completed("-C", str(tmp_path), "run", "sh") == ["shop"]


def test_what_cannot_be_completed_is_no_traceback(tmp_path: Path) -> None:
    words = {"COMP_WORDS": "fanloom run s", "COMP_CWORD": "2", "_FANLOOM_COMPLETE": "bash_complete"}
    asked = [sys.executable, "-m", "fanloom"]
    done = subprocess.run(asked, cwd=tmp_path, env={**os.environ, **words}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_command_without_a_name_shows_help(project: Path, run: Run) -> None:
    assert run("run").exit_code == 2
    assert "Usage: fanloom" in run().output


# list


def test_list_reads_descriptions_without_importing(project: Path, run: Run) -> None:
    (project / "broken.py").write_text("def (")
    (project / "silent.py").write_text("raise SystemExit('imported')")
    (project / "pack").mkdir()
    (project / "pack" / "__init__.py").write_text("raise SystemExit('imported')")
    (project / "pack" / "deep.py").write_text('"""Deep down."""')
    graphs = {"shop": "shop:graph", "by_file": "./shop.py:graph", "told": {"path": "x:y", "description": "Told."}}
    more = {"broken": "broken:graph", "silent": "silent:graph", "gone": "gone.far:graph", "deep": "pack.deep:g"}
    write(project, {**graphs, **more, "gonefile": "./gone.py:graph"})
    result = run("list")
    assert result.exit_code == 0
    assert [line.split(maxsplit=1)[1:] for line in result.stdout.splitlines()] == [
        ["Everything a shop needs."],
        ["Everything a shop needs."],
        ["Told."],
        ["(broken.py is not valid Python)"],
        [],
        ["(gone.far not found)"],
        ["Deep down."],
        ["(./gone.py not found)"],
    ]


def test_list_as_json(project: Path, run: Run) -> None:
    assert json.loads(run("list", "--json").stdout) == [
        {"id": "shop", "description": "Everything a shop needs.", "path": "shop:graph"},
        {"id": "file", "description": "From a file.", "path": "./shop.py:builder"},
    ]


def test_in_a_folder_below_a_project_it_says_where_that_is(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (project / "nodes" / "deep").mkdir(parents=True)
    monkeypatch.chdir(project / "nodes" / "deep")
    assert f"There is one in {project.resolve()}." in run("list").stderr
    assert "in their project's folder" in run("runs").stderr


def test_project_may_be_elsewhere(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir("/")
    assert run("-C", str(project), "list").exit_code == 0
    assert run("--project", str(project), "run", "shop", "--name", "x").exit_code == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no langgraph.json in"),
        ("{", "is not valid JSON: Expecting property name enclosed in double quotes at line 1 column 2"),
        ("[]", "must hold an object"),
        ("{}", '"graphs" must name at least one graph'),
        ('{"graphs": {}}', '"graphs" must name at least one graph'),
        ('{"graphs": {"a": "shop"}}', "graph 'a' must be 'module:name' or './file.py:name', not 'shop'"),
        ('{"graphs": {"a": {"description": "x"}}}', "not None"),
        ('{"graphs": {"a": "shop:"}}', "not 'shop:'"),
        (b"\xff\xfe", "Save it as UTF-8 text"),
    ],
)
def test_unusable_configuration(project: Path, run: Run, content: str | bytes | None, said: str) -> None:
    file = project / "langgraph.json"
    file.unlink()
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    result = run("list")
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert "Traceback" not in result.stderr


# Loading

KINDS = """
import asyncio
from contextlib import asynccontextmanager, contextmanager
from langgraph.func import entrypoint
from langgraph.graph import START, StateGraph
from typing_extensions import TypedDict

class S(TypedDict):
    text: str

def shout(state):
    return {"text": state["text"].upper()}

def make():
    builder = StateGraph(S)
    builder.add_node(shout)
    builder.add_edge(START, "shout")
    return builder

builder, compiled = make(), make().compile()

def factory(): return make().compile()
def with_config(config): return make()
def with_default(config=None): return make()
async def coroutine(): return make()

@contextmanager
def managed():
    yield make()
    print("left")

@asynccontextmanager
async def async_managed(config):
    # A task group must be left by the task that entered it.
    async with asyncio.TaskGroup():
        yield make()
    print("left")

@asynccontextmanager
async def async_broken():
    raise OSError("no server")
    yield

def generator(): yield make()
async def async_generator(): yield make()
def too_many(a, b): ...
def failing(): return 1 / 0
number = 3

@entrypoint()
async def function(x: str) -> list[int]:
    return [len(x), True]
"""


@pytest.fixture
def kinds(project: Path) -> Path:
    (project / "kinds.py").write_text(KINDS)
    return project


@pytest.mark.parametrize("path", ["kinds:{}", "./kinds.py:{}"])
@pytest.mark.parametrize(
    "name",
    ["builder", "compiled", "factory", "with_config", "with_default", "coroutine", "managed", "async_managed"],
)
def test_every_usual_kind_of_graph_runs(kinds: Path, run: Run, name: str, path: str) -> None:
    write(kinds, {"it": path.format(name)})
    result = run("run", "it", "--text", "hi", "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout) == {"text": "HI"}


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("kinds:number", "'number' is int, not a graph. It must be a compiled graph, a StateGraph, or a function"),
        ("kinds:S", "'S' is _TypedDictMeta, not a graph"),
        ("kinds:too_many", "too_many(a, b) cannot be called from the command line"),
        ("kinds:generator", "mark generator() as @contextmanager"),
        ("kinds:async_generator", "mark async_generator() as @contextmanager"),
        ("kinds:failing", "cannot be made: ZeroDivisionError: division by zero (kinds.py, line "),
        ("kinds:async_broken", "cannot be made: OSError: no server (kinds.py, line "),
        ("kinds:compield", "no 'compield' in it. Did you mean 'compiled'?"),
        ("gone:graph", "gone cannot be imported: ModuleNotFoundError: No module named 'gone'. Install it"),
        ("./gone.py:graph", "./gone.py does not exist in "),
        ("./notes/:graph", "./notes/ does not exist in "),
        ("./notes.txt/x:graph", "does not exist"),
        ("broken:graph", "SyntaxError: invalid syntax (broken.py, line 1). Correct it there."),
        ("./broken.py:graph", "SyntaxError: invalid syntax (broken.py, line 1)"),
        ("leaving:graph", "cannot be imported: SystemExit: bye (leaving.py, line 1). Run `fanloom --debug ...`"),
        ("./odd/file:graph", "is not a Python file"),
    ],
)
def test_what_cannot_be_loaded_says_why(kinds: Path, run: Run, path: str, said: str) -> None:
    (kinds / "broken.py").write_text("def (")
    (kinds / "leaving.py").write_text("raise SystemExit('bye')")
    (kinds / "odd").mkdir()
    (kinds / "odd" / "file").write_text("")
    write(kinds, {"it": path})
    result = run("run", "it", "--text", "hi")
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_debug_shows_the_traceback(kinds: Path, run: Run) -> None:
    write(kinds, {"it": "kinds:failing"})
    result = run("--debug", "run", "it")
    assert result.exit_code == 2
    assert "ZeroDivisionError: division by zero" in result.stderr
    assert "Traceback" in result.stderr


def test_relative_imports_and_dependencies(project: Path, run: Run) -> None:
    (project / "flow").mkdir()
    (project / "flow" / "parts.py").write_text(KINDS)
    (project / "flow" / "main.py").write_text("from .parts import compiled\nfrom lib_of_mine import graph\n")
    (project / "src").mkdir()
    (project / "src" / "lib_of_mine.py").write_text("from flow.main import compiled as graph\n")
    write(project, {"it": "./flow/main.py:graph"}, dependencies=[".", "./src", "langchain"])
    result = run("run", "it", "--text", "hi", "--json")
    assert result.exit_code == 0, result.stderr


def test_graph_outside_the_folder(project: Path, run: Run) -> None:
    (project / "inner").mkdir()
    write(project / "inner", {"it": "../shop.py:graph"})
    assert run("-C", "inner", "run", "it", "--name", "x").exit_code == 0


@pytest.mark.parametrize(
    ("env", "expected"), [({"SHOP_A": 1, "SHOP_B": "2"}, "1"), (".env", "from file"), ("no", None)]
)
def test_environment_of_the_project(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch, env: Any, expected: str | None
) -> None:
    monkeypatch.setenv("SHOP_B", "mine")
    (project / ".env").write_text("SHOP_A=from file\nSHOP_B=theirs\n")
    write(project, {"shop": "shop:graph"}, env=env)
    assert run("run", "shop", "--name", "x").exit_code == 0
    assert (os.environ.get("SHOP_A"), os.environ["SHOP_B"]) == (expected, "mine")


def test_threads_stay_with_the_project_from_elsewhere(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    (elsewhere / "who.txt").write_text("Ada")
    there = ["-C", str(project)]
    assert run(*there, "run", "shop", "--name", "@who.txt", "--thread", "t").exit_code == 0
    assert list(elsewhere.iterdir()) == [elsewhere / "who.txt"]
    assert (project / ".fanloom" / "checkpoints.db").is_file()
    monkeypatch.delenv("FANLOOM_HOME")
    monkeypatch.chdir(project)
    assert "done" in run("threads", "show", "t").stdout


# run: the input


def test_every_kind_of_option(shop: Callable[..., dict[str, Any]], project: Path) -> None:
    (project / "wind_turbines.md").write_text("They turn.")
    (project / "cover.txt").write_text("# The cover\n\nBlue.")
    simple = [
        "--name",
        "Ada",
        "--count",
        "2",
        "--loud",
        "--price",
        "1.5",
        "--size",
        "large",
        "--tags",
        "a",
        "--tags",
        "b",
    ]
    files = ["--extra", '{"k": [1]}', "--sources", "wind_turbines.md", "--sources", '{"title": "T", "content": "C"}']
    assert shop(*simple, *files, "--cover", "@cover.txt", "--field-json", "x") == {
        "name": "Ada",
        "count": 2,
        "loud": True,
        "price": 1.5,
        "size": "large",
        "tags": ["a", "b"],
        "extra": {"k": [1]},
        "sources": [{"title": "Wind turbines", "content": "They turn."}, {"title": "T", "content": "C"}],
        "cover": {"title": "The cover", "content": "# The cover\n\nBlue."},
        "json": "x",
    }


def test_a_list_of_strings_may_be_json(shop: Callable[..., dict[str, Any]], project: Path) -> None:
    got = shop("--name", '["x"]', "--tags", '["a", "b"]', "--tags", "[c]", "--tags", "[1]", "--tags", '{"d": 1}')
    assert got == {"name": '["x"]', "tags": ["a", "b", "[c]", "[1]", '{"d": 1}']}


def test_an_input_that_is_no_json_is_named_as_it_was_typed(project: Path, run: Run) -> None:
    (project / "notes.txt").write_text("Solar energy")
    assert "Error: 'notes.txt' is not valid JSON" in run("run", "shop", "--input", "notes.txt").stderr


def test_strings_from_files_and_standard_input(shop: Callable[..., dict[str, Any]], project: Path) -> None:
    (project / "name.txt").write_text("Grace", encoding="utf-8-sig")
    assert shop("--name", "@name.txt") == {"name": "Grace"}
    assert shop("--name", "@-", input="Édith") == {"name": "Édith"}
    assert shop("--name", "@@home", "--no-loud") == {"name": "@home", "loud": False}


def test_documents_from_a_folder_a_list_and_standard_input(shop: Callable[..., dict[str, Any]], project: Path) -> None:
    (project / "docs").mkdir()
    for name in ("b_second.TXT", "a-first.md", "c.rst"):
        (project / "docs" / name).write_text("x")
    listed = '[{"title": "T", "content": "C"}]'
    got = shop("--name", "x", "--sources", "docs", "--sources", listed, "--sources", "-", input="Heat\n====\nhot")
    assert got["sources"] == [
        {"title": "A first", "content": "x"},
        {"title": "B second", "content": "x"},
        {"title": "T", "content": "C"},
        {"title": "Heat", "content": "Heat\n====\nhot"},
    ]


def test_a_folder_with_its_sub_folders_and_what_is_left_out(project: Path, run: Run) -> None:
    for name, content in {
        "a.md": "A", "sub/b.txt": "B", "sub/deep/a.md": "C", "pic.png": "x", ".git/config.md": "x", "empty.md": " \n",
        "wide.txt": "\ufeffW",
    }.items():  # fmt: skip
        (file := project / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-16-le" if name == "wide.txt" else "utf-8")
    (project / "docs" / "loop").symlink_to(project / "docs")
    result = run("run", "shop", "--json", "--name", "x", "--sources", "docs")
    assert [source["title"] for source in json.loads(result.stdout)["got"]["sources"]] == [
        "A (a.md)",
        "B",
        "A (sub/deep/a.md)",
    ]
    assert "Left out of 'docs': .git (hidden), empty.md (is empty: give it some text, or leave it out." in result.stderr
    for said in ("loop (a link to another folder)", "pic.png (no document)", "wide.txt (is UTF-16 text, not UTF-8"):
        assert said in result.stderr


def test_documents_go_through_the_converter_where_it_is_installed(
    shop: Callable[..., dict[str, Any]], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class MarkItDown:
        def __init__(self, **_options: Any) -> None:
            pass

        def convert_local(self, path: Path) -> Any:
            return SimpleNamespace(text_content=f"# {path.name}\n\nconverted")

    module: Any = ModuleType("markitdown")
    module.MarkItDown, module.__spec__ = MarkItDown, ModuleSpec("markitdown", None)
    monkeypatch.setitem(sys.modules, "markitdown", module)
    (project / "docs").mkdir()
    for name in ("a.PDF", "b.docx", "c.html", "d.csv", "e.htm"):
        (project / "docs" / name).write_bytes(b"PK\3\4")
    got = shop("--name", "x", "--sources", "docs", "--sources", "docs/a.PDF")["sources"]
    assert [source["title"] for source in got] == ["a.PDF", "b.docx", "c.html", "d.csv", "e.htm", "a.PDF"]
    assert got[0]["content"].endswith("converted")


def test_without_the_converter_it_is_said_how_to_have_it(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fanloom.cli.options.documents.find_spec", lambda _name: None)
    (project / "docs").mkdir()
    (project / "docs" / "a.md").write_text("A")
    (project / "docs" / "b.csv").write_text("x,y")
    (project / "c.pdf").write_bytes(b"%PDF-1.7")
    hint = "to read it, run: pip install 'fanloom[documents]'"
    assert f"b.csv ({hint})" in run("run", "shop", "--name", "x", "--sources", "docs").stderr
    assert f"'c.pdf': {hint}" in run("run", "shop", "--name", "x", "--sources", "c.pdf").stderr
    # A table that is text is read as it stands.
    assert run("run", "shop", "--name", "x", "--sources", "docs/b.csv").exit_code == 0


def test_a_list_in_json_and_a_pattern_stand_for_what_is_in_them(
    shop: Callable[..., dict[str, Any]], project: Path
) -> None:
    said = [{"role": "user", "content": "hi"}, {"role": "ai", "content": "ho"}]
    got = shop("--name", "x", "--messages", json.dumps(said), "--messages", json.dumps(said[0]), "--rows", "[1, 2]")
    assert (got["messages"], got["rows"]) == ([*said, said[0]], [[1, 2]])
    for name in ("b.md", "a.md", "c.txt", "in[1].md"):
        (project / name).write_text(name)
    assert [source["title"] for source in shop("--name", "x", "--sources", "?.md")["sources"]] == ["A", "B"]
    assert shop("--name", "x", "--sources", "in[1].md")["sources"][0]["content"] == "in[1].md"


def test_whole_input_with_options_over_it(shop: Callable[..., dict[str, Any]], project: Path) -> None:
    (project / "in.json").write_text('{"name": "Ada", "count": 7}')
    assert shop("--input", "in.json", "--count", "8") == {"name": "Ada", "count": 8}
    assert shop("--input", "-", input='{"name": "Ada", "price": null}') == {"name": "Ada"}


def test_help_shows_fields_and_context(project: Path, run: Run) -> None:
    result = run("run", "shop", "--help", terminal_width=100)
    for line in (
        "--name TEXT",
        "Who it is for.  [required]",
        "How many.  [default: 3]",
        "--loud / --no-loud",
        "[default: no]",
    ):
        assert line in result.stdout
    for line in (
        "--size [small|large]",
        "--sources FILE",
        "--extra JSON",
        "max_concurrency",
        "[default: 32]",
        "--set NAME=VALUE",
    ):
        assert line in result.stdout
    assert "Everything a shop needs." in run("run", "--help").stdout


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "Missing --name."),
        (["--nme", "x"], "No such option '--nme'"),
        (["--name", "x", "--count", "many"], "'many' is not a valid integer"),
        (["--name", "x", "--size", "huge"], "'huge' is not one of 'small', 'large'"),
        (["--name", "@gone.txt"], "Invalid value for '--name': there is no file 'gone.txt'."),
        (["--name", "x", "--extra", "[1]"], "'[1]' is not a JSON object"),
        (["--name", "x", "--extra", "{"], "is not valid JSON: Expecting property name"),
        (["--name", "x", "--sources", "gone.md"], "there is no file 'gone.md'"),
        (["--name", "x", "--sources", "bin.md"], "'bin.md' is a binary file"),
        (["--name", "x", "--sources", "nothing.md"], "'nothing.md' is empty: give it some text"),
        (["--name", "@wide.md"], "'wide.md' is UTF-16 text"),
        (["--name", "@marked.md"], "'marked.md' is UTF-16 text"),
        (["--name", "@paper.md"], "'paper.md' is a PDF"),
        (["--name", "x", "--sources", "latin.md"], "'latin.md' is not UTF-8 text"),
        (["--name", "x", "--sources", "empty"], "folder 'empty' holds no document that can be read: .md, .txt, .pdf"),
        (["--name", "x", "--cover", "two"], "cover takes one document, not 2."),
        (["--input", "fields.json"], "there is no input field 'nmae'. Did you mean 'name'?"),
        (["--input", "list.json"], "'list.json' must hold a JSON object"),
        (["--input", "latin.md"], "is not UTF-8 text"),
        (["--input", "-", "--name", "@-"], "standard input can be read by one option only"),
        (["--name", "x", "--set", "max_concurrency=0"], "Set it with --set max_concurrency=VALUE."),
        (
            ["--name", "x", "--set", "max_concurency=1"],
            "no context field 'max_concurency'. Did you mean 'max_concurrency'?",
        ),
        (["--name", "x", "--set", "model"], "--set takes NAME=VALUE, not 'model'"),
        (["--name", "x", "--set", "model", "offline"], "'offline' belongs to no option. Write --set model=offline."),
        (
            ["--name", "x", "--tags", "latin.md", "bin.md", "other.md"],
            "--tags takes one value each time: write --tags latin.md --tags bin.md.",
        ),
        (["--name", "x", "--sources", "two/a.md", "two/b.TXT"], "or a pattern in quotes, as in --sources '*.md'."),
        (["--name", "two", "words"], "--name takes one value: quote it, as in --name 'two words'."),
        (["--name", "--size", "small"], "--name has no value before --size"),
        (["--name", "x", "--loud", "yes"], "--loud takes no value."),
        (["word"], "'word' belongs to no option. Options begin with --: --name"),
        (["--name", "x", "--max-concurrency", "4"], "No such option '--max-concurrency': write --set max_concurrency="),
        (["--name", "x", "--sources", "gone/*.md"], "no file matches 'gone/*.md'."),
        (["--name", "x", "--model", "foo:bar"], "unknown provider 'foo' in 'foo:bar': there are offline, "),
        (["--name", "x", "--model", "foo:bar"], "Set it with --model SPEC."),
        (["--name", "x", "--messages", "[1]"], "is no JSON object and no list of such"),
        (["--name", "x", "--model", "gemini-2.5-flash"], "did you mean 'google_genai:gemini-2.5-flash'?"),
    ],
)
def test_bad_usage(project: Path, run: Run, args: list[str], said: str) -> None:
    (project / "bin.md").write_bytes(b"a\0b")
    (project / "latin.md").write_bytes("né".encode("latin-1"))
    (project / "nothing.md").write_bytes(b"")
    (project / "wide.md").write_text("heat", encoding="utf-16-be")
    (project / "marked.md").write_text("heat", encoding="utf-16")
    (project / "paper.md").write_bytes(b"%PDF-1.7")
    (project / "empty").mkdir()
    (project / "two").mkdir()
    for name in ("a.md", "b.TXT", "c.rst"):
        (project / "two" / name).write_text("x")
    (project / "fields.json").write_text('{"nmae": "x"}')
    (project / "list.json").write_text("[]")
    result = run("run", "shop", *args, input="{}")
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


def test_context(project: Path, run: Run) -> None:
    def model(*args: str) -> str:
        result = run("run", "shop", "--name", "x", "--json", *args)
        assert result.exit_code == 0, result.stderr
        return str(json.loads(result.stdout)["model"])

    (project / "model.txt").write_text("offline")
    assert model("--model", "offline") == "offline"
    assert model("--set", "model=@model.txt", "--set", "max_tasks=3") == "offline"
    assert model("--set", "model=offline", "--set", "model=null") == "None"


CONTEXTS = """
from dataclasses import dataclass
from langgraph.graph import START, StateGraph
from typing_extensions import TypedDict
from pydantic import BaseModel

class S(TypedDict):
    text: str

@dataclass
class Who:
    customer: str
    level: int = 1

class Strict(BaseModel):
    level: int = 1

def tell(state, runtime):
    context = runtime.context
    return {"text": repr(context)}

def make(context):
    builder = StateGraph(S, context_schema=context)
    builder.add_node(tell)
    builder.add_edge(START, "tell")
    return builder

who, strict, none = make(Who), make(Strict), make(None)
"""


@pytest.mark.parametrize(
    ("graph", "settings", "code", "said"),
    [
        ("who", ["customer=1001", "level=2"], 0, "Who(customer='1001', level=2)"),
        ("who", [], 2, "the context of this graph needs 'customer': give --set customer=VALUE."),
        ("strict", [], 0, "Strict(level=1)"),
        ("strict", ["level=low"], 2, "1 validation error for Strict"),
        ("none", ["level=1"], 2, "this graph takes no context, so 'level=1' cannot be set."),
    ],
)
def test_contexts_of_other_projects(
    project: Path, run: Run, graph: str, settings: list[str], code: int, said: str
) -> None:
    (project / "contexts.py").write_text(CONTEXTS)
    write(project, {graph: f"contexts:{graph}"})
    result = run("run", graph, "--text", "x", *(part for setting in settings for part in ("--set", setting)))
    assert result.exit_code == code
    assert said in result.output


def test_options_may_stand_before_the_graph(project: Path, run: Run) -> None:
    assert run("run", "--json", "--name", "x", "shop").exit_code == 0
    assert "Name a graph first" in run("run", "--json").stderr
    result = run("run", "shpo")
    assert result.exit_code == 2
    assert "No graph 'shpo'. Did you mean 'shop'?" in result.stderr


# run: the ending


@pytest.mark.parametrize(
    ("graph", "args", "code", "said"),
    [
        (
            "failing",
            ["--text", "x"],
            1,
            "ValueError: the key *** and *** are [bold]bad[/]\nIt happened in step 'step'.",
        ),
        ("down", ["--text", "x"], 1, "Error: the model is down\nIt happened in step 'step'."),
        ("refusing", ["--text", "x"], 2, "Error: no such customer"),
        ("part", ["--text", "x"], 3, "1 task was not done."),
        ("asking", ["--text", "x"], 3, "waiting for a person:\nMay I?\nExpected answer: any JSON"),
        ("counted", ["--n", "0"], 2, "greater than or equal to 1"),
        ("badly", ["--n", "1"], 1, "ValueError: invalid literal for int()"),
        ("failing", [], 2, "Give at least one of --text, --out."),
    ],
)
def test_exit_codes(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch, graph: str, args: list[str], code: int, said: str
) -> None:
    monkeypatch.setenv("MY_API_KEY", "s3cret-value")
    write(project, {graph: f"shop:{graph}"})
    result = run("run", graph, *args)
    assert result.exit_code == code
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_debug_traceback_masks_secrets(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_API_KEY", "s3cret-value")
    write(project, {"failing": "shop:failing"})
    result = run("--debug", "run", "failing", "--text", "x")
    assert "Traceback" in result.stderr
    assert "AIza" not in result.output
    assert "s3cret" not in result.output


def test_nothing_but_the_result_on_standard_output(project: Path, run: Run) -> None:
    result = run("run", "shop", "--name", "x", "--json")
    assert json.loads(result.stdout) == {"got": {"name": "x"}, "model": "None"}
    assert "noise of a node" in result.stderr
    assert "noise of a library" not in result.output


def test_a_logged_warning_is_shown_once(project: Path, run: Run) -> None:
    write(project, {"log": "shop:logging_graph"})
    result = run("run", "log", "--text", "x")
    assert result.stderr.count("Warning: attempt 0") == 1
    assert "attempt 1" not in result.stderr
    assert "attempt 1" in run("--debug", "run", "log", "--text", "x").stderr


def test_interrupt_in_json_is_what_ainvoke_returns(project: Path, run: Run) -> None:
    write(project, {"asking": "shop:asking"})
    result = run("run", "asking", "--text", "x", "--json")
    output = json.loads(result.stdout)
    assert result.exit_code == 3
    assert output["text"] == "x"
    assert output["__interrupt__"][0]["value"] == {"question": "May I?"}


def test_breakpoint_of_a_graph_with_a_checkpointer(project: Path, run: Run) -> None:
    (project / "halting.py").write_text(
        "from langgraph.checkpoint.memory import InMemorySaver\nfrom shop import log, one\n"
        "graph = one(log).compile(checkpointer=InMemorySaver(), interrupt_before=['step'])\n"
    )
    write(project, {"halting": "halting:graph"})
    result = run("run", "halting", "--text", "x")
    assert result.exit_code == 3
    assert "waiting for a person: the graph stops here on purpose" in result.stderr


def test_functional_graphs_take_any_input(kinds: Path, run: Run) -> None:
    write(kinds, {"count": "kinds:function"})
    assert run("run", "count", "--input", "-", input='"abc"').stdout == "- 3\n- yes\n"
    assert json.loads(run("run", "count", "--json", "--input", "-", input='"abc"').stdout) == [3, True]
    result = run("run", "count")
    assert result.exit_code == 2
    assert "This graph's input is not an object: give it with --input FILE." in result.stderr


def test_state_without_json_schema_runs_with_input(project: Path, run: Run) -> None:
    (project / "odd.py").write_text(
        "from langgraph.graph import START, StateGraph\nfrom typing_extensions import TypedDict\n"
        "class Opaque: ...\nclass S(TypedDict):\n    text: str\n    thing: Opaque\n"
        "def up(state): return {'text': state['text'].upper()}\n"
        "b = StateGraph(S)\nb.add_node(up)\nb.add_edge(START, 'up')\n"
    )
    write(project, {"odd": "odd:b"})
    result = run("run", "odd", "--json", "--input", "-", input='{"text": "hi"}')
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout) == {"text": "HI"}


def test_cancelled_from_inside(project: Path, run: Run) -> None:
    (project / "stop.py").write_text(
        "import asyncio\nfrom shop import one\nasync def stop(state): raise asyncio.CancelledError\ngraph = one(stop)\n"
    )
    write(project, {"stop": "stop:graph"})
    result = run("run", "stop", "--text", "x")
    assert result.exit_code == 1
    assert "NodeCancelledError: Node 'step' raised asyncio.CancelledError" in result.stderr


@pytest.mark.parametrize(
    ("error", "code", "said"), [("KeyboardInterrupt", 130, "Stopped."), ("BrokenPipeError", 141, "")]
)
def test_endings_from_outside(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch, error: str, code: int, said: str
) -> None:
    def end(*_args: Any, **_kwargs: Any) -> None:
        raise {"KeyboardInterrupt": KeyboardInterrupt, "BrokenPipeError": BrokenPipeError}[error]

    monkeypatch.setattr("fanloom.cli.showing.output.show", end)
    result = run("run", "shop", "--name", "x", "--quiet")
    assert result.exit_code == code
    assert said in result.stderr


def test_output_to_a_file(project: Path, run: Run) -> None:
    for name, *more in (["out.json"], ["out.txt", "--json"]):
        result = run("run", "shop", "--name", "Édith", "-o", name, *more)
        assert (result.exit_code, result.stdout) == (0, "")
        assert json.loads((project / name).read_text(encoding="utf-8"))["got"] == {"name": "Édith"}
    assert run("run", "shop", "--name", "Ada", "-o", "out.txt").exit_code == 0
    assert "Name: Ada" in (project / "out.txt").read_text(encoding="utf-8")


def test_a_file_that_cannot_be_written_is_told_before_the_run(project: Path, run: Run) -> None:
    (project / "folder").mkdir()
    for place, said in (("gone/out.json", "there is no folder 'gone'"), ("folder", "is a directory")):
        result = run("run", "shop", "--name", "x", "-o", place)
        assert (result.exit_code, "noise of a node" in result.stderr, said in result.stderr) == (2, False, True)


def test_verbose_tells_of_each_model_call(project: Path, run: Run) -> None:
    (project / "asks.py").write_text(
        """
from langchain_core.language_models import FakeListChatModel
from langgraph.graph import START, MessagesState, StateGraph

def ask(state):
    return {"messages": FakeListChatModel(responses=["ho"]).with_config(run_name="greet").invoke(state["messages"])}

builder = StateGraph(MessagesState)
builder.add_node("ask", ask)
builder.add_edge(START, "ask")
"""
    )
    write(project, {"asks": "asks:builder"})
    result = run("run", "asks", "--messages", "hello", "--verbose")
    assert result.exit_code == 0
    assert "greet: asked, 5 characters" in result.stderr
    assert "greet: answered" in result.stderr
    assert "greet" not in run("run", "asks", "--messages", "hello").stderr


def test_a_defect_of_our_own_is_no_traceback(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fanloom.cli.showing.output.show", lambda *_args, **_kwargs: NOTHING["x"])
    result = run("run", "shop", "--name", "x")
    assert result.exit_code == 1
    assert "Error: KeyError: 'x'\nRun `fanloom --debug ...`" in result.stderr


# draw

LOOP = """
from langgraph.graph import END, START, StateGraph
from typing_extensions import TypedDict

class S(TypedDict):
    text: str

def draft(state): return {}
def judge(state): return {}
def lone(state): return {}
def verdict(state): return END

inner = StateGraph(S)
inner.add_node(lone)
inner.add_edge(START, "lone")
builder = StateGraph(S)
builder.add_node(draft)
builder.add_node(judge)
builder.add_node("inner", inner.compile())
builder.add_edge(START, "draft")
builder.add_edge("draft", "judge")
builder.add_conditional_edges("judge", verdict, {"again": "draft", "done": "inner"})
"""


@pytest.fixture
def loop(project: Path) -> Path:
    (project / "loop.py").write_text(LOOP)
    write(project, {"loop": "loop:builder"})
    return project


def test_draw_mermaid(loop: Path, run: Run) -> None:
    result = run("draw", "loop")
    assert result.exit_code == 0
    assert "graph TD;" in result.stdout
    assert "draft --> judge;" in result.stdout
    assert "lone" in run("draw", "loop", "--xray").stdout


def test_draw_ascii(loop: Path, run: Run) -> None:
    assert run("draw", "loop", "--format", "ascii").stdout.splitlines() == [
        "__start__ --> draft",
        "  draft --> judge",
        "    judge ..> draft [again], inner [done]",
        "      inner --> __end__",
        "",
        "--> always   ..> on a condition",
    ]


def test_draw_to_a_file(loop: Path, run: Run) -> None:
    assert run("draw", "loop", "-o", "loop.mmd").stdout == ""
    assert "graph TD;" in (loop / "loop.mmd").read_text()
    result = run("draw", "loop", "-o", "no/such/folder.mmd")
    assert result.exit_code == 2
    assert "'no/such/folder.mmd' cannot be written" in result.stderr


def test_draw_unknown_graph(loop: Path, run: Run) -> None:
    result = run("draw", "lop")
    assert result.exit_code == 2
    assert "No graph 'lop'. Did you mean 'loop'?" in result.stderr
