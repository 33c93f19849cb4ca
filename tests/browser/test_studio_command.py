"""`fanloom studio` by itself, as users start it: it answers and forks the threads that `fanloom run` keeps."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fanloom.runlog.fanrun import write_fanrun
from fanloom.studio.kept_evaluations import KeptEvaluations
from tests.browser.conftest import Page
from tests.made_evaluations import made_evaluation
from tests.made_logs import support_run
from tests.served_logs import KEYS

ROOT = Path(__file__).parents[2]
Starts = Callable[..., str]
RUN = [
    *("run", "support_desk", "--query", "I want to return the Blue Kettle, it is broken.", "--thread", "kettle", "-q"),
    *("--model", "offline", "--set", "customer_id=C-1001", "--set", "approve_returns_over=10"),
]


@pytest.fixture
def fanloom(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Return what starts a command over the graphs of this project, whose threads and logs are kept apart."""

    def started(*words: str, **variables: str) -> subprocess.Popen[str]:
        known = {name: value for name, value in os.environ.items() if not name.startswith("FANLOOM_")}
        given = {**known, "FANLOOM_HOME": str(tmp_path), "LANGSMITH_TRACING": "false", **variables}
        command = [sys.executable, "-m", "fanloom", "-C", str(ROOT), *words]
        return subprocess.Popen(
            command, cwd=ROOT, env=given, text=True, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
        )

    return started


@pytest.fixture
def studio(fanloom: Any) -> Iterator[Starts]:
    """Return what starts the studio and tells its address."""
    running: list[subprocess.Popen[str]] = []

    def started(*files: str, **variables: str) -> str:
        running.append(fanloom("studio", *files, "--port", "0", **variables))
        said = ""
        for line in running[-1].stderr:
            said += line
            if found := re.search(r"http://\S+(?=/studio;)", line):
                return found[0]
        raise AssertionError(said)

    yield started
    for each in running:
        each.terminate()
        each.communicate(timeout=30)


def acts(address: str, **headers: str) -> bool:
    return httpx.get(f"{address}/info", headers=headers).status_code == 200


def waiting_run(fanloom: Any, address: str) -> dict[str, Any]:
    """Return the logged run of a thread that waits for a person."""
    _, said = (waits := fanloom(*RUN)).communicate(timeout=60)
    assert waits.returncode == 3, said
    [run] = httpx.get(f"{address}/studio/api/runs").json()
    assert (run["thread"], run["status"]) == ("kettle", "waiting")
    return dict(run)


def test_a_thread_is_forked_and_answered_without_another_server(page: Page, fanloom: Any, studio: Starts) -> None:
    address = studio()
    run = waiting_run(fanloom, address)
    page.page.goto(f"{address}/studio/runs/{run['run']}")
    page.page.get_by_text("Fork from a checkpoint").click()
    page.page.get_by_role("button", name="Fork here, before plan tasks").click()
    page.page.get_by_label("query").fill("I want to return the SuperWidget 5000, it is broken.")
    page.page.get_by_role("button", name="Write query and run").click()
    page.page.wait_for_url(lambda url: not url.endswith(run["run"]))
    forked = page.page.url.rpartition("/")[2]
    page.page.get_by_role("button", name="Answer and go on").wait_for()
    page.page.keyboard.press("?")
    page.page.keyboard.press("Space")
    page.page.keyboard.press("Enter")
    page.page.locator(".badge", has_text="finished").wait_for(timeout=30_000)
    events = [json.loads(line) for line in httpx.get(f"{address}/studio/api/runs/{forked}/events").text.splitlines()]
    assert (events[0]["forks"], events[-1]["status"]) == (run["run"], "done")
    assert [event["status"] for event in events if event["type"] == "outcome"] == ["done"]
    assert [wrong for wrong in page.wrong if "404" not in wrong] == []


