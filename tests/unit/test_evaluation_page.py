"""An evaluation as a page, and where it is kept: all that `--json` prints, no more than the settings allow."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from fanloom.cli import cli
from fanloom.errors import UserError
from fanloom.server.app import app
from fanloom.studio import kept_evaluations
from fanloom.studio.kept_evaluations import KeptEvaluations
from fanloom.studio.report_file import evaluation_page, read_evaluation, read_report
from tests.made_evaluations import made_evaluation
from tests.served_logs import KEYS

ANNA, _, STAFF = ({"x-api-key": key} for key in KEYS)
SECRET = "sk-012345678901234567890"
GRAPH = """
from typing_extensions import TypedDict
from langgraph.graph import START, StateGraph

class State(TypedDict):
    word: str
    answer: str

async def shout(state):
    if state["word"] == "boom":
        raise RuntimeError("it broke, at sk-012345678901234567890")
    return {"answer": state["word"].upper()}

loud = StateGraph(State).add_node("act", shout).add_edge(START, "act").compile()
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    module = f"paged_{abs(hash(tmp_path))}"
    (tmp_path / f"{module}.py").write_text(GRAPH)
    (tmp_path / "langgraph.json").write_text(json.dumps({"graphs": {"loud": f"{module}:loud"}}))
    lines = [{"word": "one", "answer": "ONE"}, {"word": "two", "answer": "two"}, {"word": "boom", "answer": SECRET}]
    (tmp_path / "words.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    judged = {"graph": "loud", "input": ["word"], "evaluators": [{"name": "exact", "field": "answer"}]}
    (tmp_path / "words.json").write_text(json.dumps(judged))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def evaluated(*args: str) -> Result:
    return CliRunner().invoke(cli, ["eval", "words.jsonl", *args])


def test_the_page_holds_what_is_printed(project: Path) -> None:
    done = evaluated("--json", "--page", "found.html", "--out", "kept")
    assert done.exit_code == 3, done.output
    printed = json.loads(done.stdout)
    assert read_evaluation(project / "found.html") == printed
    assert read_evaluation(project / "kept" / "evaluation.json") == printed
    page = (project / "found.html").read_text()
    assert "://" not in page.replace("http://www.w3.org/", "")
    assert "connect-src" not in page
    assert "found.html" in done.stderr
    with pytest.raises(UserError, match="is no report"):
        read_report(project / "found.html")


def test_a_page_that_has_no_folder_is_refused_before_anything_runs(project: Path) -> None:
    done = evaluated("--page", "no/such/found.html", "--out", "kept")
    assert done.exit_code == 2
    assert "there is no folder 'no/such'" in done.output
    assert not (project / "kept").exists()


@pytest.mark.parametrize("body", ["", "[]", "{}", "<p>", '{"candidates": 1}'])
@pytest.mark.parametrize("name", ["a.json", "a.html"])
def test_a_file_that_holds_no_evaluation_is_said(tmp_path: Path, name: str, body: str) -> None:
    (tmp_path / name).write_text(body)
    with pytest.raises(UserError, match=f"{name}'.*(no evaluation|cannot be read)"):
        read_evaluation(tmp_path / name)
    with pytest.raises(UserError, match="gone"):
        read_evaluation(tmp_path / f"gone-{name}")


@pytest.mark.parametrize(
    ("variables", "left_out"),
    [
        ({"FANLOOM_RUN_LOG": "all"}, ()),
        ({"FANLOOM_RUN_LOG": "facts"}, ("ONE", "it broke", "is 'TWO'")),
        ({"FANLOOM_RUN_LOG": "all", "FANLOOM_TRACE_REDACT": "outputs"}, ("ONE", "it broke")),
    ],
)
def test_it_is_kept_as_the_settings_say(
    project: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], left_out: tuple[str, ...]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    printed = json.loads(evaluated("--json").stdout)
    (file,) = (project / ".fanloom" / "evals").iterdir()
    text = file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    assert SECRET not in text
    assert [each for each in left_out if each in text] == []
    kept = KeptEvaluations(file.parent)
    [summary] = kept.all()
    assert (summary["dataset"], summary["items"], summary["candidates"], summary["failed"]) == ("words", 3, ["loud"], 1)
    found = kept.get(summary["id"])
    assert found
    assert found["candidates"][0]["figures"] == printed["candidates"][0]["figures"]
    if not left_out:
        assert found["candidates"][0]["results"][0] == printed["candidates"][0]["results"][0]


def test_nothing_is_kept_where_logs_are_off(project: Path) -> None:
    evaluated()
    assert not (project / ".fanloom").exists()


def test_a_folder_that_cannot_be_written_harms_no_evaluation(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANLOOM_RUN_LOG", "all")
    (project / ".fanloom").write_text("in the way")
    done = evaluated("--json")
    assert len(json.loads(done.stdout)["candidates"][0]["results"]) == 3
    assert "is not kept" in done.stderr


def test_the_newest_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_evaluations, "_MOST", 3)
    kept = KeptEvaluations(tmp_path)
    names = [kept.keep(made_evaluation(2, 1, f"data {number}")) for number in range(5)]
    (tmp_path / "9-half.jsonl").write_text('{"id": "9-ha')
    assert [each["id"] for each in kept.all()] == names[:-4:-1]
    assert kept.get(names[0]) is None
    assert kept.get("../kept") is None
    assert kept.get("9-half") is None


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    app.state.evaluations = KeptEvaluations(tmp_path)
    transport = httpx.ASGITransport(app=app, client=("127.0.0.1", 4000))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client
    del app.state.evaluations


async def listed(server: httpx.AsyncClient, **key: Any) -> Any:
    return (await server.get("/studio/api/evals", **key)).json()


async def test_evaluations_are_the_projects_and_no_customers(
    server: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluation = made_evaluation(3, 1)
    name = app.state.evaluations.keep(evaluation)
    assert [each["id"] for each in await listed(server)] == [name]
    monkeypatch.setenv("FANLOOM_API_KEYS", json.dumps(KEYS))
    path = f"/studio/api/evals/{name}"
    assert await listed(server, headers=ANNA) == []
    refused, missing = [await server.get(each, headers=ANNA) for each in (path, path.replace(name, "nothing"))]
    assert refused.status_code == missing.status_code == 404
    assert refused.text.replace(name, "nothing") == missing.text
    assert (await server.get(path)).status_code == 401
    assert (await server.get(path, headers=STAFF)).json() == json.loads(json.dumps(evaluation))
    assert len(await listed(server, headers=STAFF)) == 1


@pytest.mark.slow
def test_a_thousand_items_are_a_small_file() -> None:
    assert len(evaluation_page(made_evaluation(1000, 3))) < 1_000_000
