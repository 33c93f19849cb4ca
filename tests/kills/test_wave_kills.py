"""SIGKILL of `fanloom batch --provider-batch` at any moment, then the same command again: no call is paid for twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.kills.routed_job import check_ended_once, command_of
from tests.wire.conftest import GEMINI
from tests.wire.provider.batches import BatchProvider

ITEMS, KILLS = 60, 10


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_ten_kills_of_a_job_in_waves(tmp_path: Path) -> None:
    chance, out = random.Random(2), tmp_path / "job"
    command = command_of(tmp_path, ITEMS, "--model", GEMINI, "--provider-batch", "--no-count-waves")
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
    check_ended_once(tmp_path, ITEMS)
    assert len({record.key for record in provider.answered}) == len(provider.answered) == 2 * ITEMS
    assert len({made.name for made in provider.jobs}) == len(provider.jobs)
    print(f"{killed} kills; {len(provider.jobs)} jobs; {ITEMS} items ended once")
