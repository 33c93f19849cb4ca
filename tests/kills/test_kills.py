"""SIGKILL at any moment, then a resume: the same outcomes, no task lost, no effect doubled."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kills.harness import desk, kill_at_random, report


def sqlite(folder: Path) -> tuple[str, str]:
    return f"sqlite:///{folder}/desk.db", f"sqlite:///{folder}/checkpoints.db"


async def test_ten_kills_at_random_points(tmp_path: Path) -> None:
    with desk(*sqlite(tmp_path)) as killed:
        await kill_at_random(killed, 10, seed=1)
        print(report(killed, "SQLite"))
        await killed.database.close()


@pytest.mark.slow
async def test_a_kill_after_every_single_commit(tmp_path: Path) -> None:
    with desk(*sqlite(tmp_path)) as killed:
        commits = 0
        while True:
            number = await killed.customer()
            result, _ = killed.send(number, at_commit=commits + 1)
            if result is not None:
                break
            commits += 1
            await killed.check(number, killed.send(number)[0])
        # 2 invoices found, 2 cases, 2 purchases found (one of them again after its approval), 2 returns, 1 order,
        # 1 handover; and the transactions of the last run alone decide how many there are.
        assert commits >= 9
        await killed.check(number, result)
        await killed.database.close()


@pytest.mark.slow
async def test_kills_over_postgresql(postgres_url: str) -> None:
    with desk(postgres_url, postgres_url) as killed:
        await kill_at_random(killed, 5, seed=2)
        print(report(killed, "PostgreSQL"))
        await killed.database.close()


@pytest.mark.soak
@pytest.mark.timeout(1800)
async def test_a_hundred_kills_over_sqlite(tmp_path: Path) -> None:
    with desk(*sqlite(tmp_path)) as killed:
        await kill_at_random(killed, 100, seed=3)
        print(report(killed, "SQLite"))
        await killed.database.close()


@pytest.mark.soak
@pytest.mark.timeout(1800)
async def test_twenty_five_kills_over_postgresql(postgres_url: str) -> None:
    with desk(postgres_url, postgres_url) as killed:
        await kill_at_random(killed, 25, seed=4)
        print(report(killed, "PostgreSQL"))
        await killed.database.close()
