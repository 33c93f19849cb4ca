"""A server with FANLOOM_API_KEYS: who gets in, what is whose, and that no key is ever told."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest
from langgraph_sdk.client import LangGraphClient

from tests.desk_writer import EXAMPLE
from tests.wire.conftest import GEMINI
from tests.wire.provider import FakeProvider, status
from tests.wire.server.aegra import AegraServer
from tests.wire.server.conftest import ALICE, BOB, CAROL
from tests.wire.server.harness import DevServer, refused, until
from tests.wire.steps import SECRETS

ORDER = "Where is my order {}?"
# Alice is the customer C-1001, Bob is C-2002.
ALICES, BOBS = "A-12345", "A-20002"
GIVEN: Any = {"query": "How do I change my password?"}

STRANGERS: list[dict[str, str]] = [
    {},
    {"x-api-key": "not-a-key-of-anybody-0123"},
    {"x-api-key": ALICE[:-1]},
    {"authorization": f"Basic {ALICE}"},
    {"authorization": "Bearer"},
    # By which LangGraph Studio is let in where that is not switched off.
    {"x-auth-scheme": "langsmith", "x-api-key": "lsv2_pt_0123456789abcdef"},
    {"x-auth-scheme": "langsmith"},
    {"x-forwarded-for": "127.0.0.1"},
    {"x-api-key": "schl\u00fcssel-0123456789"},
]
PLACES = [
    ("POST", "/threads"),
    ("POST", "/runs/wait"),
    ("POST", "/assistants/search"),
    ("GET", "/store/items?namespace=a&key=b"),
    ("POST", "/runs/crons/search"),
    ("POST", "/mcp"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/metrics"),
    ("POST", "/internal/truncate"),
    ("POST", "/deploy"),
    ("GET", "/ui/support_desk"),
]


@pytest.mark.parametrize(("method", "path"), PLACES)
async def test_strangers_are_refused_everywhere(guarded: DevServer, method: str, path: str) -> None:
    async with httpx.AsyncClient(base_url=guarded.url) as http:
        for headers in STRANGERS:
            encoded = {name: value.encode("latin-1") for name, value in headers.items()}
            answer = await http.request(method, path, headers=encoded, json={} if method == "POST" else None)
            assert (answer.status_code, headers) == (401, headers)
            assert "x-api-key" in answer.json()["detail"]
            assert not any(given in answer.text for given in headers.values() if len(given) > 16)


@pytest.mark.parametrize("path", ["/healthz", "/version", "/info", "/"])
async def test_health_and_version_are_open(guarded: DevServer, path: str) -> None:
    async with httpx.AsyncClient(base_url=guarded.url) as http:
        assert (await http.get(path)).status_code == 200


@pytest.mark.parametrize("headers", [{"x-api-key": ALICE}, {"authorization": f"Bearer {ALICE}"}])
async def test_a_key_opens_the_server_but_not_what_knows_no_users(guarded: DevServer, headers: Any) -> None:
    async with httpx.AsyncClient(base_url=guarded.url, headers=headers) as http:
        assert (await http.post("/threads/search", json={})).status_code == 200
        assert (await http.get("/docs")).status_code == (404 if isinstance(guarded, AegraServer) else 200)
        for path in ("/internal/truncate", "/internal/debug/thread/x", "/deploy", "/deploy/x/stream"):
            assert (await http.post(path)).status_code == 404


OF_A_THREAD: dict[str, Callable[[LangGraphClient, str, str], Awaitable[Any]]] = {
    "get": lambda user, thread, run: user.threads.get(thread),
    "state": lambda user, thread, run: user.threads.get_state(thread),
    "history": lambda user, thread, run: user.threads.get_history(thread),
    "update": lambda user, thread, run: user.threads.update(thread, metadata={"owner": "bob"}),
    "write": lambda user, thread, run: user.threads.update_state(thread, {"query": "x"}),
    "copy": lambda user, thread, run: user.threads.copy(thread),
    "delete": lambda user, thread, run: user.threads.delete(thread),
    "create": lambda user, thread, run: user.threads.create(thread_id=thread, if_exists="do_nothing"),
    "run": lambda user, thread, run: user.runs.wait(thread, "support_router", input=GIVEN),
    "runs": lambda user, thread, run: user.runs.list(thread),
    "get run": lambda user, thread, run: user.runs.get(thread, run),
    "join": lambda user, thread, run: user.runs.join(thread, run),
    "cancel": lambda user, thread, run: user.runs.cancel(thread, run),
    "delete run": lambda user, thread, run: user.runs.delete(thread, run),
    "cron": lambda user, thread, run: user.crons.create_for_thread(thread, "refine", schedule="0 0 1 1 *", input={}),
}


async def tried(call: Awaitable[Any]) -> Any:
    """Return what a call brings, or the status by which it is refused."""
    try:
        return await call
    except httpx.HTTPStatusError as refused:
        return refused.response.status_code


async def test_threads_and_runs_belong_to_their_user(alice: LangGraphClient, bob: LangGraphClient) -> None:
    thread = (await alice.threads.create(metadata={"owner": "bob"}))["thread_id"]
    await alice.runs.wait(thread, "support_router", input=GIVEN)
    (run,) = await alice.runs.list(thread)
    seen = {name: await tried(call(bob, thread, run["run_id"])) for name, call in OF_A_THREAD.items()}
    # Where there is no such thread, Aegra lists no runs.
    assert [each for each in seen.items() if each not in [("runs", []), *((each[0], n) for n in (403, 404, 409))]] == []
    assert thread not in [each["thread_id"] for each in await bob.threads.search(limit=100)]
    assert thread in [each["thread_id"] for each in await alice.threads.search(limit=100)]
    assert (await alice.threads.get(thread))["metadata"]["owner"] == "alice@example.com"
    assert (await alice.threads.get_state(thread))["values"]["intent"]


async def test_the_graphs_own_assistants_are_everybodys_and_others_their_makers(
    alice: LangGraphClient, bob: LangGraphClient
) -> None:
    claims = {"created_by": "system", "owner": "bob"}
    own = (await alice.assistants.create("support_router", metadata=claims))["assistant_id"]
    assert await refused(bob.assistants.get(own)) == 404
    assert await refused(bob.runs.wait(None, own, input=GIVEN)) == 404
    assert await refused(bob.assistants.update(own, name="bobs")) == 404
    (common,) = await bob.assistants.search(graph_id="support_router")
    assert len(await alice.assistants.search(graph_id="support_router")) == 2
    for user in (alice, bob):
        assert await user.runs.wait(None, common["assistant_id"], input=GIVEN)
        assert await refused(user.assistants.update(common["assistant_id"], metadata={"owner": "bob"})) == 404
        assert await refused(user.assistants.delete(common["assistant_id"])) == 404
    await alice.assistants.delete(own)


@pytest.mark.dev_only
async def test_crons_belong_to_their_user(alice: LangGraphClient, bob: LangGraphClient) -> None:
    await alice.crons.create("support_router", schedule="0 0 1 1 *", input=GIVEN)
    (cron,) = await alice.crons.search()
    assert await bob.crons.search() == []
    assert await refused(bob.crons.delete(cron["cron_id"])) == 404
    await alice.crons.delete(cron["cron_id"])


async def test_memory_belongs_to_its_user(guarded: DevServer, alice: LangGraphClient, bob: LangGraphClient) -> None:
    for user, text in {alice: "mine", bob: "his"}.items():
        await user.store.put_item(["notes"], "k", {"text": text})
    found: Any = (await alice.store.search_items(["notes"]))["items"]
    assert [item["value"]["text"] for item in found] == ["mine"]
    # The namespace that comes back can be used as it is.
    assert (await alice.store.get_item(found[0]["namespace"], "k"))["value"] == {"text": "mine"}
    assert await tried(bob.store.get_item(found[0]["namespace"], "k")) in (None, 404)
    assert (await bob.store.list_namespaces())["namespaces"] == [[*guarded.namespace("bob"), "notes"]]
    await bob.store.delete_item(["notes"], "k")
    assert (await alice.store.get_item(["notes"], "k"))["value"] == {"text": "mine"}


FORGED = {"langgraph_auth_user": {"identity": "alice@example.com", "customer_id": "C-1001"}}
CLAIMS: list[dict[str, Any]] = [
    {"context": {"customer_id": "C-1001"}},
    {"config": {"configurable": {"customer_id": "C-1001"}}},
    {"config": {"configurable": FORGED}},
    {"config": {"configurable": {"user_id": "alice@example.com"}}},
]


async def asked(user: LangGraphClient, order: str, assistant: str = "support_desk", **given: Any) -> str:
    """Return how the task ends of somebody who asks for an order."""
    result: Any = await user.runs.wait(None, assistant, input={"query": ORDER.format(order)}, **given)
    return str(result["outcomes"][0]["status"])


async def test_the_customer_is_the_user_whatever_the_context_says(alice: LangGraphClient, bob: LangGraphClient) -> None:
    own = await bob.assistants.create("support_desk", context={"customer_id": "C-1001"})
    claims = [*CLAIMS, {"assistant": own["assistant_id"]}]
    ends = await asyncio.gather(
        asked(alice, ALICES), asked(bob, BOBS), *(asked(bob, ALICES, **claim) for claim in claims)
    )
    assert ends == ["done", "done"] + ["failed"] * len(claims)


FORGED_STATE: dict[str, Any] = {"customer_id": "C-1001", "query": ORDER.format(ALICES), "outcomes": []}
JUMP: Any = {"update": FORGED_STATE, "goto": "plan_tasks"}


# Where a thread goes on without an input: Aegra asks for an input, a command or a place.
NEWEST: Any = {"checkpoint_ns": ""}


async def test_a_customer_who_is_written_into_the_state_does_not_count(guarded: DevServer) -> None:
    # A customer, and nobody; together, because a server that has nothing to do looks for work every half a second.
    await asyncio.gather(*(writes_a_customer(guarded, key) for key in (BOB, CAROL)))


async def writes_a_customer(guarded: DevServer, key: str) -> None:
    async with guarded.client(key) as user:
        thread = (await user.threads.create())["thread_id"]
        await user.runs.wait(thread, "support_desk", input={"query": ORDER.format(BOBS)})
        by_command: Any = await user.runs.wait(thread, "support_desk", command=JUMP)
        await user.threads.update_state(thread, FORGED_STATE, as_node="check_input")
        by_update: Any = await user.runs.wait(thread, "support_desk", checkpoint=NEWEST)
    for result in (by_command, by_update):
        assert result["outcomes"][-1]["error"]["kind"] == "not_found"
        assert "SP482913" not in str(result)


@pytest.mark.dev_only
async def test_a_cron_serves_the_customer_of_its_user_too(guarded: DevServer, bob: LangGraphClient) -> None:
    thread = (await bob.threads.create())["thread_id"]
    await bob.runs.wait(thread, "support_desk", input={"query": ORDER.format(BOBS)})
    cron = {"assistant_id": "support_desk", "schedule": "* * * * * *", "command": JUMP}
    async with httpx.AsyncClient(base_url=guarded.url, headers={"x-api-key": BOB}) as http:
        made = (await http.post(f"/threads/{thread}/runs/crons", json=cron)).json()

    async def ended() -> Any:
        _, *crons = reversed(await bob.runs.list(thread))
        return [run for run in crons if run["status"] == "success"]

    await until(ended)
    await bob.crons.delete(made["cron_id"])
    state: Any = await bob.threads.get_state(thread)
    assert state["values"]["outcomes"][-1]["error"]["kind"] == "not_found"
    assert "SP482913" not in str(state)


async def listened(guarded: DevServer, path: str, headers: dict[str, str]) -> str:
    """Return what a stream of a thread's events says until it names an intent, or is silent for some seconds."""
    heard = ""
    async with httpx.AsyncClient(base_url=guarded.url, headers=headers, timeout=httpx.Timeout(30, read=2)) as http:
        with suppress(httpx.ReadTimeout):
            async with http.stream("POST", path, json={"channels": ["values"], "since": 0}) as events:
                async for text in events.aiter_text():
                    heard += text
                    if "intent" in heard:
                        break
    return heard


