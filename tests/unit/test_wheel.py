"""The wheel holds `fanloom` only, and works on a project elsewhere."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TITLED = re.compile(r'^```\w+ title="(.+?)"\n(.*?)^```', re.M | re.S)
GRAPH = """
from typing_extensions import TypedDict
from langgraph.graph import END, START, StateGraph


class State(TypedDict, total=False):
    word: str


builder = StateGraph(State)
builder.add_node("shout", lambda state: {"word": state["word"].upper()})
builder.add_edge(START, "shout")
builder.add_edge("shout", END)
graph = builder.compile(name="shout")
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    code = f"import hatchling.build; hatchling.build.build_wheel({str(folder)!r})"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_it_holds_fanloom_and_the_template_only(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"fanloom", f"{wheel.name.split('-py3')[0]}.dist-info"}
    router = ("graphs/support_router.py", "nodes/support_router.py", "understudies/support_router.jsonl")
    for shipped in (*router, "prompts/faq/system.md", "langgraph.json"):
        assert f"fanloom/template/{shipped}" in names
    assert not [name for name in names if "__pycache__" in name or "test" in name]


def test_what_it_installs_without_an_extra(wheel: Path) -> None:
    (metadata,) = [name for name in zipfile.ZipFile(wheel).namelist() if name.endswith("/METADATA")]
    lines = zipfile.ZipFile(wheel).read(metadata).decode().splitlines()
    needed = {re.split(r"[^\w-]", line.split(": ")[1])[0] for line in lines if re.match(r"Requires-Dist: [^;]*$", line)}
    assert {"langgraph", "langchain-google-genai", "langchain-aws"} <= needed
    assert needed.isdisjoint({"fastapi", "bm25s", "PyStemmer", "pystemmer", "markitdown"})


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site-packages of a clean environment with the wheel in it."""
    venv = tmp_path_factory.mktemp("clean") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    (site,) = (venv / "lib").glob("python3*/site-packages")
    zipfile.ZipFile(wheel).extractall(site)
    # The dependencies are the ones that are installed here; the checkout itself is not among them.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return site


@pytest.mark.slow
def test_a_project_that_follows_the_guide_is_strictly_typed(site: Path, tmp_path: Path) -> None:
    for name, body in TITLED.findall((ROOT / "docs" / "guide.md").read_text(encoding="utf-8")):
        if name.endswith(".py"):
            (tmp_path / name).write_text(body, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--python-executable", site.parents[2] / "bin" / "python"]
    # What mypy found of the packages is kept for the next time.
    command.append(f"--cache-dir={ROOT / '.mypy_cache' / 'guide'}")
    # Only what is the user's own is reported, with the types that the wheel has.
    done = subprocess.run(
        [*command, "--config-file=", "briefing.py", "use.py", "test_briefing.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert (site / "fanloom" / "py.typed").is_file()


def test_its_command_line_works_in_a_clean_venv_on_a_project_elsewhere(site: Path, tmp_path: Path) -> None:
    python = site.parents[2] / "bin" / "python"
    project = tmp_path / "project"
    project.mkdir()
    (project / "shout.py").write_text(GRAPH)
    (project / "langgraph.json").write_text(
        json.dumps({"dependencies": ["."], "graphs": {"shout": "./shout.py:graph"}})
    )

    def fanloom(*words: str) -> subprocess.CompletedProcess[str]:
        command = [python, "-m", "fanloom", *words]
        return subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=60, check=False)

    listed, ran = fanloom("list"), fanloom("run", "shout", "--word", "hi", "--json")
    assert "shout" in listed.stdout, listed.stderr
    assert json.loads(ran.stdout) == {"word": "HI"}, ran.stderr
    where = "import fanloom; print(fanloom.__file__)"
    home = subprocess.run([python, "-c", where], cwd=project, capture_output=True, text=True, check=True).stdout
    assert home.startswith(str(site))
    assert subprocess.run([python, "-c", "import graphs"], cwd=project, capture_output=True, check=False).returncode
