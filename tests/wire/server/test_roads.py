"""Every road to an answer that is not the caller's to give: what LangGraph reserves, by every endpoint there is."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from langgraph._internal import _constants
from langgraph_sdk.client import LangGraphClient

from fanloom.server.caller_keys import CHECKPOINT
from tests.wire.provider import FakeProvider
from tests.wire.server.conftest import ALICE, BOB, STAFFED, SUE
from tests.wire.server.harness import DevServer

pytestmark = pytest.mark.slow

WISH = {"query": "I want to return the MegaShelf 9, it is broken."}
DECISION = {"decision": "approve"}
RESERVED = sorted(
    {name for name in vars(_constants).values() if isinstance(name, str) and name.startswith("__pregel")}
    | {name for name in _constants.RESERVED if name.isidentifier()} - {"configurable"} - CHECKPOINT
)
PLACES = ("configurable", "config", "checkpoint", "context")


@pytest.fixture(scope="module")
def staffed(tmp_path_factory: pytest.TempPathFactory, provider: FakeProvider) -> Iterator[DevServer]:
    variables = {"FANLOOM_API_KEYS": STAFFED, "CRON_SCHEDULER_SLEEP_TIME": "1"}
    with DevServer(tmp_path_factory.mktemp("staffed"), **provider.environment(), **variables) as running:
        yield running


@pytest.fixture
async def bob(staffed: DevServer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=staffed.url, headers={"x-api-key": BOB}, timeout=60) as http:
        yield http


async def asked(user: LangGraphClient) -> tuple[str, str]:
    """Let a customer ask for a return, and return the thread that waits and the question's id."""
    thread = (await user.threads.create())["thread_id"]
    waiting: Any = await user.runs.wait(thread, "support_desk", input=WISH)
    return thread, waiting["__interrupt__"][0]["id"]


async def still_waits(user: LangGraphClient, thread: str) -> bool:
    state: Any = await user.threads.get_state(thread)
    return bool(state["interrupts"]) and "RMA-" not in json.dumps(state["values"])


def holding(place: str, key: str, value: Any) -> dict[str, Any]:
    """Return the part of a request that has a key in one of its places."""
    return {"config": {"configurable": {key: value}}} if place == "configurable" else {place: {key: value}}


