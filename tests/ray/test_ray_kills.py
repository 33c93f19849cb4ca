"""SIGKILL of the job's own process and of workers at random moments: no item lost, none twice, little run again."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ray.conftest import CountedJob

WIDTH, KILLS = 8, 10


def wait_until(process: subprocess.Popen[bytes], has_come: Callable[[], object]) -> None:
    while process.poll() is None and not has_come():
        time.sleep(0.005)


def all_once(job: CountedJob, kills: int) -> None:
    assert sorted(map(int, job.ended())) == list(range(job.items))
    again = len(job.runs()) - job.items
    assert again <= kills * WIDTH
    print(f"{kills} kills; {job.items} items ended once, {again} runs again of at most {kills * WIDTH}")


@pytest.mark.timeout(600)
def test_ten_kills_of_the_process_of_a_job(project: Path, cluster: str, environment: dict[str, str]) -> None:
    chance = random.Random(1)
    job = CountedJob(project, 900, "-q", "--engine", "ray", "--address", cluster, "--concurrency", str(WIDTH))
    killed = 0
    for _ in range(KILLS):
        before = len(job.ended())
        process = subprocess.Popen(job.command, env=environment)
        wait_until(process, lambda before=before: len(job.ended()) > before)
        time.sleep(0.5 * chance.random())
        killed += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert killed == KILLS
    assert subprocess.run(job.command, env=environment, timeout=300).returncode == 0
    all_once(job, KILLS)


@pytest.mark.timeout(600)
def test_ten_kills_of_workers(project: Path, cluster: str, environment: dict[str, str]) -> None:
    chance, seen = random.Random(2), set[str]()
    job = CountedJob(project, 3000, "-q", "--engine", "ray", "--address", cluster, "--concurrency", str(WIDTH))

    def working() -> set[str]:
        return {pid for _, pid in job.runs()} - seen

    process = subprocess.Popen(job.command, env=environment)
    for _ in range(KILLS):
        wait_until(process, working)
        time.sleep(0.3 * chance.random())
        assert process.poll() is None, "more items are needed"
        pid = chance.choice(sorted(working()))
        seen.add(pid)
        os.kill(int(pid), signal.SIGKILL)
    assert process.wait(timeout=300) == 0
    all_once(job, KILLS)
