"""Two instances of Aegra: one that is killed loses nothing, and no road leads around what a key says."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.wire.provider import FakeProvider
from tests.wire.server.aegra import AegraServer, aegra_python
from tests.wire.server.conftest import ALICE, BOB, CAROL, OWNERS
from tests.wire.server.harness import ROOT, until

pytestmark = pytest.mark.aegra

_RUNS = 20
LIMITED = json.dumps({**OWNERS, BOB: {**OWNERS[BOB], "context": {"approve_returns_over": 10}}})
RETURN = {"query": "I want to return the MegaShelf 9, it is broken."}
QUERY = {"query": "How do I change my password?"}
GENEROUS = {"approve_returns_over": 1_000_000}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, provider: FakeProvider) -> Iterator[AegraServer]:
    with AegraServer(tmp_path_factory.mktemp("served"), **provider.environment(), FANLOOM_API_KEYS=LIMITED) as running:
        yield running


@pytest.fixture
async def bob(served: AegraServer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=served.url, headers={"x-api-key": BOB}, timeout=60) as http:
        yield http


ORDERS = '''
"""Send the parcels of an order, each once; those that are held back wait until the file `hold` is gone."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from langgraph.graph import END, START

from fanloom import RunState, StateGraph, add_fan_out, effect_key, new_run

HERE = Path(__file__).parent


class State(RunState, total=False):
    parcels: list[str]


def write(statement, *values):
    with closing(sqlite3.connect(HERE / "parcels.db", timeout=30)) as database, database:
        database.execute(statement, values)


async def send(task, runtime):
    await asyncio.to_thread(write, "INSERT INTO attempts VALUES (?)", task["item"])
    while task["item"].endswith("held") and await asyncio.to_thread((HERE / "hold").exists):
        await asyncio.sleep(0.05)
    key = await effect_key(runtime)
    await asyncio.to_thread(write, "INSERT OR IGNORE INTO sent VALUES (?, ?)", key, task["item"])
    return {"sent": task["item"]}


