"""SIGKILL of `fanloom batch` at any moment, then the same command again: no item lost, none twice, one budget."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.kills.routed_job import check_ended_once, command_of

ITEMS, WIDTH, KILLS = 600, 8, 10


def ended(out: Path) -> int:
    return (out / "results.jsonl").read_bytes().count(b"\n") if (out / "results.jsonl").exists() else 0


def kill_in_work(command: list[str], out: Path, after_s: float) -> bool:
    """Kill a job so long after its first new result; return whether it was still running."""
    before = ended(out)
    process = subprocess.Popen(command, env={**os.environ, "FANLOOM_MODEL": "offline"})
    while ended(out) == before and process.poll() is None:
        time.sleep(0.005)
    time.sleep(after_s)
    was_running = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    return was_running


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_ten_kills_of_a_job(tmp_path: Path) -> None:
    chance, out = random.Random(1), tmp_path / "job"
    # Two calls an item, and of each kill what was in flight.
    most = 2 * ITEMS + 2 * WIDTH * KILLS
    command = command_of(tmp_path, ITEMS, "--concurrency", str(WIDTH), "--max-model-calls", str(most))
    killed = sum(kill_in_work(command, out, 0.3 * chance.random()) for _ in range(KILLS))
    assert subprocess.run(command, timeout=300).returncode == 0
    check_ended_once(tmp_path, ITEMS)
    print(f"{killed} kills; {ITEMS} items ended once")
