"""What the studio by itself answers for the threads of a project: one run of a thread at a time, and none is kept."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, TypedDict

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph

from fanloom.cli.here.thread_routes import ThreadRoutes


class State(TypedDict, total=False):
    """A text that is answered."""

    text: str


@pytest.fixture
def go_on() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
def routes(go_on: asyncio.Event) -> ThreadRoutes:
    async def answer(state: State) -> State:
        await go_on.wait()
        if state["text"] == "bad":
            raise ValueError("bad")
        return {"text": "answered"}

    builder = StateGraph(State)
    builder.add_node("answer", answer)
    builder.add_edge(START, "answer")
    builder.add_edge("answer", END)
    graph = builder.compile(InMemorySaver(), name="one")
    known: Any = SimpleNamespace(name="one", graph=graph, input_schema={}, context_schema=None)

    async def graph_of(thread: str) -> str | None:
        return "one" if thread == "t" else None

    return ThreadRoutes({"one": known}, graph_of)


@pytest.fixture
def client(routes: ThreadRoutes) -> AsyncClient:
    routes.add_to(app := FastAPI())
    return AsyncClient(transport=ASGITransport(app), base_url="http://127.0.0.1")


async def until_ended(routes: ThreadRoutes) -> None:
    await asyncio.wait(list(routes._running.values()), timeout=20)
    # What is done when a task has ended comes after whoever waits for it.
    await asyncio.sleep(0)


async def test_a_thread_runs_once_at_a_time_and_again_when_it_has_ended(
    routes: ThreadRoutes, client: AsyncClient, go_on: asyncio.Event
) -> None:
    asked = {"assistant_id": "one", "input": {"text": "?"}}
    assert (await client.post("/threads/t/runs", json=asked)).status_code == 200
    refused = await client.post("/threads/t/runs", json=asked)
    assert (refused.status_code, refused.json()["detail"]) == (409, "thread 't' is running; wait until it has ended")
    go_on.set()
    await until_ended(routes)
    assert (await client.post("/threads/t/runs", json=asked)).status_code == 200
    await until_ended(routes)
    states = (await client.post("/threads/t/history", json={})).json()
    assert states[0]["values"] == {"text": "answered"}


@pytest.mark.parametrize("text", ["good", "bad"])
async def test_nothing_is_kept_of_a_run_that_has_ended(
    routes: ThreadRoutes, client: AsyncClient, go_on: asyncio.Event, text: str
) -> None:
    await client.post("/threads/t/runs", json={"assistant_id": "one", "input": {"text": text}})
    go_on.set()
    await until_ended(routes)
    assert routes._running == {}


@pytest.mark.parametrize("asked", [{}, {"assistant_id": None}, {"assistant_id": ["one"]}, {"assistant_id": "two"}])
async def test_a_graph_that_there_is_not_is_named(client: AsyncClient, asked: dict[str, Any]) -> None:
    refused = await client.post("/threads/t/runs", json=asked)
    assert refused.status_code == 404
    assert "this project has no graph" in refused.json()["detail"]
