"""`.fanloom/` is its owner's, whoever makes it first, and what is there already becomes so."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table

from fanloom import Database, open_checkpointer, open_store
from fanloom.private_files import make_private


@pytest.fixture(params=[0o022, 0o000])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    before = os.umask(request.param)
    monkeypatch.chdir(tmp_path)
    yield tmp_path / ".fanloom"
    os.umask(before)


def modes(folder: Path) -> dict[Path, int]:
    found = [folder, *(file for file in folder.rglob("*") if not file.is_symlink())]
    return {file: file.stat().st_mode & 0o777 for file in found}


async def use_all() -> None:
    database = Database("sqlite:///.fanloom/support.db", MetaData())
    Table("a", database.metadata, Column("id", Integer, primary_key=True))

    async def nothing(_: object) -> None: ...

    async with open_checkpointer() as saver, open_store() as store:
        await saver.aget_tuple({"configurable": {"thread_id": "t", "checkpoint_ns": ""}})
        await store.aput(("a",), "k", {"b": 1})
        await database.run(nothing)
        found = modes(Path(".fanloom"))
        assert {"checkpoints.db", "checkpoints.store.db", "support.db"} <= {file.name for file in found}
        # SQLite's own files beside them, too.
        assert any(file.name.endswith("-wal") for file in found)
        assert {file: oct(mode) for file, mode in found.items() if mode != (0o700 if file.is_dir() else 0o600)} == {}
    await database.close()


def test_who_makes_it_makes_it_private(folder: Path) -> None:
    asyncio.run(use_all())


def test_what_is_there_becomes_private(folder: Path, tmp_path: Path) -> None:
    (folder / "logs").mkdir(0o777, parents=True)
    for name in ("notes", "other.db-wal", "logs/a"):
        (folder / name).touch(0o644)
    outside = tmp_path / "shared"
    outside.touch(0o644)
    (folder / "link").symlink_to(outside)
    before = outside.stat().st_mode
    asyncio.run(use_all())
    assert set(modes(folder).values()) == {0o700, 0o600}
    assert outside.stat().st_mode == before


def test_a_file_elsewhere_is_left_as_the_machine_makes_files(folder: Path, tmp_path: Path) -> None:
    make_private(tmp_path / "a" / "b" / "c.db")
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o777 & ~umask()
    assert list((tmp_path / "a" / "b").iterdir()) == []


def umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
