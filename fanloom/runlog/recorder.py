"""The events of one run, as they happen: a tuple for each, handed to the writer; nothing here waits or fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, Literal, NamedTuple

VERSION = 1
Mode = Literal["facts", "all"]
"""What a log holds: `facts` no contents, `all` prompts, answers, inputs and results too."""


_NONE: Mapping[str, Any] = {}


class Content(NamedTuple):
    """A text that is kept once, by its hash, and named by the events that have it."""

    text: str
    is_output: bool = False
    """Whether a model or a graph has made it, not its caller."""


class Entry(NamedTuple):
    """One event on its way to the writer."""

    run: str
    seq: int
    at_ms: int
    """Milliseconds since the epoch."""
    mono_us: int
    """Microseconds on the process's monotonic clock."""
    type: str
    fields: dict[str, Any]
    contents: Mapping[str, Any]


class RunRecorder:
    """What code that takes part in a run writes down; `put` takes each entry and must not block.

    A run that goes on is recorded by a recorder that starts at the number after the last.
    """

    def __init__(self, run: str, put: Callable[[Entry], None], *, first_seq: int = 1) -> None:
        self.run = run
        self.is_new = first_seq == 1
        """Whether its log begins with this recorder."""
        self._put = put
        # Each `next` of a count is atomic.
        self._numbers = count(first_seq)
        # No run has more parts than events, so that no part has an id from before.
        self._ids = count(first_seq)

    def new_id(self, kind: str) -> str:
        """Return an id for a part of the run: none has it, also of those before it went on in another process."""
        return f"{kind[0]}{next(self._ids)}"

    def add(self, type: str, contents: Mapping[str, Any] = _NONE, /, **fields: Any) -> None:
        """Write down an event; the fields are JSON-plain, and those that are None are left out.

        Its contents, each a Content or a list or dict that holds some, become the hashes of their texts, and are left
        out where only facts are kept.
        """
        at_ms, mono_us = time.time_ns() // 1_000_000, time.monotonic_ns() // 1000
        self._put(Entry(self.run, next(self._numbers), at_ms, mono_us, type, fields, contents))
