"""What the studio's pages ask the server for: each caller sees what is theirs, and the pages hold nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from socket import create_server, socket
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from fanloom.cli import cli
from fanloom.runlog.fanrun import write_fanrun
from fanloom.runlog.run_store import RunStore
from fanloom.server.app import app
from fanloom.studio import following
from fanloom.studio.pages import OPEN_PAGES
from fanloom.studio.report_file import evaluation_page, read_report, report_page
from tests.made_evaluations import made_evaluation
from tests.made_logs import support_run
from tests.served_logs import KEYS, SECRET_TEXT, small_run, write
from tests.served_logs import store as store

ANNA, BERTA, STAFF = ({"x-api-key": key} for key in KEYS)


@pytest.fixture
async def server(store: RunStore) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app, client=("127.0.0.1", 4000))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANLOOM_API_KEYS", json.dumps(KEYS))


async def test_a_run_is_listed_and_given_event_by_event(server: httpx.AsyncClient, store: RunStore) -> None:
    run = support_run()
    write(store, run)
    [listed] = (await server.get("/studio/api/runs")).json()
    assert (listed["graph"], listed["status"], listed["outcomes"]["failed"]) == ("support_desk", "done", 1)
    path = f"/studio/api/runs/{listed['run']}"
    assert (await server.get(path)).json() == listed
    events = [json.loads(line) for line in (await server.get(f"{path}/events")).text.splitlines()]
    assert events == run.events
    later = (await server.get(f"{path}/events", params={"after": 100})).text.splitlines()
    assert [json.loads(line)["seq"] for line in later] == [event["seq"] for event in run.events if event["seq"] > 100]
    content = await server.get(f"{path}/blocks/{run.events[0]['input']}")
    assert content.text == run.contents[run.events[0]["input"]]
    assert content.headers["content-type"].startswith("text/plain")
    assert content.headers["x-content-type-options"] == "nosniff"


async def test_a_report_is_saved_and_not_shown(server: httpx.AsyncClient, store: RunStore, tmp_path: Path) -> None:
    write(store, support_run())
    given = await server.get("/studio/api/runs/01a2249b/report", params={"redact": "all"})
    assert given.headers["content-disposition"].startswith("attachment")
    assert "frame-ancestors 'none'" in given.headers["content-security-policy"]
    (tmp_path / "a.html").write_text(given.text)
    assert read_report(tmp_path / "a.html").contents == {}


@pytest.mark.parametrize(
    ("where", "status"),
    [
        ("runs/nobody", 404),
        ("runs/01a2249b/blocks/00", 404),
        ("runs?limit=9999", 422),
        ("runs/01a2249b/report?redact=x", 422),
        ("runs/01a2249b/events?after=-1", 422),
    ],
)
async def test_what_is_not_there_is_said(server: httpx.AsyncClient, store: RunStore, where: str, status: int) -> None:
    write(store, support_run())
    assert (await server.get(f"/studio/api/{where}")).status_code == status


@pytest.mark.usefixtures("keys")
async def test_a_user_sees_nothing_of_another(server: httpx.AsyncClient, store: RunStore) -> None:
    run = small_run("of-anna", "anna")
    write(store, run)
    write(store, small_run("of-berta", "berta"))
    paths = ["", "/events", f"/blocks/{run.events[0]['input']}", "/report"]
    for path in paths:
        where = f"/studio/api/runs/of-anna{path}"
        assert (await server.get(where, headers=ANNA)).status_code == 200
        assert (await server.get(where, headers=STAFF)).status_code == 200
        refused = await server.get(where, headers=BERTA)
        missing = await server.get(where.replace("of-anna", "of-nobody"), headers=BERTA)
        assert refused.status_code == missing.status_code == 404
        assert refused.text.replace("of-anna", "of-nobody") == missing.text
        assert (await server.get(where)).status_code == 401
        streamed = await server.get(where, headers={**BERTA, "accept": "text/event-stream"})
        assert streamed.status_code == 404
    listed = [(await server.get("/studio/api/runs", headers=key)).json() for key in (ANNA, BERTA, STAFF)]
    assert [[run["run"] for run in runs] for runs in listed][:2] == [["of-anna"], ["of-berta"]]
    assert len(listed[2]) == 2
    # A content of the same text is given to those whose run names it, and through that run only.
    own = f"/studio/api/runs/of-berta/blocks/{run.events[0]['input']}"
    assert (await server.get(own, headers=BERTA)).status_code == 200


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    "page", [*OPEN_PAGES, "/studio/runs/of-anna", "/studio/new/faq_parallel", "/studio/evals/1-faq"]
)
async def test_the_pages_are_open_hold_nothing_and_stand_in_no_frame(
    server: httpx.AsyncClient, store: RunStore, page: str
) -> None:
    write(store, small_run("of-anna", "anna"))
    given = await server.get(page)
    assert given.status_code == 200
    assert SECRET_TEXT not in given.text
    assert "anna" not in given.text
    policy = given.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert given.headers["referrer-policy"] == "no-referrer"


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    "page",
    [
        "/studio/api/runs",
        "/studio/api/evals",
        "/studio/../studio/api/runs",
        "/studio/runs/../api/runs",
        "/studio/other.js",
    ],
)
async def test_all_else_asks_for_a_key(server: httpx.AsyncClient, page: str) -> None:
    assert (await server.get(page)).status_code == 401


async def test_who_may_answer_is_said(server: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    async def told(key: str = "") -> tuple[str, bool]:
        given = (await server.get("/studio/api/answers", headers={"x-api-key": key} if key else {})).json()
        return given["who"], given["may"]

    assert await told() == ("whoever reaches this server may answer", True)
    monkeypatch.setenv("FANLOOM_API_KEYS", json.dumps(KEYS))
    anna, _, staff = KEYS
    assert [await told(key) for key in (anna, staff)] == [("staff may answer", False), ("staff may answer", True)]
    monkeypatch.setenv("FANLOOM_API_KEYS", json.dumps({anna: KEYS[anna]}))
    assert await told(anna) == ("whoever's thread it is may answer", True)
    assert (await server.get("/studio/api/answers")).status_code == 401


@pytest.mark.parametrize("headers", [{"host": "evil.invalid"}, {"origin": "https://evil.invalid"}])
async def test_without_keys_no_other_site_reads_a_run(
    server: httpx.AsyncClient, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGGRAPH_HTTP", '{"cors": {"allow_origins": ["https://good.invalid"]}}')
    assert (await server.get("/studio/api/runs", headers=headers)).status_code == 403


def messages(text: str) -> list[tuple[int, list[dict[str, Any]]]]:
    found = []
    for part in text.split("\n\n"):
        lines = part.splitlines()
        if lines and lines[0].startswith("id: "):
            found.append((int(lines[0][4:]), [json.loads(line[6:]) for line in lines[1:]]))
    return found


async def test_a_stream_goes_on_until_the_end_and_is_taken_up_where_it_broke(
    server: httpx.AsyncClient, store: RunStore
) -> None:
    run = support_run()
    write(store, run, run.events[:20])
    where = "/studio/api/runs/01a2249b/events"

    async def rest() -> None:
        for first in range(20, len(run.events), 25):
            await asyncio.sleep(0.15)
            await asyncio.to_thread(write, store, run, run.events[first : first + 25])

    stream = server.get(where, headers={"accept": "text/event-stream"})
    given, _ = await asyncio.gather(stream, rest())
    found = messages(given.text)
    assert [event for _, events in found for event in events] == run.events
    assert all(number == events[-1]["seq"] for number, events in found)
    assert len(found) > 2
    assert given.text.endswith("event: end\ndata: \n\n")
    broken_at = found[1][0]
    again = await server.get(where, headers={"accept": "text/event-stream", "last-event-id": str(broken_at)})
    assert [e for _, events in messages(again.text) for e in events] == [e for e in run.events if e["seq"] > broken_at]


async def test_a_stream_that_has_nothing_to_say_says_that_it_is_still_there(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_HEARTBEAT_S", 0.0)
    run = small_run("a", "anna", ended=False)
    write(store, run)
    stream = following.follow(store, "a", 0)
    assert (await anext(stream)).startswith(b"id: ")
    assert await anext(stream) == b": still here\n\n"
    await stream.aclose()
    assert not following._followed


async def test_only_so_many_are_followed_at_once(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_MOST_FOLLOWED", 1)
    write(store, small_run("a", "anna", ended=False))
    first, second = following.follow(store, "a", 0), following.follow(store, "a", 0)
    await anext(first)
    assert b"too many" in await anext(second)
    await first.aclose()


def test_the_studio_says_where_it_is_and_reads_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[Any] = []

    async def serve(self: Any, sockets: list[socket]) -> None:
        state = self.config.app.state
        evaluations = [each["items"] for each in state.evaluations.all()]
        served.append((sockets[0].getsockname(), [each.graph for each in state.logs.runs()], evaluations))

    monkeypatch.setattr("uvicorn.Server.serve", serve)
    # The command sets it, for its own process.
    monkeypatch.setenv("LANGGRAPH_HTTP", "{}")
    files = [tmp_path / name for name in ("a.fanrun", "b.html", "c.json", "d.html")]
    write_fanrun(support_run(), files[0])
    files[1].write_text(report_page(support_run()), encoding="utf-8")
    files[2].write_text(json.dumps(made_evaluation(2, 1)), encoding="utf-8")
    files[3].write_text(evaluation_page(made_evaluation(3, 1)), encoding="utf-8")
    ran = CliRunner().invoke(cli, ["studio", "--port", "0", *map(str, files)])
    assert ran.exit_code == 0, ran.output
    ((place, graphs, evaluations),) = served
    assert (place[0], graphs, evaluations) == ("127.0.0.1", ["support_desk", "support_desk"], [3, 2])
    assert f"http://127.0.0.1:{place[1]}/studio" in ran.output
    assert "default: 2026" in CliRunner().invoke(cli, ["studio", "--help"]).output
    del app.state.logs, app.state.evaluations


def test_the_studio_is_nowhere_where_its_port_is_taken(tmp_path: Path) -> None:
    write_fanrun(support_run(), tmp_path / "a.fanrun")
    with create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = CliRunner().invoke(cli, ["studio", "--port", str(port), str(tmp_path / "a.fanrun")])
    del app.state.logs, app.state.evaluations
    assert ran.exit_code == 2
    assert f"port {port} cannot be had: Address already in use. Choose another one with --port." in ran.output
    assert "The studio is at" not in ran.output
