"""Technical documentation, offline: from the task and what is known only."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from graphs.tech_docs import graph
from tests.orchestrator_writer import ENDPOINT


@pytest.mark.parametrize("sync", [False, True], ids=["async", "sync"])
async def test_the_authentication_endpoint(sync: bool) -> None:
    result = await asyncio.to_thread(graph.invoke, ENDPOINT) if sync else await graph.ainvoke(ENDPOINT)
    assert [one["type"] for one in result["worker_results"]] == ["overview", "technical", "tutorial"]
    assert result["failures"] == []
    for one in result["worker_results"]:
        for said in ("v2", "JWT", "OAuth2", "100 requests per minute"):
            assert said in one["result"]
    assert "`auth_methods`: `JWT`, `OAuth2`" in result["final"]
    assert "3. Choose among the auth methods: JWT or OAuth2." in result["final"]
    assert "Use API version v2." in result["final"]


async def run(task: str, known: Any) -> dict[str, Any]:
    result: dict[str, Any] = await graph.ainvoke({"task": task, "context": known}, context={"max_subtasks": 5})
    return result


@pytest.mark.parametrize(
    ("task", "kinds"),
    [
        ("Document the deploy tool (sections: setup, rollback and audit log)", ["setup", "rollback", "audit log"]),
        ("Write docs for the queue API with overview, tutorial and FAQ sections", ["overview", "tutorial", "FAQ"]),
        ("Write technical documentation for the queue", ["overview", "technical", "tutorial"]),
        ("Technical docs for the queue: a technical section and a FAQ", ["technical", "faq"]),
        ("Create a reference and a quickstart for the CLI", ["reference", "quickstart"]),
    ],
)
async def test_the_sections_that_the_task_names(task: str, kinds: list[str]) -> None:
    result = await run(task, {"owner": "team blue", "limits": {"calls": 5}, "beta": True})
    assert [one["type"] for one in result["worker_results"]] == kinds
    for one in result["worker_results"]:
        assert "team blue" in one["result"]
        assert "5" in one["result"]


async def test_a_summary_builds_on_the_other_sections() -> None:
    result = await run(
        "Write docs for the queue API with overview, technical and summary sections", {"api_version": "v9"}
    )
    *_, summary = result["worker_results"]
    assert summary["type"] == "summary"
    assert "- overview: Overview of the queue API." in summary["result"]


async def test_nothing_is_made_up_where_nothing_is_known() -> None:
    result = await run("Document the scheduler", {})
    assert [one["type"] for one in result["worker_results"]] == ["overview", "technical", "tutorial"]
    assert all("the scheduler" in one["result"].lower() for one in result["worker_results"])


SECTIONS = "Document the deploy API: overview, configuration, tutorial, troubleshooting and FAQ sections"
KNOWN = {
    "api_version": "v2",
    "auth_methods": ["JWT", "OAuth2"],
    "routes": [{"path": "/login", "method": "POST"}, {"path": "/logout", "method": "POST"}],
    "base_url": "https://api.example.com",
    "stable": True,
}


async def test_each_section_says_it_as_its_readers_need_it() -> None:
    result = await run(SECTIONS, KNOWN)
    texts = {one["type"]: one["result"] for one in result["worker_results"]}
    for kind, said in {
        "overview": "- **Auth methods**: JWT and OAuth2",
        "configuration": "- `routes`: path: /login, method: POST; path: /logout, method: POST\n",
        "tutorial": "Choose among the routes: path: /login, method: POST or path: /logout, method: POST.",
        "troubleshooting": "- **Auth methods**: JWT and OAuth2\n",
        "FAQ": "- **API version**: v2\n",
    }.items():
        assert said in texts[kind]
