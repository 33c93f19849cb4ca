"""The notebooks run from top to bottom in a running event loop, and with another model by changing one line."""

from __future__ import annotations

import ast
import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest

import fanloom
from fanloom import OfflineChatModel

FOLDER = Path(__file__).parents[2] / "examples" / "notebooks"
NOTEBOOKS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.ipynb"))}
MODEL_LINE = re.compile(r'^MODEL = "offline".*$', re.MULTILINE)
LONGEST_CELL = 40

# The notebook has a context variable that no prompt uses, to show that this is told.
pytestmark = pytest.mark.filterwarnings("ignore:context variable 'facts':UserWarning")


class Another(OfflineChatModel):
    """A model of another name, in the place of a real one."""

    model_name: str = "another"


def code_cells(name: str) -> list[str]:
    return ["".join(cell["source"]) for cell in NOTEBOOKS[name]["cells"] if cell["cell_type"] == "code"]


async def execute(cells: list[str], **given: Any) -> dict[str, Any]:
    """Run the cells in one namespace as Jupyter does: in this event loop, with `await` outside functions."""
    names: dict[str, Any] = {"__name__": "__main__", **given}
    for number, cell in enumerate(cells, 1):
        code = compile(cell, f"cell {number}", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        waiting = eval(code, names)
        if code.co_flags & inspect.CO_COROUTINE:
            await waiting
    return names


@pytest.fixture(autouse=True)
def somewhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    # Set by the notebook; what a test has set is taken back after it.
    monkeypatch.setenv("FANLOOM_DATABASE_URL", f"sqlite:///{tmp_path}/unused.db")


def test_there_are_two_and_they_are_linked() -> None:
    assert set(NOTEBOOKS) == {"faq_and_support", "variations_and_documentation"}
    root = FOLDER.parents[1]
    for name in NOTEBOOKS:
        assert f"`{name}.ipynb`" in (root / "docs" / "patterns.md").read_text(encoding="utf-8")
        assert f"(examples/notebooks/{name}.ipynb)" in (root / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_is_a_notebook_without_stored_outputs(name: str) -> None:
    book = NOTEBOOKS[name]
    assert (book["nbformat"], book["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in book["cells"]]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", one) for one in ids)
    for cell in book["cells"]:
        if cell["cell_type"] == "code":
            assert set(cell) == {"cell_type", "execution_count", "id", "metadata", "outputs", "source"}
            assert (cell["outputs"], cell["execution_count"]) == ([], None)
        else:
            assert (cell["cell_type"], set(cell)) == ("markdown", {"cell_type", "id", "metadata", "source"})
        assert cell["metadata"] == {}
        assert len(cell["source"]) <= LONGEST_CELL


async def test_faq_and_support(capsys: pytest.CaptureFixture[str]) -> None:
    found = await execute(code_cells("faq_and_support"))
    titles = {source["title"] for source in found["sources"]}
    for name in ("one", "chained", "together"):
        assert len(found[name]["faqs"]) == 4
        assert found[name]["failures"] == []
        assert all(faq["sources"] and set(faq["sources"]) <= titles for faq in found[name]["faqs"])
    assert [found[name]["usage"]["model_calls"] for name in ("one", "chained", "together")] == [1, 9, 9]
    assert [outcome["status"] for outcome in found["told"]] == ["done"] * 4
    assert len(found["blocking"]["faqs"]) == 2
    assert [failure["error"]["kind"] for failure in found["broken"]["failures"]] == ["connection"] * 3
    assert found["again"] == ["q1", "q2", "q3"]
    for name in ("mended", "rescued"):
        assert (len(found[name]["faqs"]), found[name]["failures"]) == (3, [])
    assert found["mended"]["usage"]["by_step"]["generate_questions"]["model_calls"] == 1
    assert found["rescued"]["usage"]["unanswered_calls"] == 3
    assert {failure["error"]["kind"] for failure in found["bounded"]["failures"]} == {"budget"}
    assert [result["intent"] for result in found["routed"]] == [
        "Technical Support",
        "Billing Inquiry",
        "General Question",
    ]
    assert [outcome["status"] for outcome in found["refused"]["outcomes"]] == ["needs_input", "failed"]
    assert [outcome["worker"] for outcome in found["waiting"]["outcomes"]] == ["BillingInquiry", "StatusUpdate"]
    assert len(found["waiting"]["__interrupt__"]) == 1
    assert [outcome["status"] for outcome in found["approved"]["outcomes"]] == ["done"] * 3
    assert "RMA-" in found["approved"]["response"]
    assert "'query'" in found["mistake"]
    assert "May C-1001 return SuperWidget 5000" in capsys.readouterr().out


async def test_variations_and_documentation(capsys: pytest.CaptureFixture[str]) -> None:
    found = await execute(code_cells("variations_and_documentation"))
    styles = ["formal", "playful", "short"]
    for name in ("written", "saved"):
        assert [part["type"] for part in found[name]["worker_results"]] == styles
        assert found[name]["failures"] == found[name]["warnings"] == []
    assert all(f"## {style}\n" in found["written"]["final"] for style in styles)
    assert found["seen"] == ["check_input", "plan_subtasks", *["do_subtask"] * 3, "combine_results"]
    assert [failure["status"] for failure in found["small"]["failures"]] == ["skipped"]
    assert "max_model_calls=3" in found["small"]["warnings"][0]
    assert "## Missing parts" in found["small"]["final"]
    assert [failure["error"]["kind"] for failure in found["lost"]["failures"]] == ["connection"] * 3
    assert [part["type"] for part in found["documented"]["worker_results"]] == ["overview", "technical", "tutorial"]
    assert "https://bakery.example/v1" in found["documented"]["final"]
    assert len(found["blocking"]["worker_results"]) == 3
    assert "$colour" in found["mistake"]
    assert "'facts'" in found["warned"]["warnings"][0]
    assert len(found["waiting"]["__interrupt__"]) == 1
    assert found["published"]["published"] is True
    assert found["published"]["usage"]["model_calls"] == found["written"]["usage"]["model_calls"]
    assert "May this go out?" in capsys.readouterr().out


@pytest.mark.parametrize("name", NOTEBOOKS)
async def test_one_line_changes_the_model(name: str) -> None:
    cells = code_cells(name)
    changed = [MODEL_LINE.sub("MODEL = another", cell) for cell in cells]
    assert sum(old != new for old, new in zip(cells, changed, strict=True)) == 1
    found = await execute(changed, another=Another())
    used = [value["usage"]["by_model"] for value in found.values() if isinstance(value, dict) and "usage" in value]
    assert used
    assert all(set(models) == {"another"} for models in used)


@pytest.mark.parametrize("name", NOTEBOOKS)
async def test_with_a_provider_and_no_key_it_says_what_is_missing(name: str) -> None:
    cells = [MODEL_LINE.sub('MODEL = "google_genai:gemini-2.5-flash"', cell) for cell in code_cells(name)]
    with pytest.raises(fanloom.MissingCredentials, match="GOOGLE_API_KEY"):
        await execute(cells)
