"""Every command, example, picture, output and link in the README is real, and every command and example in docs/."""

from __future__ import annotations

import functools
import importlib
import io
import os
import re
import shlex
import subprocess
import sys
from contextlib import chdir, redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

from fanloom.cli import cli
from tests.pictures import FOLDER, GRAPHS, drawn

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
EVALUATING = (ROOT / "docs" / "evaluating.md").read_text(encoding="utf-8")
# The guide is a project of its own: tests/unit/test_docs.py runs it.
PAGES = [page for page in sorted((ROOT / "docs").glob("*.md")) if page.name != "guide.md"]
TEXTS = [TEXT, *(page.read_text(encoding="utf-8") for page in PAGES)]
BLOCKS = [block for text in TEXTS for block in re.findall(r"^```(\w+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)]
# A page may show a command that another shows too: it runs once.
COMMANDS = list(dict.fromkeys(line for kind, body in BLOCKS if kind == "sh" for line in body.splitlines()))
EXAMPLES = [body for kind, body in BLOCKS if kind == "python"]
# The data sets with some hundred lines, and an evaluation that is run three times.
SLOW = re.compile(r"evals/support_|--repeat")
# What an example prints, by words that only this one has.
PRINTED = {
    "sources = [{": "->",
    'open_checkpointer("memory://")': "2 questions answered",
    "orchestrator(plan=plan": "drivers",
    "import vote": "Billing Inquiry {'Billing Inquiry': 5} []",
    'LLMStep("summarise"': "Tides come twice a day.\nTides come twice a day.",
    'LLMStep("greet"': "done Hello Ada!",
    "import Bounds, run_batch": "1 done Billing Inquiry",
    "class Manners(Context)": "Ada, a formal welcome.\nrefused: True",
    "async def review": "Publish this?\npublished: Tides come twice a day.",
    "class Order(BaseModel)": "Order 4 10.0\nrefused: True",
}
# What these do is the whole test run, or a server that stays up (tests/wire/server starts it).
DRY = {"make test", "make dev"}
# Of each data set, some lines of the table that `fanloom eval` prints.
FIGURES = {
    "support_router": ["accuracy", "held_out"],
    "support_desk": ["precision", "recall", "F1"],
    "faq": ["facts told"],
}


@functools.cache
def run(command: str | tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    # Under `make test` a child make would announce the directories that it enters.
    outer = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    environment = {**outer, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        shell=isinstance(command, str),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@functools.cache
def run_here(command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of fanloom's without a process of its own: most of its time goes to imports."""
    with chdir(ROOT):
        done = CliRunner().invoke(cli, shlex.split(command)[1:])
    return subprocess.CompletedProcess(command, done.exit_code, done.stdout, done.stderr)


def run_shown(command: str) -> subprocess.CompletedProcess[str]:
    """Run a command: the README's as they are typed, those of the pages in this process if they are fanloom's."""
    return run_here(command) if command.startswith("fanloom ") and command not in TEXT else run(command)


def marked(command: str, *values: str) -> Any:
    """Return values for a test of a command, marked as slow if it is."""
    return pytest.param(*values, marks=[pytest.mark.slow] if SLOW.search(command) else [])


def test_there_is_something_to_test() -> None:
    assert {"make demo", "make test", "make dev", "fanloom list"} <= set(COMMANDS)
    assert len(EXAMPLES) == len(PRINTED)


@pytest.mark.parametrize("command", [marked(command, command) for command in COMMANDS])
def test_command(command: str) -> None:
    done = run_shown(command.replace("make", "make -n", 1) if command in DRY else command)
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.strip().splitlines()[-1][:40])
def test_example(example: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (printed,) = [text for words, text in reversed(PRINTED.items()) if words in example][:1]
    # Where its classes are looked up by name.
    program = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", program)
    with chdir(ROOT), redirect_stdout(io.StringIO()) as said:
        exec(compile(example, "example", "exec"), program.__dict__)
    assert printed in said.getvalue()


def test_the_example_of_the_readme_is_a_program() -> None:
    (example,) = [body for body in EXAMPLES if body in TEXT]
    done = run((sys.executable, "-W", "error", "-c", example))
    assert done.returncode == 0, done.stderr
    assert next(text for words, text in PRINTED.items() if words in example) in done.stdout


def test_the_demo_prints_what_the_readme_says() -> None:
    (shown,) = re.findall(r"makes an FAQ from the documents in `examples/`:\n\n```text\n(.*?)```", TEXT, re.DOTALL)
    assert run("make demo").stdout.strip() == shown.strip()


@pytest.mark.parametrize("name", [marked(f"evals/{name}.jsonl", name) for name in FIGURES])
def test_the_figures_are_those_that_an_evaluation_prints(name: str) -> None:
    command, *_ = [command for command in COMMANDS if f"evals/{name}.jsonl" in command]
    (row,) = re.findall(rf"^\| `{name}` \| \d.*", EVALUATING, re.MULTILINE)
    for figure in FIGURES[name]:
        value, interval = re.findall(rf"{figure} [ \w]*?([\d.]+ %) +([\d.]+ to [\d.]+)", run_shown(command).stdout)[0]
        assert value in row
        assert f"({interval})" in row


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(((?!https://).+?)\)", TEXT))))
def test_link(link: str) -> None:
    file, _, anchor = link.partition("#")
    assert not file or (ROOT / file).exists()
    if not anchor:
        return
    headings = re.findall(r"^#+ (.+)$", (ROOT / (file or "README.md")).read_text(encoding="utf-8"), re.MULTILINE)
    assert anchor in {re.sub(r"\W+", "-", heading.lower()) for heading in headings}


@pytest.mark.parametrize("name", GRAPHS)
def test_picture(name: str) -> None:
    shown = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    assert shown == drawn(name), "draw it anew: python -m tests.pictures"
    graph = importlib.import_module(f"graphs.{name}").graph.get_graph()
    nodes = [{"__start__": "start", "__end__": "end"}.get(node, node) for node in graph.nodes]
    assert sorted(re.findall(r"<text [^>]+>(.+?)</text>", shown)) == sorted(nodes)
    told = re.findall(r"<title>(\S+) to ([^<:]+)", shown)
    assert sorted(told) == sorted((edge.source, edge.target) for edge in graph.edges)


def test_every_pattern_has_its_picture_on_its_page() -> None:
    shown = re.findall(r"\]\(pictures/(\w+)\.svg\)", (ROOT / "docs" / "patterns.md").read_text(encoding="utf-8"))
    assert sorted(shown) == GRAPHS == sorted(file.stem for file in FOLDER.glob("*.svg"))


def test_the_demo_without_make_prints_the_same() -> None:
    (command,) = [command for command in COMMANDS if command.startswith("fanloom run faq_parallel --model offline")]
    assert run_shown(command).stdout == run("make demo").stdout


def test_the_readme_is_short() -> None:
    assert len(TEXT.splitlines()) <= 250
    assert "```mermaid" not in TEXT
