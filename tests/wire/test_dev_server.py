"""`make dev`: LangGraph's own development server on this checkout, offline."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient

ROOT = Path(__file__).parents[2]
SOURCES = [
    {"title": "Tides", "content": "A tide is the rise of the sea. Tides are caused by the moon. A day has two tides."}
]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "LANGSMITH", "FAN"))
    }
    environment["PYTHONUNBUFFERED"] = "1"
    server = subprocess.Popen(
        ["make", "dev", f"ARGS=--port {port}"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert server.stdout
    seen: list[str] = []
    for line in server.stdout:
        seen.append(line)
        if "Application started up" in line:
            break
    else:
        pytest.fail("the server did not start:\n" + "".join(seen[-30:]))
    # Its log is read to the end, or the server would stop at a full pipe.
    reader = subprocess.Popen(["cat"], stdin=server.stdout, stdout=subprocess.DEVNULL)
    yield f"http://127.0.0.1:{port}"
    os.killpg(server.pid, signal.SIGTERM)
    server.wait(20)
    reader.wait(20)
    server.stdout.close()


@pytest.fixture
async def client(url: str) -> AsyncIterator[LangGraphClient]:
    async with get_client(url=url) as client:
        yield client


async def test_the_graphs_answer_through_the_sdk(client: LangGraphClient) -> None:
    graphs = {assistant["graph_id"] for assistant in await client.assistants.search()}
    assert graphs == {"faq_one_shot", "faq_chain", "faq_parallel"}
    for name in sorted(graphs):
        result = await client.runs.wait(None, name, input={"sources": SOURCES, "n_questions": 2})
        assert len(result["faqs"]) == 2
        assert result["failures"] == []


async def test_a_thread_keeps_its_state_and_bad_input_is_named(client: LangGraphClient) -> None:
    thread = (await client.threads.create())["thread_id"]
    await client.runs.wait(thread, "faq_chain", input={"sources": SOURCES, "n_questions": 2})
    values = (await client.threads.get_state(thread))["values"]
    assert values["sources"] == SOURCES
    assert len(values["outcomes"]) == 2
    with pytest.raises(Exception, match="'sources'"):
        await client.runs.wait(None, "faq_parallel", input={"sources": []})
    # (The server itself drops fields that the context does not have.)
    with pytest.raises(Exception, match="'max_tasks'"):
        await client.runs.wait(None, "faq_parallel", input={"sources": SOURCES}, context={"max_tasks": 0})


async def test_the_context_is_a_form(client: LangGraphClient) -> None:
    (assistant,) = await client.assistants.search(graph_id="faq_parallel")
    schemas = await client.assistants.get_schemas(assistant["assistant_id"])
    assert schemas["context_schema"]["properties"]["model"]["title"] == "Model"
    assert set(schemas["input_schema"]["properties"]) == {"sources", "n_questions"}
