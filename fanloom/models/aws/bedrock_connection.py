"""The line of a call that another thread makes: who gives the call up hangs up, and the thread ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from typing import Any, TypeVar

from fanloom.loops.background import in_thread

T = TypeVar("T")


class Line:
    """The connection on which the answer to one botocore call comes, once it has begun to come.

    A read time-out ends only a silent answer: of one that trickles, the thread and the socket would stay for ever.
    """

    def __init__(self) -> None:
        self.hung_up = False
        self._answer: Any = None
        self._busy = False
        self._lock = threading.Lock()

    async def call(self, work: Callable[[], T]) -> T:
        """Do blocking work in a thread of its own, and hang up if its caller is cancelled meanwhile."""
        try:
            return await in_thread(lambda: self._on(work))
        except asyncio.CancelledError:
            self.hang_up()
            raise

    def hang_up(self) -> None:
        """End the answer that is coming, if one is; its reader meets an early end and closes its connection."""
        with self._lock:
            self.hung_up = True
            if self._answer is not None:
                # It may have ended by itself and given its connection back. urllib3 before 2.3 cannot do this.
                with suppress(RuntimeError, ValueError, OSError, AttributeError):
                    self._answer.shutdown()
            if not self._busy:
                # Between two parts of a stream nobody reads, so nobody would meet the end.
                self._close()

    def carry(self, answer: Any) -> None:
        """Take urllib3's response, whose body has not been read."""
        self._answer = answer
        if self.hung_up:
            self.hang_up()

    def _on(self, work: Callable[[], T]) -> T:
        _LINE.set(self)
        self._busy = True
        try:
            return work()
        finally:
            with self._lock:
                self._busy = False
                if self.hung_up:
                    self._close()

    def _close(self) -> None:
        if self._answer is not None:
            self._answer.close()


_LINE: ContextVar[Line | None] = ContextVar("fanloom_line", default=None)


def sends_on_lines(session: Any) -> Callable[..., Any]:
    """Return a handler of botocore's `before-send` that sends a request on the line of its thread, if it has one."""

    def send(request: Any, **_: Any) -> Any:
        line = _LINE.get()
        if line is None:
            return None
        if line.hung_up:
            # While the request was being made, which can take a credential helper seconds.
            raise ConnectionError("the call was given up before it was sent")
        # Else the session reads the whole body before anybody can have a hand on it; botocore reads it later.
        request.stream_output = True
        answer = session.send(request)
        line.carry(answer.raw)
        return answer

    return send
