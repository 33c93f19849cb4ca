"""Processes behind one socket: started again when they are killed, told apart from those that cannot start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import os, signal, socket, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from fanloom.server.aegra.instances import Instances


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(os.getpid()).encode())


def healthy(listener, says):
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    server = HTTPServer(listener.getsockname(), Page, bind_and_activate=False)
    server.socket = listener
    says.send(True)
    server.serve_forever()


def broken(listener, says):
    sys.exit(3)


def dying(listener, says):
    os.kill(os.getpid(), signal.SIGKILL)


def deaf(listener, says):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    says.send(True)
    while True:
        signal.pause()


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serve, count = globals()[sys.argv[1]], int(sys.argv[2])
        tell = lambda text: print(text, flush=True)
        sys.exit(Instances(listener, count, serve=serve, preload="json", announce=tell).run())
"""


class Running:
    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self.process, self._log = process, log

    @property
    def log(self) -> list[str]:
        return self._log.read_text().splitlines()

    @property
    def serving(self) -> list[int]:
        return [int(line.split()[1]) for line in self.log if " serves " in line]

    @property
    def url(self) -> str:
        return next(word for line in self.log if " serves " in line for word in line.split() if "://" in word)


@contextmanager
def running(folder: Path, kind: str, count: int) -> Iterator[Running]:
    (folder / "program.py").write_text(PROGRAM)
    log = folder / "log"
    with log.open("w") as out:
        command = [sys.executable, str(folder / "program.py"), kind, str(count)]
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=out, stderr=out, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
    shown = Running(process, log)
    try:
        yield shown
    finally:
        process.kill()
        process.wait(30)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_all_serve_one_address_one_that_is_killed_is_replaced_and_all_end_together(tmp_path: Path) -> None:
    with running(tmp_path, "healthy", 2) as it:
        until(lambda: len(it.serving) == 2)
        assert int(httpx.get(it.url, timeout=30).text) in it.serving
        os.kill(it.serving[0], signal.SIGKILL)
        until(lambda: len(it.serving) == 3)
        assert f"Instance {it.serving[0]} was killed; another one takes its place." in it.log
        assert int(httpx.get(it.url, timeout=30).text) in it.serving[1:]
        it.process.send_signal(signal.SIGTERM)
        assert it.process.wait(30) == 0
        assert not any(is_alive(pid) for pid in it.serving)


def test_one_that_cannot_start_ends_all(tmp_path: Path) -> None:
    with running(tmp_path, "broken", 2) as it:
        assert it.process.wait(30) == 1
        assert any("ended with exit code 3" in line for line in it.log)
        assert it.serving == []


def test_those_that_die_again_and_again_are_given_up(tmp_path: Path) -> None:
    with running(tmp_path, "dying", 1) as it:
        assert it.process.wait(60) == 1
        assert it.log[-1] == "6 instances in a row were killed within 10 s: no more are started."


def test_a_second_signal_ends_those_that_do_not_listen(tmp_path: Path) -> None:
    with running(tmp_path, "deaf", 1) as it:
        until(lambda: len(it.serving) == 1)
        it.process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            it.process.wait(1)
        it.process.send_signal(signal.SIGINT)
        it.process.wait(30)
        until(lambda: not is_alive(it.serving[0]))
