"""Whole transactions from any loop and thread, and effects that happen once, on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START
from langgraph.types import Command, interrupt
from sqlalchemy import Column, Integer, MetaData, String, Table, func, insert, select, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from fanloom import Database, RunState, StateGraph, add_fan_out, effect_key, effects_table
from fanloom.errors import GraphError, InvalidSettings, MissingPackage, RunError
from fanloom.loops.background import on_background

METADATA = MetaData()
EFFECTS = effects_table(METADATA)
LETTERS = Table("letters", METADATA, Column("id", Integer, primary_key=True), Column("address", String, unique=True))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/new/x.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    made = Database(url, METADATA, effects=EFFECTS)
    yield made
    await made.close()


def send(address: str) -> Any:
    async def effect(session: AsyncSession) -> dict[str, Any]:
        sent = await session.execute(insert(LETTERS).values(address=address).returning(LETTERS.c.id))
        return {"id": sent.scalar_one(), "to": address}

    return effect


async def letters(database: Database) -> int:
    async def count(session: AsyncSession) -> int:
        return await session.scalar(select(func.count()).select_from(LETTERS)) or 0

    return await database.run(count)


async def test_an_effect_happens_once_and_its_result_is_kept(database: Database) -> None:
    first = await database.once("k", send("a"))
    assert await database.once("k", send("b")) == first
    assert (await database.once("other", send("b")))["to"] == "b"
    assert await letters(database) == 2


async def test_twins_at_the_same_time_find_one_effect(database: Database) -> None:
    results = await asyncio.gather(*(database.once("k", send(str(n))) for n in range(20)))
    assert [result == results[0] for result in results] == [True] * 20
    assert await letters(database) == 1


async def test_an_effect_that_fails_leaves_nothing_behind(database: Database) -> None:
    async def fails(session: AsyncSession) -> None:
        await send("a")(session)
        raise ValueError("after the insert")

    with pytest.raises(ValueError, match="after the insert"):
        await database.once("k", fails)
    assert await letters(database) == 0
    assert (await database.once("k", send("a")))["to"] == "a"


async def test_what_conflicts_is_tried_again_and_a_bound_ends_it(database: Database) -> None:
    await database.once("k", send("a"))
    tries: list[str] = []

    async def finds(session: AsyncSession) -> str:
        tries.append("x")
        return "found" if len(tries) > 1 else str(await send("a")(session))

    assert await database.once("second", finds) == "found"

    async def stubborn(session: AsyncSession) -> str:
        tries.append("y")
        return str(await send("a")(session))

    with pytest.raises(IntegrityError):
        await database.once("third", stubborn)
    assert tries.count("y") == 5


async def test_one_database_serves_many_loops_and_threads(database: Database) -> None:
    def elsewhere(number: int) -> None:
        for turn in range(3):
            asyncio.run(database.once(f"{number}-{turn}", send(f"{number}-{turn}")))

    await asyncio.gather(*(asyncio.to_thread(elsewhere, number) for number in range(4)))
    assert await letters(database) == 12


async def test_tables_are_made_once_by_many_at_once(url: str) -> None:
    many = [Database(url, METADATA, effects=EFFECTS) for _ in range(4)]
    assert await asyncio.gather(*(letters(one) for one in many)) == [0] * 4
    for one in many:
        await one.close()


async def test_only_a_new_sqlite_file_is_filled(url: str) -> None:
    async def fill(session: AsyncSession) -> None:
        await send("first")(session)

    for expected in [1, 1] if url.startswith("sqlite") else [0, 0]:
        one = Database(url, METADATA, effects=EFFECTS, fill=fill)
        assert await letters(one) == expected
        await one.close()


@pytest.mark.parametrize(
    "form",
    [
        "postgresql://me:geheim@{}/x",
        "postgresql://me:geheim/pw@{}/x",
        "postgresql://me:g#e?geheim@{}/x",
        "postgresql://{}/x?user=me&password=geheim",
        "postgresql://me:%40geheim@{}/x?sslpassword=geheim",
    ],
)
async def test_a_server_that_is_not_there_is_named_without_its_password(form: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        url = form.format(place)
        with pytest.raises(RunError, match="cannot be used") as failed:
            await letters(Database(url, METADATA))
    assert (failed.value.kind, failed.value.retryable) == ("database", True)
    assert f"'postgresql://{place}/x'" in str(failed.value)
    assert "geheim" not in str(failed.value)


@pytest.mark.parametrize("user", ["me:a@geheim", "me:1/geheim", "me:a@geheim/b"])
def test_a_password_that_can_be_read_as_a_host_is_refused(user: str) -> None:
    with pytest.raises(InvalidSettings, match="percent-encoded") as refused:
        Database(f"postgresql://{user}@127.0.0.1:1/x", METADATA)
    assert "geheim" not in str(refused.value)


async def test_a_database_that_stays_locked_is_a_run_error(database: Database) -> None:
    tries: list[int] = []

    async def locked(session: AsyncSession) -> None:
        tries.append(1)
        raise OperationalError("x", {}, Exception("database is locked"))

    with pytest.raises(RunError, match="database is locked"):
        await database.run(locked)
    assert len(tries) == 5


async def test_a_connection_that_is_lost_in_an_effect_costs_another_try_not_another_effect(postgres_url: str) -> None:
    database, other = (Database(postgres_url, METADATA, effects=EFFECTS) for _ in range(2))
    kill = text("SELECT pg_terminate_backend(:pid, 5000)")

    def interrupted(address: str) -> Any:
        killed: list[Any] = []

        async def effect(session: AsyncSession) -> Any:
            sent = await send(address)(session)
            if not killed:
                killed.append(await session.scalar(text("SELECT pg_backend_pid()")))
                await other.run(lambda by: by.execute(kill, {"pid": killed[0]}))
            await session.execute(text("SELECT 1"))
            return sent

        return effect

    assert (await database.once("k", interrupted("a")))["to"] == "a"
    # Without a key nobody would know whether it had happened.
    with pytest.raises(RunError, match="terminating connection"):
        await database.run(interrupted("b"))
    assert await letters(database) == 1
    await database.close()
    await other.close()


async def test_who_is_gone_in_the_middle_of_an_effect_does_not_keep_its_key(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, twin = (Database(postgres_url, METADATA, effects=EFFECTS) for _ in range(2))
    begun = threading.Event()

    async def never_ends(session: AsyncSession) -> None:
        begun.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as brief:
        brief.setattr("fanloom.durable.database_engine._STATEMENT_MS", 1000)
        await letters(gone)

    async def is_cancelled() -> bool:
        lost = asyncio.create_task(gone.once("k", never_ends))
        await asyncio.to_thread(begun.wait)
        assert (await twin.once("k", send("a")))["to"] == "a"
        lost.cancel()
        await asyncio.gather(lost, return_exceptions=True)
        return lost.cancelled()

    # On the loop of the connections, so that it is seen what becomes of the transaction.
    assert await on_background(is_cancelled())
    await gone.close()
    await twin.close()


async def test_an_effect_that_is_cancelled_in_a_statement_keeps_no_lock(tmp_path: Path) -> None:
    one, other = (Database(f"sqlite:///{tmp_path}/x.db", METADATA, effects=EFFECTS) for _ in range(2))
    begun, go_on = threading.Event(), threading.Event()

    def wait() -> bool:
        begun.set()
        return go_on.wait(20)

    async def waits(session: AsyncSession) -> None:
        connection = await (await session.connection()).get_raw_connection()
        await connection.driver_connection.create_function("wait", 0, wait)  # type: ignore[union-attr]
        await session.execute(text("SELECT wait() UNION ALL SELECT 2"))

    await letters(other)
    lost = asyncio.create_task(one.once("k", waits))
    assert await asyncio.to_thread(begun.wait, 20)
    gc.disable()
    try:
        lost.cancel()
        assert isinstance((await asyncio.gather(lost, return_exceptions=True))[0], asyncio.CancelledError)
        go_on.set()
        assert (await other.once("k", send("a")))["to"] == "a"
    finally:
        gc.enable()
    await one.close()
    await other.close()


async def test_what_an_effect_was_to_write_is_not_in_its_error(database: Database) -> None:
    await database.once("k", send("top secret"))
    with pytest.raises(IntegrityError) as failed:
        await database.once("second", send("top secret"))
    assert "parameters hidden" in str(failed.value)


async def test_a_place_that_holds_no_database_is_named_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database " * 100)
    (tmp_path / "taken").write_text("")
    for place in ("text.db", "taken/x.db"):
        with pytest.raises(RunError, match="correct its URL") as failed:
            await letters(Database(f"sqlite:///{tmp_path}/{place}", METADATA))
        assert failed.value.kind == "database"


async def test_a_server_that_refuses_the_tables_is_named_with_the_cure(postgres_url: str) -> None:
    refusing = f"{postgres_url}?options=-c%20default_transaction_read_only%3Don"
    for url in (f"{postgres_url}?colour=blue", refusing):
        with pytest.raises(RunError, match="correct its URL") as failed:
            await letters(Database(url, METADATA))
        assert failed.value.kind == "database"


@pytest.mark.parametrize(
    "url",
    [
        "mysql://x/y",
        "no url",
        "",
        "oracle+x://y",
        "postgresql://x:port/y",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
    ],
)
def test_a_url_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(InvalidSettings, match="FANLOOM_DATABASE_URL"):
        Database(url, METADATA)


async def test_a_driver_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*args: Any, **kwargs: Any) -> None:
        raise ModuleNotFoundError("No module named 'psycopg'")

    monkeypatch.setattr("fanloom.durable.database_engine.create_async_engine", missing)
    with pytest.raises(MissingPackage, match=r'pip install "fanloom\[postgres\]"'):
        await letters(Database("postgresql://127.0.0.1/x", METADATA))


async def test_once_needs_a_ledger(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="effects_table"):
        await Database(f"sqlite:///{tmp_path}/x.db", METADATA).once("k", send("a"))


class Posts(RunState, total=False):
    items: list[str]


def posting(keys: list[str], *, durability_of_plan: Any = None) -> Any:
    async def begin(state: Posts) -> dict[str, Any]:
        return {}

    async def post(task: dict[str, Any], runtime: Any) -> str:
        keys.append(await effect_key(runtime))
        return str(interrupt("?")) if task["item"] == "waits" else "sent"

    builder = StateGraph(Posts)
    builder.add_node("begin", begin)
    builder.add_node("join", begin)
    builder.add_edge(START, "begin")
    add_fan_out(builder, "begin", over="items", worker="post", action=post, join="join")
    return builder


async def test_a_key_is_the_same_after_a_resume_and_another_in_each_task_and_thread() -> None:
    keys: list[str] = []
    graph = posting(keys).compile(checkpointer=InMemorySaver())
    for thread in ("one", "two"):
        config = {"configurable": {"thread_id": thread}}
        await graph.ainvoke({"items": ["x", "waits"]}, config)
        await graph.ainvoke(Command(resume="ok"), config)
    assert len(keys) == 6
    assert len(set(keys)) == 4
    assert [key.partition(":")[0] for key in keys] == ["one"] * 3 + ["two"] * 3
    # A new message in the same thread is other work.
    await graph.ainvoke({"items": ["x"]}, {"configurable": {"thread_id": "one"}})
    assert len(set(keys)) == 5


async def test_the_key_of_a_thread_with_a_long_name_fits_the_ledger() -> None:
    keys: list[str] = []
    graph = posting(keys).compile(checkpointer=InMemorySaver())
    for thread in ("x" * 999, "x" * 1_000):
        await graph.ainvoke({"items": ["waits"]}, {"configurable": {"thread_id": thread}})
        await graph.ainvoke(Command(resume="ok"), {"configurable": {"thread_id": thread}})
    assert keys[0] == keys[1] != keys[2] == keys[3]
    assert max(map(len, keys)) <= (EFFECTS.c.key.type.length or 0)


async def test_a_key_outside_a_graph_is_refused() -> None:
    class Nowhere:
        execution_info = None

    with pytest.raises(GraphError, match="call this from a node"):
        await effect_key(Nowhere())  # type: ignore[arg-type]


class SlowSaver(InMemorySaver):
    """Stores a checkpoint only when it is let to, as a database that is slow does."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.asked = asyncio.Event()
        self.places: set[str] = set()

    async def aput(self, *args: Any, **kwargs: Any) -> Any:
        await self.gate.wait()
        return super().put(*args, **kwargs)

    async def aget_tuple(self, config: Any) -> Any:
        self.places.add(config["configurable"].get("checkpoint_id", ""))
        # The newest there is, what the first node's task has spent before, and then the plan.
        if len(self.places) == 3:
            self.asked.set()
        return super().get_tuple(config)


