"""What users' projects import from modules of 0.1 is there by its old name, and says where it is now."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from importlib import import_module
from pathlib import Path

import pytest

import fanloom
from fanloom.moved import MOVED

PROJECT = Path(__file__).parents[1] / "data" / "project_0_1_0.zip"
# Every name that a project made by 0.1 imports from an inner module, and the rooms that bear an old module's name.
IMPORTED = {
    "fanloom.outcome": ["OutcomeError", "error_of", "failures", "not_done", "status_of", "from_error", "done"],
    "fanloom.state": ["RunState", "grown", "new_run", "stored_once"],
    "fanloom.prompt": ["Prompt", "unescape"],
    "fanloom.usage": ["Usage", "meter"],
    "fanloom.effects": ["effects_table", "effect_key"],
    "fanloom.needs": ["in_order_of_needs"],
    "fanloom.graph": ["StateGraph"],
    "fanloom.tracing": ["start_tracing", "finish_tracing"],
}


@pytest.mark.parametrize(("module", "name"), [(module, name) for module, names in IMPORTED.items() for name in names])
def test_an_old_path_leads_to_the_same_object(module: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if module in MOVED:
        monkeypatch.delitem(sys.modules, module, raising=False)
    with pytest.warns(DeprecationWarning, match="has moved to"):
        found = getattr(import_module(module), name)
    assert found is getattr(fanloom, name)


def test_an_old_module_and_its_new_one_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "fanloom.outcome", raising=False)
    names: dict[str, object] = {}
    with pytest.warns(DeprecationWarning, match="has moved to"):
        exec("from fanloom.outcome import *", names)
    assert names["OutcomeError"] is fanloom.OutcomeError
    monkeypatch.setattr("fanloom.outcome.not_done", "replaced by a test")
    assert import_module("fanloom.runs.outcome").not_done == "replaced by a test"


def test_every_old_module_leads_somewhere() -> None:
    for new in MOVED.values():
        import_module(new)
    with pytest.raises(ModuleNotFoundError):
        import_module("fanloom.nothing_of_the_kind")
    with pytest.raises(AttributeError):
        _ = import_module("fanloom.graph").nothing_of_the_kind


def test_paths_in_users_files_stay_without_a_word() -> None:
    modules = "fanloom.server.app, fanloom.server.auth, fanloom.server.persistence, fanloom.errors, fanloom.settings"
    code = f"import warnings; warnings.filterwarnings('error', '.*has moved'); import {modules}"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (ran.returncode, "has moved" in ran.stderr) == (0, False), ran.stderr


@pytest.mark.slow
def test_a_project_made_by_the_version_before_passes_its_tests_and_runs(tmp_path: Path) -> None:
    with zipfile.ZipFile(PROJECT) as made:
        made.extractall(tmp_path)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("FANLOOM_", "PYTEST", "COV"))}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", *words], cwd=tmp_path, env=clean, capture_output=True, text=True, timeout=240
        )

    tested = run("pytest", "-q", "-p", "no:randomly", "tests/test_support_desk.py", "tests/test_faq_parallel.py")
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert "has moved to fanloom.runs.outcome" in tested.stdout
    ran = run("fanloom", "run", "faq_parallel", "--input", "examples/faq_parallel.json", "--json")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["faqs"]
