"""Every graph of langgraph.json through the SDK, on a server that asks for no keys."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from langgraph_sdk.client import LangGraphClient

from tests.desk_writer import EXAMPLE, Writer
from tests.wire.conftest import BEDROCK, GEMINI
from tests.wire.provider import FakeProvider
from tests.wire.server.harness import CONFIG, DevServer, until
from tests.wire.steps import SECRETS

SOURCES = [
    {"title": "Tides", "content": "A tide is the rise of the sea. Tides are caused by the moon. A day has two tides."}
]
FAQ = {"sources": SOURCES, "n_questions": 2}
TEXT = {"task": "Describe a bottle of steel", "context": {"audience": "people who hike"}}
INPUTS: dict[str, dict[str, Any]] = {
    "faq_one_shot": FAQ,
    "faq_chain": FAQ,
    "faq_parallel": FAQ,
    "support_router": {"query": "The invoice for last month charges me twice."},
    "support_desk": {"query": EXAMPLE},
    "content_variations": TEXT,
    "tech_docs": TEXT,
    "refine": {"task": "Write that the library closes at noon", "criteria": ["It names the hour"]},
}
CONTEXT = {"customer_id": "C-1001"}
WEBSOCKET = {
    "connection": "Upgrade",
    "upgrade": "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
}
MODES: Any = ["values", "updates", "messages", "custom", "tasks"]


def context_of(graph: str) -> Any:
    return CONTEXT if graph == "support_desk" else None


async def collected(parts: AsyncIterator[Any]) -> list[Any]:
    return [part async for part in parts]


def test_no_graph_is_left_out() -> None:
    assert set(INPUTS) == set(json.loads(CONFIG)["graphs"])


async def test_every_graph_does_threaded_runs_and_stateless_ones_that_stream_in_every_mode(
    client: LangGraphClient,
) -> None:
    # Together, because a server that has nothing to do looks for work every half a second.
    await asyncio.gather(*(check_runs(client, graph) for graph in INPUTS))


async def check_runs(client: LangGraphClient, graph: str) -> None:
    given, context = INPUTS[graph], context_of(graph)
    thread = (await client.threads.create())["thread_id"]
    streamed = client.runs.stream(None, graph, input=given, context=context, stream_mode=MODES)
    result, parts = await asyncio.gather(
        client.runs.wait(thread, graph, input=given, context=context), collected(streamed)
    )
    (assistant,) = await client.assistants.search(graph_id=graph)
    schemas: Any = await client.assistants.get_schemas(assistant["assistant_id"])
    assert set(result) == set(schemas["output_schema"]["properties"])
    assert result["usage"]["model_calls"] > 0
    state: Any = await client.threads.get_state(thread)
    assert {name: state["values"][name] for name in result} == result
    assert state["next"] == []
    seen = {part.event.partition("/")[0] for part in parts}
    # The first event of all is `metadata`, which a stream of Aegra's may begin after.
    assert seen | {"metadata"} >= {"values", "updates", "messages", "tasks", "metadata"}
    # A text for each round, and for each decision.
    assert "custom" in seen or graph not in ("refine", "support_router")
    assert "error" not in seen
    last: Any = [part.data for part in parts if part.event == "values"][-1]
    assert set(last) == set(result)


@pytest.mark.parametrize("graph", INPUTS)
async def test_the_input_and_the_context_are_forms(client: LangGraphClient, graph: str) -> None:
    (assistant,) = await client.assistants.search(graph_id=graph)
    schemas: Any = await client.assistants.get_schemas(assistant["assistant_id"])
    fields = schemas["context_schema"]["properties"]
    assert {"model", "planner_model", "max_concurrency", "max_cost_usd"} <= set(fields)
    assert all(field["title"] and field["description"].endswith(".") for field in fields.values())
    assert set(schemas["input_schema"]["properties"]) >= set(INPUTS[graph])
    assert all(field["title"] and field["description"] for field in schemas["input_schema"]["properties"].values())


async def test_an_assistant_has_a_context_of_its_own(client: LangGraphClient) -> None:
    thrifty = await client.assistants.create("faq_parallel", context={"max_model_calls": 1}, name="thrifty")
    result: Any = await client.runs.wait(None, thrifty["assistant_id"], input=FAQ)
    assert result["usage"]["model_calls"] == 1
    assert {failure["status"] for failure in result["failures"]} == {"skipped"}
    await client.assistants.delete(thrifty["assistant_id"])


@pytest.mark.parametrize(
    ("customer", "product", "decision", "status"),
    [("C-2002", "MegaShelf 9", "approve", "done"), ("C-1001", "Blue Kettle", "decline", "declined")],
)
async def test_an_interrupt_is_answered_over_the_api(
    client: LangGraphClient, customer: str, product: str, decision: str, status: str
) -> None:
    context = {"customer_id": customer, "approve_returns_over": 10}
    query = f"I want to return the {product}, it is broken. And please delete my account."
    thread = (await client.threads.create())["thread_id"]
    await client.runs.wait(thread, "support_desk", input={"query": query}, context=context)
    waiting: Any = await client.threads.get_state(thread)
    (question,) = waiting["interrupts"]
    assert question["value"]["product_name"] == product
    assert (await client.threads.get(thread))["status"] == "interrupted"
    answer: Any = {"resume": {question["id"]: {"decision": decision}}}
    result: Any = await client.runs.wait(thread, "support_desk", command=answer, context=context)
    assert [outcome["status"] for outcome in result["outcomes"]] == [status, "done"]
    assert (await client.threads.get(thread))["status"] == "idle"


@pytest.mark.dev_only
async def test_runs_that_end_together_take_no_thread_with_them(client: LangGraphClient) -> None:
    threads = [(await client.threads.create())["thread_id"] for _ in range(5)]
    given = INPUTS["support_router"]
    async with asyncio.timeout(30):
        await asyncio.gather(*(client.runs.wait(None, "support_router", input=given) for _ in range(30)))
    found = {thread["thread_id"] for thread in await client.threads.search(limit=1000)}
    assert set(threads) <= found
    await client.threads.delete(threads[0])
    assert threads[0] not in {thread["thread_id"] for thread in await client.threads.search(limit=1000)}


async def test_a_deleted_thread_has_no_checkpoints_left(client: LangGraphClient, server: DevServer) -> None:
    thread = (await client.threads.create())["thread_id"]
    await client.runs.wait(thread, "support_router", input=INPUTS["support_router"])
    assert server.checkpoints(thread) > 0
    await client.threads.delete(thread)

    async def are_gone() -> bool:
        return server.checkpoints(thread) == 0

    await until(are_gone)


async def test_what_is_written_down_of_a_run_goes_with_its_thread(client: LangGraphClient, server: DevServer) -> None:
    thread = (await client.threads.create())["thread_id"]
    await client.runs.wait(thread, "support_router", input=INPUTS["support_router"])
    async with httpx.AsyncClient(base_url=server.url) as http:

        async def are_told() -> list[Any]:
            found: list[Any] = (await http.get("/studio/api/runs", params={"thread": thread})).json()
            return found

        assert [run["graph"] for run in await until(are_told)] == ["support_router"]
        await client.threads.delete(thread)

        async def are_gone() -> bool:
            return not await are_told()

        await until(are_gone)


@pytest.mark.dev_only
async def test_single_runs_are_deleted_and_threads_copied(client: LangGraphClient) -> None:
    thread = (await client.threads.create())["thread_id"]
    for query in ("I forgot my password.", "The invoice charges me twice."):
        await client.runs.wait(thread, "support_router", input={"query": query})
    last, *_ = await client.runs.list(thread)
    await client.runs.delete(thread, last["run_id"])
    copy: Any = await client.threads.copy(thread)
    for each in (thread, copy["thread_id"]):
        values: Any = (await client.threads.get_state(each))["values"]
        assert values["query"] == "I forgot my password."


@pytest.mark.parametrize("model", [GEMINI, BEDROCK])
async def test_runs_go_on_at_the_same_time(client: LangGraphClient, provider: FakeProvider, model: str) -> None:
    provider.clear()
    provider.reply = lambda request: Writer()(request.text)
    provider.hold()
    runs = [
        client.runs.wait(None, "support_desk", input={"query": EXAMPLE}, context={**CONTEXT, "model": model})
        for _ in range(4)
    ]
    together = asyncio.gather(*runs)
    # All four wait for their plans: one job at a time would show one.
    await provider.auntil(lambda it: it.in_flight == 4, timeout=30)
    provider.release()
    for result in await together:
        assert [outcome["status"] for outcome in result["outcomes"]] == ["done"] * 3
        assert set(result["usage"]["by_model"]) == {model}


async def test_what_does_not_fit_is_named_before_any_model_is_called(
    client: LangGraphClient, provider: FakeProvider
) -> None:
    provider.clear()
    model = {"model": GEMINI}
    with pytest.raises(Exception, match="'sources'"):
        await client.runs.wait(None, "faq_parallel", input={"sources": []}, context=model)
    # (The server itself drops fields that the context does not have.)
    with pytest.raises(Exception, match="'max_tasks'"):
        await client.runs.wait(None, "faq_parallel", input=FAQ, context={**model, "max_tasks": 0})
    assert provider.requests == []


async def test_memory_is_kept_and_found(client: LangGraphClient, server: DevServer) -> None:
    await client.store.put_item(["notes", "a"], "k", {"text": "steel"})
    assert (await client.store.get_item(["notes", "a"], "k"))["value"] == {"text": "steel"}
    assert len((await client.store.search_items(["notes"]))["items"]) == 1
    assert await client.store.list_namespaces() == {"namespaces": [[*server.namespace("anybody"), "notes", "a"]]}


@pytest.mark.parametrize(("path", "key"), [("/healthz", "status"), ("/version", "fanloom"), ("/info", "version")])
async def test_it_says_that_it_is_up_and_what_it_is(server: DevServer, path: str, key: str) -> None:
    async with httpx.AsyncClient(base_url=server.url) as http:
        # Even to strangers.
        answer = await http.get(path, headers={"x-forwarded-for": "203.0.113.9"})
    assert (answer.status_code, key in answer.json()) == (200, True)


@pytest.mark.parametrize("path", ["/assistants/search", "/threads", "/mcp", "/internal/truncate", "/deploy", "/docs"])
async def test_without_keys_only_this_machine_is_answered(server: DevServer, path: str) -> None:
    async with httpx.AsyncClient(base_url=server.url) as http:
        stranger = await http.post(path, json={}, headers={"x-forwarded-for": "203.0.113.9"})
    assert stranger.status_code == 403
    assert "this machine only" in stranger.json()["detail"]
    assert "No API keys are set: the server listens on this machine only." in server.log
    assert "FANLOOM_API_KEYS is not set: only this machine is answered" in server.log


async def test_pages_of_other_sites_may_not_read_it_but_studio_may(server: DevServer) -> None:
    async with httpx.AsyncClient(base_url=server.url) as http:
        for origin, allowed in {"https://example.com": False, "https://smith.langchain.com": True}.items():
            answer = await http.get("/ok", headers={"origin": origin})
            assert (answer.headers.get("access-control-allow-origin") == origin) is allowed


async def test_pages_of_other_sites_may_not_use_it_either(server: DevServer) -> None:
    # What a page can send without asking first: no header that is not plain, and the answer is kept from it.
    run = json.dumps({"assistant_id": "support_router", "input": INPUTS["support_router"]})
    callers: dict[int, list[dict[str, str]]] = {
        403: [{"origin": "https://example.com"}, {"origin": "null"}, {"host": "example.com"}],
        200: [{"origin": "https://smith.langchain.com"}, {"origin": "http://localhost:3000"}, {"host": "localhost:1"}],
    }
    async with httpx.AsyncClient(base_url=server.url, headers={"content-type": "text/plain"}, timeout=30) as http:
        for status, each in callers.items():
            answers = await asyncio.gather(*(http.post("/runs/wait", content=run, headers=headers) for headers in each))
            assert [answer.status_code for answer in answers] == [status] * len(each)
            stream = f"/threads/{uuid.uuid4()}/stream/events"
            opened = [await http.get(stream, headers={**WEBSOCKET, **headers}) for headers in each]
            is_open = 101 if server.has_websockets else 403
            assert [answer.status_code for answer in opened] == [403 if status == 403 else is_open] * len(each)


async def test_no_secret_and_no_blocking_call_is_in_the_log(
    client: LangGraphClient, server: DevServer, provider: FakeProvider
) -> None:
    provider.clear()
    provider.reply = lambda request: Writer()(request.text)
    for model in (GEMINI, BEDROCK):
        await client.runs.wait(None, "support_desk", input={"query": EXAMPLE}, context={**CONTEXT, "model": model})
    assert not re.search("BlockingError|Blocking call|Heads up! LangGraph dev identified", server.log)
    for file in server.folder.rglob("*"):
        assert not file.is_file() or not any(secret.encode() in file.read_bytes() for secret in SECRETS), file
