"""One budget over the shards of a job that share no folder: the rule, and shards over PostgreSQL and Redis."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from langgraph.graph import END, START
from langgraph.runtime import Runtime

from fanloom import Context, LLMStep, Prompt, RunState, StateGraph
from fanloom.batch.inputs import InputSource
from fanloom.batch.job import Bounds, Job
from fanloom.batch.job_folder import JobFolder, Manifest
from fanloom.batch.sharing.budget_loans import Shares, come, give_back, lend
from tests.fakes import ScriptedModel

CALLS = "max_model_calls"
SHARDS = 4


class State(RunState, total=False):
    n: int


@pytest.fixture(params=["postgres_url", "redis_database"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the URL of each kind of store in turn, which FANLOOM_LIMITS_URL names too."""
    url = str(request.getfixturevalue(request.param))
    monkeypatch.setenv("FANLOOM_LIMITS_URL", url)
    return url


@pytest.fixture
def redis_database() -> Iterator[str]:
    """Yield the URL of a Redis database that nothing else uses, or skip."""
    redis = pytest.importorskip("redis")
    client = redis.Redis.from_url(url := "redis://127.0.0.1:6379/12")
    try:
        client.flushdb()
    except redis.RedisError:
        pytest.skip("no Redis answers")
    yield url
    client.flushdb()
    client.close()


class Machines:
    """Four machines that share nothing but the input and the model, each with its shard of the job."""

    def __init__(self, root: Path, items: int = 40) -> None:
        self.root, self.model = root, ScriptedModel(reply=lambda _: "yes")
        (root / "in.jsonl").write_text("".join(json.dumps({"n": n}) + "\n" for n in range(items)))
        (root / "p.md").write_text("Say yes.", encoding="utf-8")
        self.source = InputSource(str(root / "in.jsonl"))
        step = LLMStep("say", Prompt(root / "p.md"), str)

        async def say(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
            await step.run(runtime)
            return {}

        builder = StateGraph(State, context_schema=Context)
        builder.add_node("say", say)
        builder.add_edge(START, "say")
        builder.add_edge("say", END)
        self.graph = builder.compile(name="says")

    @property
    def calls(self) -> int:
        return len(self.model.asked)

    def done(self) -> int:
        return sum(len(JobFolder(folder / "job").ended()) for folder in self.root.glob("machine*"))

    def job(self, number: int, most: int) -> Job:
        folder = JobFolder(self.root / f"machine{number}" / "job", (number, SHARDS))
        folder.begin(Manifest("says", {}, "in.jsonl", self.source.fingerprint()))
        return Job(self.graph, self.source, {"model": self.model}, folder, 3, Bounds(max_model_calls=most))

    async def run(self, most: int, *numbers: int) -> list[int]:
        """Run shards beside each other and return how many items each has ended."""

        async def ended(job: Job) -> int:
            results = [result async for result in job.results()]
            # What lacked budget has not ended: nothing failed.
            assert {result["status"] for result in results} <= {"done"}
            return len(results)

        return list(await asyncio.gather(*(ended(self.job(number, most)) for number in numbers)))


async def test_four_machines_send_no_more_calls_than_the_job_may(tmp_path: Path, store: str) -> None:
    machines = Machines(tmp_path)
    for most in (10, 10, 24):
        await machines.run(most, 1, 2, 3, 4)
        assert 0 < machines.calls <= most
    await machines.run(100, 1, 2, 3, 4)
    assert machines.done() == 40
    assert machines.calls <= 100


async def test_what_one_does_not_need_another_may_spend(tmp_path: Path, store: str) -> None:
    machines, budget = Machines(tmp_path, items=60), 60
    by_shard = Counter(crc32(str(number).encode()) % SHARDS for number in range(1, 61))
    assert max(by_shard.values()) > budget / SHARDS, "divided evenly it would be enough"
    # A shard that stops while another one holds the rest goes on when that has ended.
    for _ in range(6):
        await machines.run(budget, 1, 2, 3, 4)
    assert machines.done() == machines.calls == budget


async def test_a_machine_whose_disk_is_lost_counts_as_having_spent_what_it_was_lent(
    tmp_path: Path, store: str, caplog: pytest.LogCaptureFixture
) -> None:
    machines = Machines(tmp_path)
    await machines.run(12, 1, 2, 3, 4)
    shutil.rmtree(tmp_path / "machine1")
    with caplog.at_level(logging.WARNING):
        await machines.run(12, 1)
    assert machines.calls <= 12
    assert "choose a folder of another name" in caplog.text


async def test_without_the_store_each_keeps_to_its_even_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("FANLOOM_LIMITS_URL", "redis://me:hunter2@127.0.0.1:1/0")
    machines = Machines(tmp_path)
    assert await machines.run(10, 1, 2, 3, 4) == [3, 3, 2, 2]
    assert caplog.text.count("cannot be shared") == SHARDS
    assert "hunter2" not in caplog.text


AMOUNT = st.integers(1, 60)
STEPS = st.lists(st.tuples(st.sampled_from(["spend", "end", "kill", "away"]), st.integers(1, SHARDS)), max_size=60)


@examples(max_examples=200, deadline=None)
@given(AMOUNT, STEPS)
def test_never_more_is_spent_than_the_whole(whole: int, steps: list[tuple[str, int]]) -> None:
    parts = {(n, SHARDS): Bounds(max_model_calls=whole).of_shard(SHARDS, n) for n in range(1, SHARDS + 1)}
    ledger: dict[str, Any] = {}
    spent = dict.fromkeys(parts, 0)
    lent: dict[Any, float | None] = dict.fromkeys(parts)
    for action, number in steps:
        shard, held = (number, SHARDS), {CALLS: spent[number, SHARDS]}
        if action == "kill":
            lent[shard] = None
        elif action == "end" and lent[shard] is not None:
            give_back(ledger, shard, held, held)
            lent[shard] = None
        elif action == "spend":
            if lent[shard] is None:
                assert come(ledger, shard, held, {}) == held
            wanted = {CALLS: spent[shard] + 1}
            lent[shard] = lend(ledger, shard, {CALLS: whole}, parts, Shares(held, held, wanted))[CALLS]
            spent[shard] += spent[shard] < lent[shard]
        elif lent[shard] is None and f"{number}-of-{SHARDS}" not in ledger.get("shards", {}):
            # It has never reached the store, and has its even part.
            spent[shard] += spent[shard] < parts[shard][CALLS]
        assert sum(spent.values()) <= whole
