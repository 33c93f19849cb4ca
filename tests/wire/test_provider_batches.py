"""Jobs whose calls go to providers' batch modes, at the wire: once each, whatever ends, expires, fails or is killed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fanloom.batch.job import Bounds
from fanloom.batch.job_folder import JobFolder, Manifest
from fanloom.batch.provider_jobs import wave_sending
from fanloom.batch.provider_jobs.wave_job import WaveJob
from fanloom.batch.provider_jobs.wave_options import WaveOptions
from fanloom.gateway.bounds import process_limits
from graphs.support_router import graph as router
from tests.wire.conftest import BEDROCK, GEMINI
from tests.wire.provider import foreign
from tests.wire.provider.batches import ROLE, S3, BatchProvider


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> Iterator[BatchProvider]:
    """Run a provider with batch modes to which the environment leads all clients; nobody waits between two looks."""
    monkeypatch.setattr(wave_sending, "poll_s", lambda attempt: 0.0)
    with BatchProvider() as running:
        for name in foreign():
            monkeypatch.delenv(name)
        for name, value in running.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(process_limits, "_limits", type(process_limits._limits)())
        yield running


def job(tmp_path: Path, count: int, model: str = GEMINI, graph: Any = router, **given: Any) -> WaveJob:
    folder = JobFolder(tmp_path / "job")
    folder.begin(Manifest(graph.name, {"model": model}, "items from Python", ""), force=True)
    options = {name: given.pop(name) for name in ("max_waves", "online", "wait_hours") if name in given}
    items = given.pop("items", None) or [{"query": f"I was charged twice, {n}"} for n in range(count)]
    waves = WaveOptions(s3=S3, role=ROLE, **options)
    context = {"model": model, **given.pop("context", {})}
    return WaveJob(graph, items, context, folder, concurrency=32, bounds=Bounds(**given), waves=waves)


async def ran(job: WaveJob) -> list[Any]:
    return [result async for result in job.results()]


@pytest.mark.parametrize(("model", "count"), [(GEMINI, 5), (BEDROCK, 100)], ids=["gemini", "bedrock"])
async def test_each_wave_is_one_job_and_each_item_ends_once(
    jobs: BatchProvider, tmp_path: Path, model: str, count: int
) -> None:
    results = await ran(job(tmp_path, count, model))
    assert Counter(result["id"] for result in results) == Counter(str(n + 1) for n in range(count))
    assert {result["status"] for result in results} == {"done"}
    assert [len(each.lines) for each in jobs.jobs] == [count, count]
    assert len({each.name for each in jobs.jobs}) == 2
    assert jobs.requests == []
