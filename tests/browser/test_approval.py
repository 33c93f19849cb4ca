"""The approval of the support desk in a real browser, by keyboard alone, against the server as users start it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from langgraph_sdk import get_sync_client

from fanloom.runlog.run_store import RunStore
from tests.browser.conftest import Page
from tests.browser.demo import run_of
from tests.browser.payloads import MADE_BY_PAYLOADS, PAYLOADS, as_shown
from tests.made_logs import SCHEMA, MadeLog
from tests.served_logs import small_run, write
from tests.served_logs import store as store
from tests.wire.provider import FakeProvider
from tests.wire.server.harness import DevServer

MESSAGE = "I want to return the {}, it is broken."


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevServer]:
    with (
        FakeProvider() as provider,
        DevServer(tmp_path_factory.mktemp("approval"), **provider.environment()) as running,
    ):
        yield running


def context_of(customer: str) -> dict[str, Any]:
    return {"customer_id": customer, "approve_returns_over": 10}


def waiting_thread(server: DevServer, customer: str, product: str) -> tuple[str, dict[str, Any]]:
    """Return a thread of the support desk that waits for a person, and what it asks."""
    with get_sync_client(url=server.url) as client:
        thread = client.threads.create()["thread_id"]
        query = {"query": MESSAGE.format(product)}
        result: Any = client.runs.wait(thread, "support_desk", input=query, context=context_of(customer))
        (question,) = result["__interrupt__"]
    return thread, question


def state_of(server: DevServer, thread: str) -> Any:
    with get_sync_client(url=server.url) as client:
        for _ in range(300):
            found = client.threads.get(thread)
            if found["status"] not in ("busy", "interrupted"):
                return client.threads.get_state(thread)["values"]
            time.sleep(0.1)
    raise AssertionError(found["status"])


def log_of(folder: Path, thread: str, question: dict[str, Any], run: str, customer: str) -> None:
    """Write the log of the thread's run where the server keeps its logs."""
    log = MadeLog(run, thread=thread, context=context_of(customer))
    plan = [{"task_id": "t1", "worker": "returns", "title": MESSAGE, "depends_on": []}]
    log.add(1, "plan.made", over="tasks", tasks=plan)
    value, schema = question["value"], question["response_schema"]
    log.add(2, "question.asked", id=question["id"], task="t1", value=value, response_schema=schema)
    log.add(3, "run.paused", questions=[question["id"]])
    store = RunStore(f"sqlite:///{folder}/.fanloom/runs.db")
    write(store, log.run())
    store.close()


@pytest.mark.slow
@pytest.mark.parametrize(("choice", "status"), [("approve", "done"), ("decline", "declined")])
def test_a_question_is_answered_by_keyboard_alone(browser: Any, server: DevServer, choice: str, status: str) -> None:
    customer, product = ("C-2002", "MegaShelf 9") if choice == "approve" else ("C-1001", "Blue Kettle")
    thread, question = waiting_thread(server, customer, product)
    log_of(server.folder, thread, question, choice, customer)
    context = browser.new_context()
    page = Page(context.new_page())
    page.page.goto(f"{server.url}/studio/runs/{choice}")
    page.page.get_by_role("button", name="Answer and go on").wait_for()
    assert page.page.locator(".question h2").inner_text().startswith("? ")
    page.page.keyboard.press("?")
    focused = page.page.locator(":focus")
    assert focused.get_attribute("type") == "radio"
    page.page.keyboard.press("Space")
    if choice == "decline":
        page.page.keyboard.press("ArrowDown")
    assert page.page.locator(".question input:checked").locator("..").inner_text().strip() == choice
    page.page.keyboard.press("Enter")
    page.page.get_by_role("button", name="sent").wait_for()
    assert state_of(server, thread)["outcomes"][0]["status"] == status
    assert page.wrong == []
    context.close()


@pytest.mark.slow
def test_an_answer_that_is_refused_is_told_beside_the_form(browser: Any, server: DevServer) -> None:
    question = {"id": "0" * 32, "value": {"question": "May it come back?"}, "response_schema": SCHEMA}
    log_of(server.folder, "00000000-0000-4000-8000-000000000000", question, "lost", "C-1001")
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{server.url}/studio/runs/lost")
    page.get_by_label("approve").check()
    page.get_by_role("button", name="Answer and go on").click()
    page.locator(".question .problem").wait_for()
    assert "not found" in page.locator(".question .problem").inner_text().lower()
    assert page.get_by_role("button", name="Answer and go on").is_enabled()
    context.close()


@pytest.mark.slow
def test_a_run_is_begun_by_the_form_of_its_schema(browser: Any, server: DevServer) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{server.url}/studio/new")
    page.get_by_role("link", name="support_router").click()
    page.get_by_role("heading", name="A new run of support_router").wait_for()
    page.get_by_label("query").fill("Where is my order?")
    page.get_by_text("As a command").click()
    assert "fanloom run support_router" in page.locator("pre").last.inner_text()
    with page.expect_request(lambda request: request.url.endswith("/runs") and request.method == "POST") as sent:
        page.get_by_role("button", name="Run").click()
    assert sent.value.post_data_json["input"] == {"query": "Where is my order?"}
    assert sent.value.response().status == 200
    context.close()


@pytest.mark.slow
def test_a_run_is_forked_from_a_checkpoint_with_an_edited_state(browser: Any, server: DevServer) -> None:
    thread, _ = waiting_thread(server, "C-1001", "Blue Kettle")
    run = run_of(server, thread)
    page = browser.new_context().new_page()
    page.goto(f"{server.url}/studio/runs/{run}")
    page.get_by_text("Fork from a checkpoint").click()
    page.get_by_role("button", name="Fork here, before plan tasks").click()
    page.get_by_label("query").fill("Where is my order A-12345?")
    page.get_by_role("button", name="Write query and run").click()
    page.wait_for_url(lambda url: not url.endswith(run))
    page.locator(".badge", has_text="finished").wait_for()
    assert state_of(server, thread)["query"] == "Where is my order A-12345?"
    forked = page.url.rpartition("/")[2]
    events = httpx.get(f"{server.url}/studio/api/runs/{forked}/events").text.splitlines()
    assert json.loads(events[0])["forks"] == run
    page.context.close()


def test_payloads_in_checkpoints_are_text(page: Page, address: str, store: RunStore) -> None:
    write(store, small_run("r1", "", ended=False, thread="t1"))
    values = {payload: payload for payload in PAYLOADS} | {"list": PAYLOADS, "deep": {"deep": PAYLOADS}}
    schema = {"properties": {name: {"title": name, "description": name, "type": "string"} for name in values}}
    place = {"checkpoint": {}, "next": PAYLOADS, "values": values, "created_at": "<img src=x onerror=alert(1)>"}
    answers = {
        "/info": {},
        "/threads/t1/history": [place],
        "/assistants/search": [{"assistant_id": "a"}],
        "/assistants/a/schemas": {"state_schema": {"type": "object", **schema}},
    }

    def given(route: Any) -> None:
        route.fulfill(json=answers[route.request.url.removeprefix(address)])

    for path in answers:
        page.page.route(f"{address}{path}", given)
    page.page.goto(f"{address}/studio/runs/r1")
    page.page.get_by_text("Fork from a checkpoint").click()
    page.page.get_by_role("button", name="Fork here, before").click()
    form = page.page.get_by_role("form", name="fork")
    said = form.inner_text()
    assert [each for each in PAYLOADS if as_shown(each) not in said] == []
    assert page.page.locator(f"#studio :is({MADE_BY_PAYLOADS})").count() == 0
    assert page.wrong == []
