"""The rooms of fanloom/: what each is, how they hang together, and that a wrong arrow is seen."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from functools import cache
from graphlib import TopologicalSorter
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FANLOOM = ROOT / "fanloom"
GROUND = ("errors", "settings", "redaction", "private_files")
MOST_MODULES = 13
PACKAGES = ("fanloom", "graphs", "nodes", "prompts", "understudies")
CONTRIBUTING = (ROOT / "docs" / "contributing.md").read_text(encoding="utf-8")
# LangGraph's own words, which a module of the command line and one of the server may both bear.
SHARED_NAMES: set[str] = set()


def modules() -> list[Path]:
    return [file for file in sorted(FANLOOM.rglob("*.py")) if file.stem not in ("__init__", "__main__")]


def rooms() -> list[Path]:
    """Return the folders of modules, sub-rooms too."""
    return sorted({file.parent for file in FANLOOM.rglob("*.py")} - {FANLOOM})


@pytest.mark.parametrize("room", rooms(), ids=lambda room: str(room.relative_to(FANLOOM)))
def test_a_room_says_what_it_is_and_can_be_held_in_the_head(room: Path) -> None:
    docstring = ast.get_docstring(ast.parse((room / "__init__.py").read_text(encoding="utf-8")))
    assert docstring
    assert len([file for file in room.glob("*.py") if file.stem != "__init__"]) <= MOST_MODULES


def test_no_two_modules_and_no_two_classes_share_a_name() -> None:
    names = Counter(file.stem for file in modules())
    assert {name for name, count in names.items() if count > 1} == SHARED_NAMES
    classes = Counter(
        node.name.lstrip("_")
        for file in modules()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    )
    assert {name for name, count in classes.items() if count > 1} == set()


def test_the_understudies_stay_small() -> None:
    lines = [file.read_text(encoding="utf-8").splitlines() for file in (ROOT / "understudies").rglob("*.py")]
    assert sum(map(len, lines)) <= 2_500


def room_of(module: str) -> str:
    """Return the room of a dotted name in fanloom, `ground` for what lies below all."""
    name = module.split(".")[1] if "." in module else ""
    return "ground" if name in GROUND else name


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@cache
def arrows() -> frozenset[tuple[str, str]]:
    """Return which room imports which."""
    known = {room.name for room in FANLOOM.iterdir() if (room / "__init__.py").is_file()} | {"ground"}
    found = {
        (room_of(".".join(("fanloom", *file.relative_to(FANLOOM).with_suffix("").parts))), room_of(module))
        for file in modules()
        for module in imported(file)
        if module.startswith("fanloom")
    }
    return frozenset((above, below) for above, below in found if above != below and {above, below} <= known)


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Not for a type, nor inside a function: what needs each other is one thing, or a third."""
    known = {dotted(file): file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))}
    needs = {name: set(map(module_of(known), imported_names(file))) - {""} for name, file in known.items()}
    assert set(TopologicalSorter(needs).static_order()) == set(known)


def module_of(known: Collection[str]) -> Callable[[str], str]:
    """Return what finds the module of a dotted name, which may be that of something in it; empty for another's."""
    return lambda name: next((module for module in (name, name.rpartition(".")[0]) if module in known), "")


def imported_names(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def dotted(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def drawn() -> list[str]:
    """Return the picture's lines: each import between rooms that does not follow from two others."""
    found = arrows()
    reached = set(found)
    grown = True
    while grown:
        new = {(a, d) for (a, b), (c, d) in product(reached, found) if b == c} - reached
        reached |= new
        grown = bool(new)
    follows = {(a, d) for (a, b), (c, d) in product(found, reached) if b == c}
    return [f"    {above} --> {below}" for above, below in sorted(found - follows)]


def test_the_picture_shows_the_imports_as_they_are() -> None:
    picture = re.search(r"```mermaid\n(.*?)```", CONTRIBUTING, re.DOTALL)
    assert picture
    assert [line for line in picture[1].splitlines() if "-->" in line] == drawn()


def test_the_table_counts_the_modules_of_each_room() -> None:
    told = dict(re.findall(r"^\| `fanloom/(\w+)/` \| (\d+) \|", CONTRIBUTING, re.MULTILINE))
    counted = Counter(file.relative_to(FANLOOM).parts[0] for file in modules() if file.parent != FANLOOM)
    assert {name: int(count) for name, count in told.items()} == counted


def lint(folder: Path) -> tuple[int, str]:
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command as run; run()",
            "--no-cache",
            "--no-logo",
        ],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return ran.returncode, ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("file", "line", "broken"),
    [
        ("fanloom/loops/background.py", "import fanloom.runs.usage", "The rooms of fanloom/"),
        ("fanloom/gateway/bounds/budget.py", "import fanloom.gateway.call", "The sub-rooms of fanloom/gateway/"),
        ("fanloom/cli/options/typed_values.py", "import fanloom.cli.here.project", "The sub-rooms of fanloom/cli/"),
        ("fanloom/steps/step.py", "import nodes.text", "The folders of the house"),
        ("graphs/support_router.py", "import graphs.support_desk", "The patterns in graphs/"),
        ("graphs/support_router.py", "import understudies.support_router", "The folders of the house"),
        ("nodes/support_router.py", "import nodes.support_desk.records", "The patterns in nodes/"),
        ("nodes/text.py", "import graphs.refine", "The folders of the house"),
        ("nodes/refine/steps.py", "import understudies.refine", "The folders of the house"),
        ("understudies/tech_docs.py", "import understudies.refine.rules", "The patterns in understudies/"),
        ("understudies/prose/markup.py", "import understudies.faq", "The patterns in understudies/"),
        ("understudies/tech_docs.py", "import prompts", "Prompts are named by nodes only"),
    ],
)
def test_a_wrong_arrow_breaks_a_contract(tmp_path: Path, file: str, line: str, broken: str) -> None:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    wrong = tmp_path / file
    wrong.write_text(f"{wrong.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")
    code, said = lint(tmp_path)
    assert code == 1, said
    assert re.search(rf"{re.escape(broken)} BROKEN", said), said