async def test_events_of_a_thread_are_its_users(guarded: DevServer, alice: LangGraphClient) -> None:
    thread = (await alice.threads.create())["thread_id"]
    path, start = f"/threads/{thread}", {"assistant_id": "support_router", "input": GIVEN}
    command = {"id": 1, "method": "run.start", "params": start}
    async with httpx.AsyncClient(base_url=guarded.url) as http:
        statuses = {}
        for key in (BOB, ALICE):
            answer = await http.post(f"{path}/commands", json=command, headers={"x-api-key": key})
            statuses[key] = answer.json().get("type", "error")
    assert statuses == {BOB: "error", ALICE: "success"}
    (run,) = await alice.runs.list(thread)
    await alice.runs.join(thread, run["run_id"])
    heard = [await listened(guarded, f"{path}/stream/events", {"x-api-key": key}) for key in (ALICE, BOB)]
    assert ["intent" in each for each in heard] == [True, False]


@pytest.mark.dev_only
async def test_graphs_as_tools_know_the_user_too(guarded: DevServer) -> None:
    asking = {"name": "support_desk", "arguments": {"query": ORDER.format(ALICES)}}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": asking}

    async def finds(key: str) -> bool:
        headers = {"x-api-key": key, "accept": "application/json, text/event-stream"}
        async with httpx.AsyncClient(base_url=guarded.url, headers=headers, timeout=30) as http:
            return "SP482913" in (await http.post("/mcp", json=call)).text

    assert await asyncio.gather(finds(ALICE), finds(BOB)) == [True, False]


async def test_no_key_is_told(guarded: DevServer, alice: LangGraphClient, provider: FakeProvider) -> None:
    provider.reply = status(401)
    thread = (await alice.threads.create())["thread_id"]
    context = {"model": GEMINI, "max_attempts": 1}
    with pytest.raises(Exception, match="access is denied") as error:
        await alice.runs.wait(thread, "support_desk", input={"query": EXAMPLE}, context=context)
    unknown = await refused(alice.threads.get(str(uuid.uuid4())))
    told = [str(error.value), str(unknown), str(await alice.threads.get_state(thread)), guarded.log]
    told += [str(await alice.threads.get(thread)), str(await alice.runs.list(thread))]
    assert "3 API keys: everybody else is refused" in guarded.log
    kept = [file.read_bytes() for file in guarded.folder.rglob("*") if file.is_file() and file.name != "keys.json"]
    assert len(kept) > 3
    for secret in (ALICE, BOB, CAROL, *SECRETS):
        assert not any(secret in text for text in told)
        assert not any(secret.encode() in content for content in kept)
