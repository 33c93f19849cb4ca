"""Jobs on Ray itself: what ends, what is said, what is spent, and what nobody else gets to know."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.ray.conftest import CountedJob
from tests.wire.provider import FakeProvider

REPOSITORY = Path(__file__).parents[2]
WIDTH = 8


@pytest.fixture
def ray_folder() -> Iterator[Path]:
    """Return a folder for all that Ray writes; a path in it must not become longer than a socket's may be."""
    folder = Path(tempfile.mkdtemp(prefix="ray"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def said(*command: str, env: dict[str, str], cwd: Path = REPOSITORY) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=env, cwd=cwd, capture_output=True, text=True, timeout=120)


def fanloom(*args: object, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return said(sys.executable, "-m", "fanloom", *map(str, args), env=env)


def test_a_job_on_a_cluster_of_its_own(project: Path, environment: dict[str, str], ray_folder: Path) -> None:
    secret = "AIzaSyDontTellAnybodyAboutThis1234567890"
    env = {**environment, "RAY_TMPDIR": str(ray_folder), "GOOGLE_API_KEY": secret}
    del env["RAY_AUTH_MODE"]
    job = CountedJob(project, 60, "--engine", "ray", "--limit", "40")
    first = said(*job.command, env=env)
    # Ray itself says nothing.
    assert (first.returncode, first.stdout, len(first.stderr.splitlines())) == (0, "", 1), first.stderr
    assert first.stderr.startswith("40 done, 0 in part, 0 failed")
    # One that starts late finds nothing left.
    assert 1 <= len({pid for _, pid in job.runs()}) <= (os.cpu_count() or 1)
    # What has begun on Ray goes on here, and the other way round.
    assert (
        fanloom("-C", project, "batch", "resume", job.out, "--engine", "local", "--limit", 10, env=env).returncode == 0
    )
    assert json.loads((job.out / "manifest.json").read_text())["engine"] == {}
    assert fanloom("-C", project, "batch", "resume", job.out, "--engine", "ray", env=env).returncode == 0
    assert len(job.runs()) == len(set(job.ended())) == 60
    assert json.loads(fanloom("batch", "status", job.out, "--json", env=env).stdout)["done"] == 60
    assert fanloom("batch", "export", job.out, job.out / "all.csv", env=env).returncode == 0
    written = [file for file in ray_folder.rglob("*") if file.is_file()]
    assert written
    assert not [file for file in written if secret.encode() in file.read_bytes()]


@pytest.mark.parametrize(
    "stop",
    [
        # A terminal sends it to the whole group, in which Ray's processes are too.
        pytest.param(lambda process: os.killpg(process.pid, signal.SIGINT), id="Ctrl-C"),
        pytest.param(lambda process: process.terminate(), id="SIGTERM"),
    ],
)
def test_a_signal_lets_what_is_in_flight_end(
    project: Path, environment: dict[str, str], stop: Callable[[subprocess.Popen[str]], None]
) -> None:
    job = CountedJob(project, 2000, "--engine", "ray", "--concurrency", str(WIDTH))
    with subprocess.Popen(
        job.command, env=environment, stderr=subprocess.PIPE, text=True, process_group=0, cwd=REPOSITORY
    ) as process:
        while process.poll() is None and len(job.ended()) < 20:
            time.sleep(0.01)
        stop(process)
        assert process.stderr
        told = process.stderr.read()
    assert (process.returncode, "Go on with: fanloom batch resume" in told) == (1, True), told
    assert sorted(job.ended()) == sorted(item for item, _ in job.runs())


def test_the_budget_and_the_limits_are_those_of_the_whole_job(tmp_path: Path, environment: dict[str, str]) -> None:
    rows = "".join(f'{{"query": "I was charged twice, {n}"}}\n' for n in range(60))
    (tmp_path / "in.jsonl").write_text(rows)
    with FakeProvider() as provider:
        env = {**environment, **provider.environment(), "FANLOOM_MODEL": "google_genai:gemini-2.5-flash"}
        begun = ["batch", "run", "support_router", tmp_path / "in.jsonl", "--engine", "ray", "--out"]
        ended = fanloom(*begun, tmp_path / "budget", "--max-model-calls", 25, env=env)
        assert (ended.returncode, "max_model_calls=25" in ended.stderr) == (1, True), ended.stderr
        assert len(provider.requests) == 25
        assert json.loads((tmp_path / "budget/spent.json").read_text())["max_model_calls"] == 25
        provider.clear()
        command = [sys.executable, "-m", "fanloom", *map(str, begun), str(tmp_path / "limits"), "-q"]
        with subprocess.Popen(command, env={**env, "FANLOOM_RPM": "30"}, cwd=REPOSITORY) as process:
            provider.until(lambda running: len(running.requests) >= 27, timeout=60)
            with pytest.raises(TimeoutError):
                provider.until(lambda running: len(running.requests) > 30, timeout=3)
            process.kill()


PROGRAM = """
import asyncio, sys, threading
from counting import graph
from fanloom import UserError, run_batch

async def main():
    where = {"engine": "ray", "address": sys.argv[1]}
    items = [{"n": n, "log": sys.argv[3]} for n in range(20)]
    found = [result async for result in run_batch(graph, items, out=sys.argv[2], **where)]
    print(sum(result["output"]["doubled"] for result in found))
    try:
        [result async for result in run_batch(graph, items, context={"model": threading.Lock()}, **where)]
    except UserError as error:
        print(error)

asyncio.run(main())
"""


def test_a_job_of_a_program(project: Path, cluster: str, environment: dict[str, str], tmp_path: Path) -> None:
    (project / "program.py").write_text(PROGRAM)
    args = [str(project / "program.py"), cluster, str(tmp_path / "job"), str(tmp_path / "log")]
    told = said(sys.executable, *args, env=environment, cwd=project)
    assert told.returncode == 0, told.stderr
    total, refused = told.stdout.splitlines()
    assert (int(total), "the context cannot be sent to a worker (TypeError" in refused) == (380, True)
    assert len((tmp_path / "job/results.jsonl").read_text().splitlines()) == 20


def test_the_ways_to_a_cluster_run_as_they_stand(tmp_path: Path, cluster: str, environment: dict[str, str]) -> None:
    rows = "".join(f'{{"number": {n}, "text": "The app crashes"}}\n' for n in range(6))
    (tmp_path / "queries.jsonl").write_text(rows)
    env = {**environment, "RAY_ADDRESS": cluster, "PATH": f"{Path(sys.executable).parent}:{environment['PATH']}"}
    page = (REPOSITORY / "docs" / "cluster.md").read_text(encoding="utf-8")
    commands = re.findall(r"^fanloom (batch run .* --engine ray.*)", page, re.M)
    assert commands
    for command in commands:
        ended = said("sh", "-c", f"'{sys.executable}' -m fanloom -C '{REPOSITORY}' {command}", env=env, cwd=tmp_path)
        assert (ended.returncode, ended.stderr.startswith("6 done")) == (0, True), ended.stderr


def test_a_graph_that_workers_cannot_import_is_named(project: Path, cluster: str, environment: dict[str, str]) -> None:
    file = project / "counting.py"
    file.write_text(f"import sys\nassert 'default_worker' not in sys.argv[0], 'not here'\n{file.read_text()}")
    job = CountedJob(project, 5, "--engine", "ray", "--address", cluster)
    told = said(*job.command, env=environment)
    assert told.returncode == 2, told.stderr
    assert "a Ray worker cannot run the graph: graph 'counting' of langgraph.json" in told.stderr
    assert "AssertionError: not here" in told.stderr
    assert job.ended() == []
