"""The command line as a process: start-up, pipes, terminals, encodings and signals."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import pytest

from tests.slow import slow

FLOW = '''
"""A fan-out."""
import operator
import threading
from typing import Annotated
from langgraph.graph import START, StateGraph
from langgraph.types import Send
from typing_extensions import TypedDict

class In(TypedDict):
    text: str
    n: int

class Out(TypedDict):
    answer: str
    failures: list[dict]

class State(In, Out):
    parts: Annotated[list[dict], operator.add]

def plan(state): return {}
def spread(state): return [Send("work", {"x": x}) for x in range(state["n"])]

async def work(state):
    status = "failed" if state["x"] == 1 else "done"
    return {"parts": [{"task_id": str(state["x"]), "status": status, "error": None}]}

def join(state):
    failed = [part for part in state["parts"] if part["status"] != "done"]
    return {"answer": state["text"], "failures": failed}

def block(state):
    print("blocked", flush=True)
    threading.Event().wait()

builder = StateGraph(State, input_schema=In, output_schema=Out)
builder.add_node(plan)
builder.add_node(work)
builder.add_node(join)
builder.add_edge(START, "plan")
builder.add_conditional_edges("plan", spread, ["work"])
builder.add_edge("work", "join")
stuck = StateGraph(In)
stuck.add_node(block)
stuck.add_edge(START, "block")
'''

NASTY = "“[bold]ü[/]” \x1b[31m" + "word " * 40


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "flow.py").write_text(FLOW)
    (tmp_path / "langgraph.json").write_text('{"graphs": {"flow": "flow:builder", "stuck": "flow:stuck"}}')
    (tmp_path / "in.json").write_text(json.dumps({"text": NASTY, "n": 1}))
    return tmp_path


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")}
    return {**kept, "PYTHONUTF8": "0", "LC_ALL": "C.UTF-8", "TERM": "xterm-256color", **more}


def fanloom(
    *args: str, cwd: Path, env: dict[str, str] | None = None, **more: Any
) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "fanloom", *args]
    return subprocess.run(command, cwd=cwd, env=env or environment(), capture_output=True, check=False, **more)


def in_terminal(*args: str, cwd: Path, width: int = 80, **env: str) -> tuple[int, str]:
    """Run in a pseudo-terminal of that width; return the exit code and all that was written to it."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    command = [sys.executable, "-m", "fanloom", *args]
    process = subprocess.Popen(command, cwd=cwd, env=environment(**env), stdin=child, stdout=child, stderr=child)
    os.close(child)
    written = b""
    while True:
        try:
            part = os.read(parent, 65536)
        except OSError:  # Linux ends a terminal whose writers have left with EIO.
            break
        if not part:
            break
        written += part
    os.close(parent)
    return process.wait(), written.decode()


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys\nsys.argv = ['fanloom', '--help']\nfrom fanloom.cli import cli\n"
        "try: cli()\nexcept SystemExit as ending: assert not ending.code\n"
        "heavy = {'langgraph', 'langchain', 'langchain_core', 'pydantic', 'rich', 'asyncio', 'fanloom.redaction'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


def test_list_imports_no_graph_library(project: Path) -> None:
    code = (
        "import sys\nsys.argv = ['fanloom', 'list']\nfrom fanloom.cli import cli\n"
        "try: cli()\nexcept SystemExit as ending: assert not ending.code\n"
        "sys.exit(', '.join({'langgraph', 'langchain_core', 'pydantic', 'flow'} & set(sys.modules)) or 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


def test_piped_output_is_the_result_alone(project: Path) -> None:
    result = fanloom("run", "flow", "--input", "in.json", "--json", cwd=project)
    assert (result.returncode, result.stderr) == (0, b"")
    assert json.loads(result.stdout) == {"answer": NASTY, "failures": []}
    assert result.stdout.count(b"\n") == 1


@pytest.mark.parametrize("encoding", ["ascii", slow("utf-8")])
def test_encodings(project: Path, encoding: str) -> None:
    env = environment(PYTHONIOENCODING=encoding, LC_ALL="C")
    result = fanloom("run", "flow", "--input", "in.json", cwd=project, env=env)
    assert result.returncode == 0, result.stderr
    assert b"[bold]" in result.stdout
    assert b"\x1b" not in result.stdout
    result = fanloom("run", "flow", "--input", "in.json", "--json", cwd=project, env=env)
    assert json.loads(result.stdout.decode(encoding))["answer"] == NASTY


def test_exit_code_and_note_when_a_task_is_not_done(project: Path) -> None:
    result = fanloom("run", "flow", "--text", "x", "--n", "3", cwd=project)
    assert (result.returncode, result.stderr) == (3, b"1 task was not done.\n")


@pytest.mark.parametrize(
    ("env", "width"),
    [({}, 80), slow({"NO_COLOR": "1"}, 8), ({"TERM": "dumb"}, 8), slow({"PYTHONIOENCODING": "ascii"}, 80)],
)
def test_progress_on_a_terminal(project: Path, env: dict[str, str], width: int) -> None:
    code, written = in_terminal("run", "flow", "--text", NASTY, "--n", "3", cwd=project, width=width, **env)
    assert code == 3
    assert "Traceback" not in written
    assert "work 2/3 done, 1 failed" in written
    assert ("\x1b[" in written) == (env.get("TERM") != "dumb")


@pytest.mark.slow
def test_json_on_a_terminal_is_indented_and_alone(project: Path) -> None:
    code, written = in_terminal("run", "flow", "--text", "x", "--n", "1", "--json", cwd=project)
    assert (code, written) == (0, '{\r\n  "answer": "x",\r\n  "failures": []\r\n}\r\n')


@pytest.mark.slow
def test_quiet_leaves_progress_out(project: Path) -> None:
    code, written = in_terminal("run", "flow", "--text", "x", "--n", "1", "--quiet", cwd=project)
    assert code == 0
    assert "work" not in written


def test_ctrl_c_stops_at_once_even_in_a_blocked_thread(project: Path) -> None:
    command = [sys.executable, "-m", "fanloom", "run", "stuck", "--text", "x", "--n", "1"]
    process = subprocess.Popen(command, cwd=project, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stderr is not None
    assert process.stderr.readline() == b"blocked\n"
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=60)
    assert (process.returncode, out, error) == (130, b"", b"Stopped.\n")


def test_a_reader_that_leaves_is_no_error(project: Path) -> None:
    (project / "in.json").write_text(json.dumps({"text": "line\n" * 20_000, "n": 1}))
    command = [sys.executable, "-m", "fanloom", "run", "flow", "--input", "in.json"]
    process = subprocess.Popen(command, cwd=project, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 141
    process.stderr.close()
