"""What changes when a file is written anew."""

from __future__ import annotations

from pathlib import Path


def file_stamp(path: str) -> tuple[int, ...]:
    """Return what changes when a file is written or replaced: its time in nanoseconds, its size, its number."""
    try:
        known = Path(path).expanduser().stat()
    except OSError:
        return ()
    return known.st_mtime_ns, known.st_size, known.st_ino
