"""A log as it grows: its events as server-sent events, in batches, from any number on."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from fanloom.loops.background import in_thread
from fanloom.runlog.run_store import RunStore

_EACH_S = 0.1
# A run that stands still, because a person is waited for, is asked about more seldom.
_SLOWEST_S = 1.0
_HEARTBEAT_S = 15.0
# The reader comes again by itself, at the number where it was.
_LONGEST_S = 3600.0
_MOST_FOLLOWED = 100
_BATCH = 2000

_followed: set[object] = set()


async def follow(store: RunStore, run: str, after: int) -> AsyncIterator[bytes]:
    """Yield the events of a run after a number, until it has ended; a message's id is the number of its last event."""
    if len(_followed) >= _MOST_FOLLOWED:
        yield b"event: busy\ndata: too many pages follow runs here; try again later\n\n"
        return
    token = object()
    _followed.add(token)
    try:
        async for message in _messages(store, run, after):
            yield message
    finally:
        _followed.discard(token)


async def _messages(store: RunStore, run: str, after: int) -> AsyncIterator[bytes]:
    began = said = time.monotonic()
    pause = _EACH_S
    while time.monotonic() - began < _LONGEST_S:
        is_over = await in_thread(lambda: _is_over(store, run))
        events = await in_thread(partial(_events, store, run, after))
        for first in range(0, len(events), _BATCH):
            batch = events[first : first + _BATCH]
            after = batch[-1]["seq"]
            yield _message(batch)
        if is_over:
            yield b"event: end\ndata: \n\n"
            return
        pause = _EACH_S if events else min(_SLOWEST_S, pause * 1.1)
        if events:
            said = time.monotonic()
        elif time.monotonic() - said > _HEARTBEAT_S:
            said = time.monotonic()
            yield b": still here\n\n"
        await asyncio.sleep(pause)


def _events(store: RunStore, run: str, after: int) -> list[dict[str, Any]]:
    return list(store.events(run, after))


def _is_over(store: RunStore, run: str) -> bool:
    found = store.run(run)
    return found is None or found.status not in ("running", "waiting")


def _message(events: list[dict[str, Any]]) -> bytes:
    lines = "\n".join(f"data: {json.dumps(event)}" for event in events)
    return f"id: {events[-1]['seq']}\n{lines}\n\n".encode()