graph = StateGraph(State)
graph.add_node("begin", lambda state: new_run())
graph.add_node("end", lambda state: {})
graph.add_edge(START, "begin")
add_fan_out(graph, "begin", over="parcels", worker="send", action=send, join="end")
graph.add_edge("end", END)
'''


class Parcels(AegraServer):
    """Two instances that serve the orders, of which all parcels are held back that say so."""

    config = json.dumps({"dependencies": ["."], "graphs": {"orders": "orders:graph"}})

    def count(self, table: str) -> dict[str, int]:
        """Return how often each parcel stands in a table."""
        with closing(sqlite3.connect(self.folder / "parcels.db", timeout=30)) as database:
            return dict(database.execute(f"SELECT parcel, COUNT(*) FROM {table} GROUP BY parcel"))


@pytest.fixture
def parcels(tmp_path: Path) -> Iterator[Parcels]:
    (tmp_path / "orders.py").write_text(ORDERS)
    (tmp_path / "hold").touch()
    with closing(sqlite3.connect(tmp_path / "parcels.db")) as database:
        database.executescript("CREATE TABLE attempts (parcel); CREATE TABLE sent (key PRIMARY KEY, parcel)")
    with Parcels(tmp_path) as running:
        yield running


async def test_an_instance_that_is_killed_in_fan_outs_loses_no_run_and_doubles_no_effect(parcels: Parcels) -> None:
    first, second = parcels.instances
    async with parcels.client() as client:
        threads = [(await client.threads.create())["thread_id"] for _ in range(_RUNS)]
        given: list[Any] = [{"parcels": [f"{n}-a", f"{n}-b", f"{n}-held"]} for n in range(_RUNS)]
        begun = (client.runs.create(thread, "orders", input=each) for thread, each in zip(threads, given, strict=True))
        runs = [run["run_id"] for run in await asyncio.gather(*begun)]

        async def all_are_in_the_middle() -> bool:
            if len(parcels.count("attempts")) < 3 * _RUNS:
                return False
            states: Any = await asyncio.gather(*(client.threads.get_state(thread) for thread in threads))
            return all(sum(bool(task["result"]) for task in state["tasks"]) == 2 for state in states)

        await until(all_are_in_the_middle)
    shares = parcels.ask("SELECT claimed_by, COUNT(*) FROM runs WHERE status = 'running' GROUP BY claimed_by")
    lost = sum(count for worker, count in shares if f"-{first}-" in worker)
    assert (sum(count for _, count in shares), 0 < lost < _RUNS) == (_RUNS, True)
    os.kill(first, signal.SIGKILL)
    (parcels.folder / "hold").unlink()

    async def have_ended() -> bool:
        # A new client: the connection of the last one may have been to the instance that was killed.
        async with parcels.client() as client:
            ended: Any = await asyncio.gather(*map(client.runs.get, threads, runs), return_exceptions=True)
        return all(isinstance(run, dict) and run["status"] == "success" for run in ended)

    await until(have_ended)
    every = {parcel: 1 for each in given for parcel in each["parcels"]}
    assert parcels.count("sent") == every
    # What had finished did not run again; what the killed one had in hand did, once.
    attempts = parcels.count("attempts")
    again = {parcel: count for parcel, count in attempts.items() if count != 1}
    assert again.keys() <= {parcel for parcel in every if parcel.endswith("held")}
    assert (len(again), set(again.values())) == (lost, {2})
    async with parcels.client() as client:
        states: Any = await asyncio.gather(*(client.threads.get_state(thread) for thread in threads))
    ends = [[outcome["status"] for outcome in state["values"]["outcomes"]] for state in states]
    assert ends == [["done"] * 3] * _RUNS

    async def another_serves() -> bool:
        return len(parcels.instances) == 3

    await until(another_serves)
    assert parcels.instances[1] == second
    assert f"Instance {first} was killed; another one takes its place." in parcels.log
    print(f"{_RUNS} runs, {lost} of them on the instance that was killed")


def test_instances_are_forked_from_a_process_without_threads_and_without_a_name() -> None:
    program = (
        "import sys, threading, fanloom.server.aegra.aegra_preload\n"
        "print(threading.active_count(), 'aegra_api.services.executor' in sys.modules)"
    )
    variables = {**os.environ, "REDIS_BROKER_ENABLED": "true", "LOG_LEVEL": "ERROR"}
    done = subprocess.run(
        [aegra_python(), "-c", program], env=variables, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines()[-1] == "1 False"


async def asks(bob: httpx.AsyncClient, thread: str) -> bool:
    """Wait for the end of a thread's run, and tell whether it asks a person."""

    async def has_ended() -> bool:
        return (await bob.get(f"/threads/{thread}")).json()["status"] != "busy"

    await until(has_ended)
    return bool((await bob.get(f"/threads/{thread}/state")).json()["interrupts"])


RUN: dict[str, Any] = {"assistant_id": "support_desk", "input": RETURN}
ROADS: list[dict[str, Any]] = [
    RUN,
    {**RUN, "context": GENEROUS},
    {**RUN, "config": {"configurable": GENEROUS}},
    {**RUN, "config": {"configurable": GENEROUS}, "context": {"max_tasks": 9}},
    {**RUN, "context": None, "config": None},
]


async def test_what_a_key_says_of_the_context_holds_on_every_road(bob: httpx.AsyncClient) -> None:
    made = (await bob.post("/assistants", json={"graph_id": "support_desk", "context": GENEROUS})).json()
    roads = [*ROADS, {**RUN, "assistant_id": made["assistant_id"]}]
    for ending, run in [("runs", run) for run in roads] + [("runs/wait", roads[1]), ("runs/stream", roads[2])]:
        thread = (await bob.post("/threads", json={})).json()["thread_id"]
        assert (await bob.post(f"/threads/{thread}/{ending}", json=run)).status_code == 200
        assert await asks(bob, thread), (ending, run)
        decline = {"assistant_id": "support_desk", "command": {"resume": {"decision": "decline"}}}
        await bob.post(f"/threads/{thread}/runs/wait", json=decline)
    for path in ("/runs/wait", "/runs/stream"):
        assert "RMA-" not in (await bob.post(path, json=roads[1])).text


async def test_a_command_cannot_hold_what_a_key_says_and_is_refused(
    served: AegraServer, bob: httpx.AsyncClient
) -> None:
    thread = (await bob.post("/threads", json={})).json()["thread_id"]
    for disguise in ({}, {"kwargs": {}}, {"assistant_id": "support_desk", "context": {}}):
        command = {"id": 1, "method": "run.start", "params": {**RUN, "context": GENEROUS}, **disguise}
        answer = await bob.post(f"/threads/{thread}/commands", json=command)
        assert (answer.status_code, "/runs instead" in answer.text) == (403, True)
    # A key without a context of its own may, but not for somebody else.
    async with httpx.AsyncClient(base_url=served.url, headers={"x-api-key": CAROL}, timeout=60) as carol:
        start: Any = {"id": 1, "method": "run.start", "params": {"assistant_id": "support_router", "input": QUERY}}
        forged = {**start, "params": {**start["params"], "config": {"metadata": {"owner": "bob"}}}}
        assert (await carol.post("/threads/carols/commands", json=forged)).status_code == 403
        assert (await carol.post("/threads/carols/commands", json=start)).json()["type"] == "success"


PRIVATE: list[dict[str, Any]] = [
    {"context": {"max_taskz": 3}},
    {"config": {"configurable": {"__pregel_resume_map": {"x": 1}}}},
    {"config": {"callbacks": []}},
    {"context": {"model": "replay:/etc/passwd"}},
    {"checkpoint": {"__pregel_resume_map": {"x": 1}}},
]


@pytest.mark.parametrize("said", PRIVATE)
async def test_what_no_caller_may_say_is_refused_not_dropped(bob: httpx.AsyncClient, said: dict[str, Any]) -> None:
    run = {"assistant_id": "support_router", "input": QUERY, **said}
    thread = (await bob.post("/threads", json={})).json()["thread_id"]
    paths = ("/runs", "/runs/wait", "/runs/stream", f"/threads/{thread}/runs", f"/threads/{thread}/runs/stream")
    answers = {path: (await bob.post(path, json=run)).status_code for path in paths}
    command = {"id": 1, "method": "run.start", "params": run}
    answers["commands"] = (await bob.post(f"/threads/{thread}/commands", json=command)).status_code
    assert set(answers.values()) == {403}, answers


@pytest.mark.parametrize("odd", [[], "x", 1, {"configurable": []}, {"configurable": "x"}])
async def test_what_is_no_object_breaks_nothing(bob: httpx.AsyncClient, odd: Any) -> None:
    thread = (await bob.post("/threads", json={})).json()["thread_id"]
    run = {"assistant_id": "support_router", "input": QUERY, "config": odd}
    answers = [await bob.post("/runs/wait", json=run)]
    for params in (run, odd):
        body = {"id": 1, "method": "run.start", "params": params}
        answers.append(await bob.post(f"/threads/{thread}/commands", json=body))
    answers.append(await bob.post(f"/threads/{thread}/state", json={"values": {}, "metadata": odd}))
    assert all(answer.status_code < 500 for answer in answers), [(each.status_code, each.text) for each in answers]


async def test_who_has_a_key_makes_no_cron(bob: httpx.AsyncClient) -> None:
    thread = (await bob.post("/threads", json={})).json()["thread_id"]
    cron = {"assistant_id": "support_router", "schedule": "0 0 1 1 *", "input": QUERY}
    for path in ("/runs/crons", f"/threads/{thread}/runs/crons"):
        answer = await bob.post(path, json=cron)
        assert (answer.status_code, "cron" in answer.text) == (403, True)
    assert (await bob.post("/runs/crons/search", json={})).json() == []


@pytest.mark.parametrize("path", ["/health", "/ready", "/live", "/healthz"])
async def test_probes_need_no_key(served: AegraServer, path: str) -> None:
    async with httpx.AsyncClient(base_url=served.url) as http:
        # Even from elsewhere.
        assert (await http.get(path, headers={"x-forwarded-for": "203.0.113.9"})).status_code == 200


async def test_runs_are_shown_in_the_studio_to_their_users_only(served: AegraServer, bob: httpx.AsyncClient) -> None:
    thread = (await bob.post("/threads", json={})).json()["thread_id"]
    claims = {"config": {"metadata": {"owner": "alice@example.com"}}}
    await bob.post(f"/threads/{thread}/runs/wait", json={"assistant_id": "support_router", "input": QUERY, **claims})

    async def is_shown() -> Any:
        return (await bob.get("/studio/api/runs", params={"thread": thread})).json()

    (run,) = await until(is_shown)
    assert (await bob.get("/studio")).status_code == 200
    async with httpx.AsyncClient(base_url=served.url, headers={"x-api-key": ALICE}) as alice:
        assert (await alice.get("/studio/api/runs", params={"thread": thread})).json() == []
        assert (await alice.get(f"/studio/api/runs/{run['run']}")).status_code == 404
        assert (await alice.get("/studio/api/runs")).status_code == 200
    async with httpx.AsyncClient(base_url=served.url) as nobody:
        assert (await nobody.get("/studio/api/runs")).status_code == 401
