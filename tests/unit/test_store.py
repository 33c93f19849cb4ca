"""The configured long-term memory: its URLs, many at once, and what a crash leaves."""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from langgraph.store.sqlite.aio import AsyncSqliteStore

from fanloom import open_store
from fanloom.errors import InvalidSettings, RunError

KINDS = {"memory": "InMemoryStore", "sqlite": "AsyncSqliteStore", "postgresql": "AsyncPostgresStore"}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if kind == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return {"memory": "memory://", "sqlite": f"sqlite:///{tmp_path}/new/x.db"}[kind]


async def test_it_keeps_and_finds(kind: str, url: str) -> None:
    async with open_store(url) as store:
        assert type(store).__name__ == KINDS[kind]
        await store.aput(("notes", "a"), "k", {"text": "steel"})
        await store.aput(("notes", "b"), "k", {"text": "wood"})
        assert [item.value["text"] for item in await store.asearch(("notes",), filter={"text": "wood"})] == ["wood"]
        assert sorted(await store.alist_namespaces()) == [("notes", "a"), ("notes", "b")]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_it_outlives_the_process(url: str) -> None:
    async with open_store(url) as store:
        await store.aput(("a",), "k", {"n": 1})
    async with open_store(url) as store:
        found = await store.aget(("a",), "k")
    assert found is not None
    assert found.value == {"n": 1}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_many_set_up_and_write_at_once(url: str) -> None:
    together = Barrier(6)

    async def use(number: int) -> None:
        async with open_store(url) as store:
            await store.aput(("a",), str(number), {"n": number})

    def begin(number: int) -> None:
        together.wait(20)
        asyncio.run(use(number))

    async def count() -> int:
        async with open_store(url) as store:
            return len(await store.asearch(("a",), limit=100))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(begin, range(6)))
    assert asyncio.run(count()) == 6


async def test_the_default_is_a_file_beside_the_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with open_store():
        assert {file.name for file in (tmp_path / ".fanloom").iterdir()} >= {"checkpoints.store.db"}
    with closing(sqlite3.connect(tmp_path / ".fanloom" / "checkpoints.store.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        # LangGraph's own setup, and so the store, takes the tables for its own.
        made = connection.execute("SELECT COUNT(*) FROM store_migrations").fetchone()
    assert made == (len(AsyncSqliteStore.MIGRATIONS),)


async def test_tables_that_langgraph_made_itself_are_taken_over(tmp_path: Path) -> None:
    async with AsyncSqliteStore.from_conn_string(str(tmp_path / "x.store.db")) as store:
        await store.setup()
        await store.aput(("a",), "k", {"n": 1})
    async with open_store(f"sqlite:///{tmp_path}/x.db") as store:
        assert await store.aget(("a",), "k")


async def opened(store: Any) -> None:
    async with store:
        pass


async def test_what_cannot_be_used_is_named_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(InvalidSettings, match=r"taken/x\.store\.db': .*set FANLOOM_CHECKPOINT_URL"):
        await opened(open_store(f"sqlite:///{tmp_path}/taken/x.db"))
    with pytest.raises(InvalidSettings, match="a checkpoint URL is sqlite:///FILE"):
        open_store("mysql://me:geheim@db/x")
    with pytest.raises(RunError, match="cannot be used") as failed:
        await opened(open_store("postgresql://me:geheim@127.0.0.1:1/x"))
    assert "geheim" not in str(failed.value)
