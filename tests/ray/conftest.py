"""A Ray cluster, a project whose graph writes down each run, and the command line in processes of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

GRAPH = '''"""A graph that writes down which item runs in which process, and takes a moment."""

import asyncio
import os

from langgraph.graph import START, StateGraph
from typing_extensions import TypedDict

from arithmetic.doubling import double


class State(TypedDict, total=False):
    n: int
    log: str
    doubled: int


async def count(state: State) -> State:
    descriptor = os.open(state["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, f"{state['n']} {os.getpid()}\\n".encode())
    os.close(descriptor)
    await asyncio.sleep(0.05)
    return {"doubled": double(state["n"])}


graph = StateGraph(State).add_node("count", count).add_edge(START, "count").compile(name="counting")
'''
HEAD = """import logging, os, sys
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
import ray
logging.getLogger("ray").setLevel(logging.ERROR)
ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
print(ray.get_runtime_context().gcs_address, flush=True)
sys.stdin.read()
ray.shutdown()
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what is here without Ray; CI has it, and must not pass without."""
    if find_spec("ray") is None:
        if os.environ.get("NEEDS_RAY"):
            pytest.exit("Ray is not installed: run `make ray`", 1)
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="Ray is not installed: run `make ray`"))


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """Return the variables of the command line; each process would compile its modules anew."""
    own = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**own, "FANLOOM_MODEL": "offline", "RAY_AUTH_MODE": "token"}


@pytest.fixture(scope="session")
def cluster(environment: dict[str, str]) -> Iterator[str]:
    """Run a cluster with two CPUs, and return its address."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", HEAD], env=environment, stdin=pipe, stdout=pipe, text=True) as head:
        assert head.stdout
        yield head.stdout.readline().strip()
        head.communicate("")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a user's project, whose graph is in a file and imports a package beside it."""
    root = tmp_path / "project"
    (root / "arithmetic").mkdir(parents=True)
    (root / "arithmetic" / "__init__.py").write_text("")
    (root / "arithmetic" / "doubling.py").write_text("def double(n: int) -> int:\n    return 2 * n\n")
    (root / "counting.py").write_text(GRAPH)
    (root / "langgraph.json").write_text(json.dumps({"graphs": {"counting": "./counting.py:graph"}}))
    return root


class CountedJob:
    """A job of the counting graph: how it is begun, which items have ended, and which runs were begun."""

    def __init__(self, root: Path, items: int, *options: str) -> None:
        self.out, self.items, self._log = root.parent / "job", items, root.parent / "runs.log"
        rows = [{"n": n, "log": str(self._log)} for n in range(items)]
        (root.parent / "in.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        begun = ["batch", "run", "counting", str(root.parent / "in.jsonl"), "--id", "n", "--out", str(self.out)]
        self.command = [sys.executable, "-m", "fanloom", "-C", str(root), *begun, *options]

    def ended(self) -> list[str]:
        """Return the ids of the items that have ended, in their order."""
        file = self.out / "results.jsonl"
        lines = file.read_bytes().split(b"\n")[:-1] if file.exists() else []
        results = [json.loads(line) for line in lines]
        assert all(result["output"] == {**result["output"], "doubled": 2 * int(result["id"])} for result in results)
        return [result["id"] for result in results]

    def runs(self) -> list[list[str]]:
        """Return the item and the process of each run that was begun."""
        return [line.split() for line in self._log.read_text().splitlines()] if self._log.exists() else []
