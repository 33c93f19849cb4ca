"""SIGKILL of `fanloom batch --provider-batch` at any moment, then the same command again: no call is paid for twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from fanloom.batch.job_folder import JobFolder
from tests.wire.provider.batches import BatchProvider

ITEMS, KILLS = 60, 10


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_ten_kills_of_a_job_in_waves(tmp_path: Path) -> None:
    chance, out = random.Random(2), tmp_path / "job"
    rows = [{"query": f"I was charged twice, {n}"} for n in range(ITEMS)]
    (tmp_path / "in.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    command = [sys.executable, "-m", "fanloom", "batch", "run", "support_router", str(tmp_path / "in.jsonl"), "-q"]
    command += ["--out", str(out), "--model", "google_genai:gemini-2.5-flash", "--provider-batch", "--no-count-waves"]
    with BatchProvider() as provider:
        environment = {**os.environ, **provider.environment()}
        killed = 0
        for _ in range(KILLS):
            process = subprocess.Popen(command, env=environment)
            while not (out / "provider" / "threads.db").exists() and process.poll() is None:
                time.sleep(0.01)
            # From its start on: the modules take some seconds.
            time.sleep(2 + 4 * chance.random())
            killed += process.poll() is None
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert subprocess.run(command, timeout=300, env=environment).returncode == 0
    assert Counter(result["id"] for result in JobFolder(out).results()) == Counter(str(n + 1) for n in range(ITEMS))
    assert len({record.key for record in provider.answered}) == len(provider.answered) == 2 * ITEMS
    assert len({made.name for made in provider.jobs}) == len(provider.jobs)
    print(f"{killed} kills; {len(provider.jobs)} jobs; {ITEMS} items ended once")