def test_no_page_of_another_site_may_ask(studio: Starts) -> None:
    address = studio()
    asked = [
        httpx.post(f"{address}/threads", json={}, headers={"origin": each}) for each in (address, "http://a.example")
    ]
    assert [answer.status_code for answer in asked] == [200, 403]
    refused = httpx.post(
        f"{address}/threads/t/runs", json={"assistant_id": "faq_chain", "input": {}, "context": {"width": 1}}
    )
    assert refused.status_code == 422, refused.text
    assert "width" in refused.json()["detail"]
    assert httpx.post(f"{address}/threads/none/history", json={}).status_code == 404
    assert httpx.post(f"{address}/threads/t/runs", json={"assistant_id": "none"}).status_code == 404


def test_files_and_threads_of_those_who_have_keys_are_only_shown(page: Page, studio: Starts, tmp_path: Path) -> None:
    write_fanrun(support_run(answered=False), tmp_path / "a.fanrun")
    address = studio(str(tmp_path / "a.fanrun"))
    assert not acts(address)
    page.page.goto(f"{address}/studio")
    page.page.get_by_role("link", name="support_desk").first.click()
    # The page says where it can be done.
    page.page.get_by_text("A run can be forked where its graph").wait_for()
    assert page.page.get_by_text("Fork from a checkpoint").count() == 0
    assert not acts(studio(FANLOOM_API_KEYS=json.dumps(KEYS)), **{"x-api-key": next(iter(KEYS))})


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_where_somebody_acts(
    browser: Any, fanloom: Any, studio: Starts, axe: str, tmp_path: Path, scheme: str
) -> None:
    KeptEvaluations(tmp_path / ".fanloom" / "evals").keep(made_evaluation(5, 2))
    address = studio()
    run, ids = waiting_run(fanloom, address)["run"], httpx.get(f"{address}/studio/api/evals").json()
    page = browser.new_context(bypass_csp=True, color_scheme=scheme).new_page()
    found: dict[str, list[Any]] = {}

    def look(where: str) -> None:
        page.evaluate(axe)
        bad = page.evaluate("axe.run().then((found) => found.violations)")
        found[where] = [(each["id"], node["html"][:160]) for each in bad for node in each["nodes"]]

    page.goto(f"{address}/studio/runs/{run}")
    page.get_by_role("button", name="Answer and go on").wait_for()
    look("a question")
    page.route("**/runs", lambda route: route.fulfill(status=422, json={"detail": "decision: not now"}))
    page.get_by_label("approve").check()
    page.get_by_role("button", name="Answer and go on").click()
    page.get_by_text("not now").first.wait_for()
    look("an answer that is refused")
    page.get_by_text("Fork from a checkpoint").click()
    page.get_by_role("button", name="Fork here, before plan tasks").wait_for()
    look("the checkpoints")
    page.get_by_role("button", name="Fork here, before plan tasks").click()
    page.get_by_label("query").fill("Where is my order A-12345?")
    look("a state that is edited")
    page.get_by_role("button", name="Write query and run").click()
    page.get_by_text("not now").last.wait_for()
    look("a fork that is refused")
    page.unroute("**/runs")
    page.reload()
    page.get_by_label("approve").check()
    page.get_by_role("button", name="Answer and go on").click()
    page.locator(".badge", has_text="finished").wait_for(timeout=30_000)
    look("a question that is answered")
    page.goto(f"{address}/studio/new")
    page.get_by_role("link", name="support_router").wait_for()
    look("the graphs")
    page.get_by_role("link", name="support_router").click()
    page.get_by_text("Context", exact=True).click()
    page.get_by_text("As a command").click()
    look("a new run")
    page.goto(f"{address}/studio/evals")
    page.get_by_role("link", name="refund").wait_for()
    look("the evaluations")
    page.goto(f"{address}/studio/evals/{ids[0]['id']}")
    page.get_by_role("button", name="line 1", exact=True).click()
    look("an evaluation")
    page.goto(f"{address}/studio/compare?a={run}&b={run}")
    page.get_by_role("heading", name="Two runs").wait_for()
    page.locator("table").last.get_by_role("button").first.click()
    look("two runs")
    page.context.close()
    assert {where: bad for where, bad in found.items() if bad} == {}
    assert len(found) == 11
