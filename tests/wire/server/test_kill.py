"""SIGKILL of the server in a fan-out: nothing is lost, nothing finished is run again, no effect is doubled."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import NotFoundError

from tests.desk_writer import EXAMPLE, Writer
from tests.wire.conftest import GEMINI
from tests.wire.provider import FakeProvider, Request
from tests.wire.server.conftest import ALICE, BOB, CAROL, STAFFED, SUE
from tests.wire.server.harness import DevServer, refused, until

CONTEXT: Any = {"model": GEMINI}


class Held(Writer):
    """A model that does not answer about the invoice until it may."""

    def __init__(self) -> None:
        super().__init__()
        self.may = asyncio.Event()

    async def answer(self, request: Request) -> Any:
        answer = self(request.text)
        if self.calls[-1] == "concern":
            await self.may.wait()
        return answer


def written(folder: Path) -> dict[str, int]:
    with closing(sqlite3.connect(folder / ".fanloom" / "support.db")) as desk:
        return {table: desk.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0] for table in ("cases", "returns")}


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory, provider: FakeProvider) -> Iterator[DevServer]:
    with DevServer(tmp_path_factory.mktemp("killed"), **provider.environment(), FANLOOM_API_KEYS=STAFFED) as server:
        yield server


@pytest.fixture
def killed_on_postgres(tmp_path: Path, provider: FakeProvider, postgres_url: str) -> Iterator[DevServer]:
    kept = {"FANLOOM_CHECKPOINT_URL": postgres_url, "FANLOOM_API_KEYS": STAFFED}
    with DevServer(tmp_path, **provider.environment(), **kept) as server:
        yield server


async def test_a_thread_goes_on_after_a_kill(killed: DevServer, provider: FakeProvider) -> None:
    await goes_on_after_a_kill(killed, provider)


async def test_staff_answer_for_customers_and_customers_not_for_themselves(killed: DevServer) -> None:
    wish = {"query": "I want to return the MegaShelf 9, it is broken."}
    async with killed.client(BOB) as bob, killed.client(CAROL) as carol, killed.client(SUE) as sue:
        thread = (await bob.threads.create())["thread_id"]
        # What the key says of the user counts, not what the user says.
        generous: Any = {"approve_returns_over": 1_000_000}
        waiting: Any = await bob.runs.wait(thread, "support_desk", input=wish, context=generous)
        (question,) = waiting["__interrupt__"]
        answer: Any = {"resume": {question["id"]: {"decision": "decline", "reason": "it was opened"}}}
        skip: Any = {"goto": "plan_tasks", "update": {"approve_returns_over": None}}
        for command in (answer, skip):
            assert await refused(bob.runs.wait(thread, "support_desk", command=command)) == 403
            assert await refused(carol.runs.wait(thread, "support_desk", command=command)) == 403
        assert await refused(bob.threads.update_state(thread, skip["update"], as_node="check_input")) == 403
        assert await refused(carol.threads.get_state(thread)) == 404
        waiting = await sue.threads.search(status="interrupted")
        assert [(each["thread_id"], each["metadata"]["owner"]) for each in waiting] == [(thread, "bob")]
        result: Any = await sue.runs.wait(thread, "support_desk", command=answer)
        assert [outcome["status"] for outcome in result["outcomes"]] == ["declined"]
        assert await refused(sue.threads.delete(thread)) == 404
        state: Any = await bob.threads.get_state(thread)
        assert (state["values"]["outcomes"], state["metadata"]["owner"]) == (result["outcomes"], "bob")


@pytest.mark.soak
async def test_a_server_on_postgresql_loses_nothing_and_forgets_what_it_shall(
    killed_on_postgres: DevServer, provider: FakeProvider
) -> None:
    await goes_on_after_a_kill(killed_on_postgres, provider)
    assert not list(killed_on_postgres.folder.rglob("checkpoints*.db"))
    assert "Custom checkpointer missing adelete_for_runs" not in killed_on_postgres.log
    async with killed_on_postgres.client(ALICE) as alice:
        await deletes_and_rolls_back(alice)
        await alice.store.put_item(["notes"], "k", {"text": "steel"})
    killed_on_postgres.kill()
    killed_on_postgres.start()
    async with killed_on_postgres.client(ALICE) as alice:
        assert (await alice.store.get_item(["notes"], "k"))["value"] == {"text": "steel"}


async def deletes_and_rolls_back(alice: LangGraphClient) -> None:
    """Check that single runs leave nothing behind, and threads copies."""
    router, first, second = "support_router", {"query": "I forgot my password."}, {"query": "The invoice is wrong."}
    thread = (await alice.threads.create())["thread_id"]
    await alice.runs.wait(thread, router, input=first)
    before: Any = await alice.threads.get_state(thread)
    await alice.runs.wait(thread, router, input=second)
    last, *_ = await alice.runs.list(thread)
    await alice.runs.delete(thread, last["run_id"])
    copy: Any = await alice.threads.copy(thread)
    for each in (thread, copy["thread_id"]):
        assert (await alice.threads.get_state(each))["values"] == before["values"]
    begun = await alice.runs.create(thread, router, input=second, after_seconds=30)
    instead = await alice.runs.create(thread, router, input=first, multitask_strategy="rollback")
    await alice.runs.join(thread, instead["run_id"])
    assert begun["run_id"] not in [run["run_id"] for run in await alice.runs.list(thread)]


async def goes_on_after_a_kill(killed: DevServer, provider: FakeProvider) -> None:
    """Kill a server in a fan-out, and let only its user go on."""
    model = Held()
    provider.reply = model.answer
    async with killed.client(ALICE) as alice:
        thread = (await alice.threads.create())["thread_id"]
        await alice.runs.create(thread, "support_desk", input={"query": EXAMPLE}, context=CONTEXT)

        async def two_are_done() -> Any:
            state: Any = await alice.threads.get_state(thread)
            workers = [task for task in state["tasks"] if task["name"] in ("ProductReturn", "StatusUpdate")]
            done = [task["result"]["outcomes"][0] for task in workers if task.get("result")]
            return done if len(done) == 2 else None

        before = await until(two_are_done)
    await provider.auntil(lambda it: model.calls == ["plan", "concern"], timeout=30)
    assert written(killed.folder) == {"cases": 0, "returns": 1}
    killed.kill()
    killed.start()
    again = Writer()
    provider.reply = lambda request: again(request.text)
    async with killed.client(BOB) as bob:
        # The server has forgotten the thread, but not whose it is.
        with pytest.raises(NotFoundError):
            await bob.threads.create(thread_id=thread, if_exists="do_nothing")
        with pytest.raises(httpx.HTTPStatusError, match="404"):
            await bob.runs.wait(thread, "support_desk", input=None, if_not_exists="create")
    async with killed.client(ALICE) as alice:
        await alice.threads.create(thread_id=thread, if_exists="do_nothing")
        result: Any = await alice.runs.wait(thread, "support_desk", input=None, context=CONTEXT)
    assert again.calls == ["concern", "reply"]
    assert [outcome["status"] for outcome in result["outcomes"]] == ["done"] * 3
    assert all(outcome in result["outcomes"] for outcome in before)
    assert result["usage"]["model_calls"] == 3
    assert written(killed.folder) == {"cases": 1, "returns": 1}
