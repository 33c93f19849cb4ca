"""The processes of a server behind one socket: one that dies is started again, and none outlives the rest."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from fanloom.server.aegra.aegra_instance import serve_at

# The first of a new database makes its tables, which the others find then.
_LOOK_S = 0.2
# Aegra lets runs end for 30 s before it hands them to others.
_LAST_S = 45.0
# One that dies sooner again and again will not live.
_YOUNG_S, _MOST_YOUNG = 10.0, 5
# What multiprocessing says of a process of which it cannot know how it ended.
_UNKNOWN = 255


@dataclass
class _Instance:
    process: BaseProcess
    says: Connection
    began: float
    is_ready: bool = False

    def look(self) -> bool:
        """Tell whether it has become ready since."""
        if self.is_ready or not self.says.poll():
            return False
        try:
            self.is_ready = bool(self.says.recv())
        except EOFError:
            return False
        return self.is_ready

    def was_killed(self) -> bool:
        code = self.process.exitcode
        return code is not None and (code < 0 or code == _UNKNOWN)


class Instances:
    """Processes that serve one socket.

    They are forked from one that has imported the server and its libraries, so that a new one serves soon.
    """

    def __init__(
        self,
        listener: socket.socket,
        count: int,
        *,
        serve: Callable[[socket.socket, Connection], None] = serve_at,
        preload: str = "fanloom.server.aegra.aegra_preload",
        announce: Callable[[str], Any] = print,
    ) -> None:
        self._listener, self._count, self._serve, self._announce = listener, count, serve, announce
        self._context = get_context("forkserver")
        self._context.set_forkserver_preload([preload])
        self._instances: list[_Instance] = []
        self._stops = self._young = 0

    def run(self) -> int:
        """Serve until a signal asks to stop, and return the exit code: 1 where an instance could not start."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        self._start()
        try:
            while not self._stops:
                wait([each.process.sentinel for each in self._instances], timeout=_LOOK_S)
                if not self._look():
                    return 1
            return 0
        finally:
            self._end()

    def _look(self) -> bool:
        """Start what is missing; False where it would not help."""
        for instance in list(self._instances):
            if instance.look():
                self._tell(instance)
            if instance.process.is_alive():
                continue
            self._instances.remove(instance)
            if not self._may_start_again(instance):
                return False
            self._announce(f"Instance {instance.process.pid} was killed; another one takes its place.")
            self._start()
        # Those that are not the first wait for it.
        while self._instances[0].is_ready and len(self._instances) < self._count:
            self._start()
        return True

    def _may_start_again(self, instance: _Instance) -> bool:
        code = instance.process.exitcode
        if self._stops:
            return True
        if not instance.was_killed():
            self._announce(f"Instance {instance.process.pid} has ended with exit code {code}: see what it has logged.")
            return False
        self._young = self._young + 1 if time.monotonic() - instance.began < _YOUNG_S else 0
        if self._young <= _MOST_YOUNG:
            return True
        self._announce(f"{self._young} instances in a row were killed within {_YOUNG_S:.0f} s: no more are started.")
        return False

    def _start(self) -> None:
        hears, says = self._context.Pipe(duplex=False)
        process = self._context.Process(target=self._serve, args=(self._listener, says), name="fanloom-serve")
        began = time.monotonic()
        process.start()
        says.close()
        self._instances.append(_Instance(process, hears, began))

    def _tell(self, instance: _Instance) -> None:
        host, port = self._listener.getsockname()[:2]
        where = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        took = time.monotonic() - instance.began
        self._announce(f"Instance {instance.process.pid} serves {where} after {took:.1f} s.")

    def _stop(self, *_: object) -> None:
        self._stops += 1

    def _end(self) -> None:
        """Let all instances end, and kill those that do not, or all at a second signal."""
        for instance in self._instances:
            if instance.process.pid and instance.process.is_alive():
                os.kill(instance.process.pid, signal.SIGTERM)
        deadline, asked = time.monotonic() + _LAST_S, self._stops
        while any(each.process.is_alive() for each in self._instances):
            if time.monotonic() > deadline or self._stops > max(asked, 1):
                for instance in self._instances:
                    instance.process.kill()
            wait([each.process.sentinel for each in self._instances if each.process.is_alive()], timeout=_LOOK_S)