def fields(spec: Any, schema: Any) -> set[str]:
    """Return what an object of OpenAPI may hold, or each of a list, whichever of its forms it has."""
    if "$ref" in schema:
        schema = spec["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    forms = [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]
    forms += [schema["items"]] if schema.get("type") == "array" else []
    return set(schema.get("properties", ())).union(*(fields(spec, form) for form in forms))


async def endpoints(http: httpx.AsyncClient) -> list[tuple[str, str, set[str]]]:
    """Return every endpoint of the installed server whose body may hold a configuration."""
    spec = (await http.get("/openapi.json")).json()
    found = []
    for path, methods in spec["paths"].items():
        for method, said in methods.items():
            body = (said.get("requestBody") or {}).get("content", {}).get("application/json", {}).get("schema", {})
            if held := fields(spec, body) & {"config", "checkpoint", "context"}:
                found.append((method.upper(), path, held))
    return found


async def test_no_key_that_langgraph_reserves_gets_in_by_any_endpoint(
    staffed: DevServer, bob: httpx.AsyncClient
) -> None:
    async with staffed.client(BOB) as user:
        thread, question = await asked(user)
        assistant = (await user.assistants.create("support_desk"))["assistant_id"]
        cron = (
            await bob.post("/runs/crons", json={"assistant_id": "refine", "schedule": "0 0 1 1 *", "input": {}})
        ).json()
        ids = {"thread_id": thread, "assistant_id": assistant, "cron_id": cron["cron_id"]}
        roads = await endpoints(bob)
        assert {path for _, path, _ in roads} >= {
            *("/threads/{thread_id}/runs", "/threads/{thread_id}/runs/wait", "/threads/{thread_id}/runs/stream"),
            *("/runs", "/runs/wait", "/runs/stream", "/runs/batch", "/runs/crons", "/threads/{thread_id}/runs/crons"),
            *("/assistants", "/assistants/{assistant_id}", "/threads/{thread_id}/state", "/runs/crons/{cron_id}"),
        }
        assert len(RESERVED) > 20

        async def sent(method: str, path: str, said: dict[str, Any]) -> httpx.Response:
            desk = {"graph_id": "support_desk", "schedule": "0 0 1 1 *"}
            desk |= {} if "assistants" in path else {"assistant_id": "support_desk"}
            given = {**desk, "input": {} if "cron" in path else None, "checkpoint": {"checkpoint_ns": ""}, **said}
            return await bob.request(method, path.format(**ids), json=[given] if path == "/runs/batch" else given)

        async def tried(road: tuple[str, str, set[str]], key: str, place: str) -> tuple[Any, ...] | None:
            method, path, held = road
            if ("config" if place == "configurable" else place) not in held:
                return None
            answer = await sent(method, path, holding(place, key, {question: DECISION}))
            # One key the server itself leaves out of assistants.
            is_out = answer.status_code in (403, 422) or (answer.status_code == 200 and key not in answer.text)
            return None if is_out else (method, path, place, key, answer.status_code)

        for road in roads:
            # It is the key that is refused, not the rest.
            control = await sent(road[0], road[1], {})
            assert control.status_code != 422, (road, control.text)
            answers = await asyncio.gather(*(tried(road, key, place) for key in RESERVED for place in PLACES))
            assert not [each for each in answers if each]
        assert await still_waits(user, thread)


async def test_nor_by_the_protocols_that_openapi_does_not_tell(staffed: DevServer, bob: httpx.AsyncClient) -> None:
    async with staffed.client(BOB) as user:
        thread, question = await asked(user)
        resume = {"__pregel_resume_map": {question: DECISION}}
        start = {"assistant_id": "support_desk", "input": None}
        for params in (
            {**start, "config": {"configurable": resume}},
            {**start, "config": resume},
        ):
            command = {"id": 1, "method": "run.start", "params": params}
            answer = await bob.post(f"/threads/{thread}/commands", json=command)
            assert answer.json()["type"] == "error", params
        respond = {"id": 2, "method": "input.respond", "params": {"interrupt_id": question, "response": DECISION}}
        assert (await bob.post(f"/threads/{thread}/commands", json=respond)).json()["type"] == "error"
        assert await still_waits(user, thread)


async def test_nor_by_what_an_assistant_or_a_cron_says(staffed: DevServer, bob: httpx.AsyncClient) -> None:
    async with staffed.client(BOB) as user:
        thread, question = await asked(user)
        resume = {"__pregel_resume_map": {question: DECISION}}
        for said in ({"context": resume}, {"config": {"configurable": resume}}, {"config": resume}):
            assistant = {"graph_id": "support_desk", **said}
            assert (await bob.post("/assistants", json=assistant)).status_code == 403
        cron: dict[str, Any] = {"assistant_id": "support_desk", "schedule": "* * * * * *", "input": {}}
        for said in ({"config": {"configurable": resume}}, {"context": resume}, {"command": {"resume": DECISION}}):
            answer = await bob.post(f"/threads/{thread}/runs/crons", json={**cron, **said})
            assert answer.status_code == 403
        assert await still_waits(user, thread)


async def test_nor_by_a_state_that_is_written(staffed: DevServer, bob: httpx.AsyncClient) -> None:
    async with staffed.client(BOB) as user:
        thread, question = await asked(user)
        writes: list[dict[str, Any]] = [
            {"values": {"__resume__": DECISION}},
            {"values": {"approve_returns_over": None}, "as_node": "check_input"},
            {"values": None, "as_node": "__copy__"},
            {"values": {}, "checkpoint": {"__pregel_resume_map": {question: DECISION}}},
            {"values": {}, "checkpoint": {"owner": "alice@example.com"}},
        ]
        for write in writes:
            assert (await bob.post(f"/threads/{thread}/state", json=write)).status_code == 403
        steps = {"supersteps": [{"updates": [{"values": {"query": "x"}, "as_node": "check_input"}]}]}
        again = {"thread_id": thread, "if_exists": "do_nothing", "graph_id": "support_desk", **steps}
        # So LangGraph tells that the thread is there and its state is not.
        assert "problems updating the state" in (await bob.post("/threads", json=again)).text
        assert await still_waits(user, thread)


async def test_what_callers_may_set_gets_in(staffed: DevServer) -> None:
    async with staffed.client(BOB) as user, staffed.client(SUE) as sue:
        thread, _ = await asked(user)
        (newest, *_) = await user.threads.get_history(thread)
        place: Any = newest["checkpoint"]
        config: Any = {"tags": ["a"], "metadata": {"b": 1}, "recursion_limit": 50, "configurable": {"max_tasks": 9}}
        again: Any = await user.runs.wait(thread, "support_desk", input=None, checkpoint=place, config=config)
        (question,) = again["__interrupt__"]
        assert (await user.threads.get_state(thread, checkpoint=place))["next"]
        # From another trace, as LangGraph's own remote graphs call.
        traced = {"langsmith-trace": f"20260101T000000000000Z{uuid.uuid4()}", "baggage": "langsmith-tags=a"}
        await user.runs.wait(None, "support_router", input={"query": "Hello?"}, headers=traced)
        # Declined, so that the other tests can ask for it again.
        answer: Any = {"resume": {question["id"]: {"decision": "decline"}}}
        result: Any = await sue.runs.wait(thread, "support_desk", command=answer)
        assert [outcome["status"] for outcome in result["outcomes"]] == ["declined"]


WEBHOOKS = ["/ok", "http://127.0.0.1:1/x", "https://example.com/x"]


@pytest.mark.parametrize("url", WEBHOOKS)
async def test_webhooks_are_off(staffed: DevServer, bob: httpx.AsyncClient, url: str) -> None:
    run = {"assistant_id": "support_router", "input": {"query": "Hello?"}, "webhook": url}
    cron = {"assistant_id": "support_router", "schedule": "* * * * * *", "input": {}, "webhook": url}
    for path, body in (("/runs/wait", run), ("/runs", run), ("/runs/batch", [run]), ("/runs/crons", cron)):
        answer = await bob.post(path, json=body)
        assert answer.status_code in (403, 422), (path, url)
        assert answer.status_code == 422 or "FANLOOM_WEBHOOKS" in answer.text


async def test_a_user_is_told_who_that_is(staffed: DevServer, bob: httpx.AsyncClient) -> None:
    assert (await bob.get("/whoami")).json() == {"user": "bob"}
    assert (await bob.get("/whoami", headers={"x-api-key": ALICE})).json() == {"user": "alice@example.com"}
    assert (await bob.get("/whoami", headers={"x-api-key": "nobody"})).status_code == 401


@pytest.mark.parametrize("key", [BOB, "nobody"])
async def test_no_other_page_can_frame_an_answer(staffed: DevServer, key: str) -> None:
    async with httpx.AsyncClient(base_url=staffed.url, headers={"x-api-key": key}) as http:
        paths = [
            "/",
            "/ok",
            "/info",
            "/healthz",
            "/version",
            "/whoami",
            "/docs",
            "/openapi.json",
            "/metrics",
            "/nowhere",
        ]
        paths += ["/threads/nonsense", "/deploy", "/internal/x", "/ui/support_desk", "/assistants/search", "/mcp"]
        answers = await asyncio.gather(*(http.get(path) for path in paths))
        preflight = {"origin": "http://localhost:3000", "access-control-request-method": "POST"}
        answers.append(await http.options("/threads", headers=preflight))
        answers.append(await http.post("/runs/wait", content="{"))
    assert {answer.status_code for answer in answers} >= ({200, 404} if key == BOB else {200, 401})
    for answer in answers:
        assert answer.headers["x-frame-options"] == "SAMEORIGIN", answer.url
        assert "frame-ancestors 'self'" in answer.headers["content-security-policy"], answer.url


async def test_where_webhooks_are_on_none_leads_inside(tmp_path: Path, provider: FakeProvider) -> None:
    with DevServer(tmp_path, **provider.environment(), FANLOOM_WEBHOOKS="true") as server:
        async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
            run = {"assistant_id": "support_router", "input": {"query": "Hello?"}}
            for url in (
                "http://127.0.0.1:1/x",
                "http://[::ffff:10.0.0.1]/x",
                "http://2130706433/x",
                "https://10.0.0.1/x",
            ):
                answer = await http.post("/runs/wait", json={**run, "webhook": url})
                assert answer.status_code in (403, 422), url
            assert (await http.get("/whoami")).json() == {"user": None}
            assert (await http.post("/runs/wait", json=run)).status_code == 200
