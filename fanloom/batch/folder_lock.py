"""Who works in the folder of a job now: one process a shard, and no two that divide the job otherwise."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fanloom.errors import UserError

try:
    import fcntl
except ImportError:  # pragma: no cover - a system without locks on files
    fcntl = None  # type: ignore[assignment]


@contextmanager
def working_in(folder: Path, shard: tuple[int, int]) -> Iterator[None]:
    """Hold a shard of a job while the block runs; the system lets it go when the process ends, however it ends.

    Raises UserError where another process holds it, or a shard of another division, whose items are these too.
    """
    descriptor = _open(folder, shard)
    try:
        if not _lock(descriptor) or _is_divided_otherwise(folder, shard[1]):
            raise UserError(f"another process works in {str(folder)!r}; wait until it has ended, or stop it")
        yield
    finally:
        os.close(descriptor)


def _is_divided_otherwise(folder: Path, count: int) -> bool:
    others = [file for file in folder.glob(".working-*") if not file.name.endswith(f"-of-{count}")]
    return any(_is_held(file) for file in others)


def _is_held(file: Path) -> bool:
    descriptor = os.open(file, os.O_RDWR)
    try:
        return not _lock(descriptor)
    finally:
        os.close(descriptor)


def _open(folder: Path, shard: tuple[int, int]) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    return os.open(folder / f".working-{shard[0]}-of-{shard[1]}", os.O_RDWR | os.O_CREAT, 0o600)


def _lock(descriptor: int) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
