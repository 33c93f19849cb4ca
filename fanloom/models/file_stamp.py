"""What changes when a file is written anew."""

from __future__ import annotations

import time
from pathlib import Path

# File systems tell the time of a change in steps of some milliseconds: two in one step look like one.
_STEP_NS = 50_000_000


def file_stamp(path: str) -> tuple[int, ...]:
    """Return what changes when a file is written or replaced; of one written just now it changes each time."""
    try:
        known = Path(path).expanduser().stat()
    except OSError:
        return ()
    now = time.time_ns()
    still_new = now if now - known.st_mtime_ns < _STEP_NS else 0
    return known.st_mtime_ns, known.st_size, known.st_ino, still_new
