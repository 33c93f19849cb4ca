"""Every command, example, picture and output in the README is real."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
COMMANDS = [line for kind, body in BLOCKS if kind == "sh" for line in body.splitlines()]
EXAMPLES = [body for kind, body in BLOCKS if kind == "python"]
# What these do is the whole test run, or a server that stays up (tests/wire/test_dev_server.py starts it).
DRY = {"make test", "make dev"}


def run(command: str | list[str]) -> subprocess.CompletedProcess[str]:
    # Under `make test` a child make would announce the directories that it enters.
    outer = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    environment = {**outer, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        shell=isinstance(command, str),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_there_is_something_to_test() -> None:
    assert {"make demo", "make test", "make dev", "fanloom list"} <= set(COMMANDS)
    assert len(EXAMPLES) == 2


@pytest.mark.parametrize("command", COMMANDS)
def test_command(command: str) -> None:
    done = run(command.replace("make", "make -n", 1) if command in DRY else command)
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_example(number: int) -> None:
    done = run([sys.executable, "-W", "error", "-c", EXAMPLES[number]])
    assert done.returncode == 0, done.stderr
    assert ["->", "done Hello Ada!"][number] in done.stdout


def test_the_demo_prints_what_the_readme_says() -> None:
    (shown,) = re.findall(r"makes an FAQ from the documents in `examples/`:\n\n```text\n(.*?)```", TEXT, re.DOTALL)
    assert run("make demo").stdout.strip() == shown.strip()


@pytest.mark.parametrize("name", re.findall(r"^`(\w+)`:\n\n```mermaid", TEXT, re.MULTILINE))
def test_picture(name: str) -> None:
    (shown,) = re.findall(rf"^`{name}`:\n\n```mermaid\n(.*?)```", TEXT, re.MULTILINE | re.DOTALL)
    assert importlib.import_module(f"graphs.{name}").graph.get_graph().draw_mermaid().strip() == shown.strip()