async def test_no_key_is_given_out_before_the_plan_is_stored() -> None:
    keys: list[str] = []
    saver = SlowSaver()
    graph = posting(keys).compile(checkpointer=saver)
    running = asyncio.create_task(graph.ainvoke({"items": ["x"]}, {"configurable": {"thread_id": "t"}}))
    await saver.asked.wait()
    assert keys == []
    saver.gate.set()
    await running
    assert len(keys) == 1


async def test_a_plan_that_is_never_stored_gives_out_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fanloom.runs.thread_record._STORED_WITHIN_S", 0)
    keys: list[str] = []
    saver = SlowSaver()
    graph = posting(keys).compile(checkpointer=saver)
    running = asyncio.create_task(graph.ainvoke({"items": ["x"]}, {"configurable": {"thread_id": "t"}}))
    await saver.asked.wait()
    saver.gate.set()
    result = await running
    assert keys == []
    assert result["outcomes"][0]["error"]["kind"] == "not_stored"


async def test_nothing_is_waited_for_where_nothing_is_stored_before_the_end() -> None:
    keys: list[str] = []
    graph = posting(keys).compile(checkpointer=InMemorySaver())
    await graph.ainvoke({"items": ["x"]}, {"configurable": {"thread_id": "t"}}, durability="exit")
    await posting(keys).compile().ainvoke({"items": ["x"]})
    assert len(set(keys)) == 2


async def test_a_key_in_a_nested_graph_waits_for_both_plans() -> None:
    keys: list[str] = []
    outer = StateGraph(Posts)
    outer.add_node("inner", posting(keys).compile())
    outer.add_edge(START, "inner")
    graph = outer.compile(checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "t"}}
    await graph.ainvoke({"items": ["x", "waits"]}, config)
    await graph.ainvoke(Command(resume="ok"), config)
    assert len(keys) == 3
    assert len(set(keys)) == 2
