"""What is kept in `.fanloom/` holds what people wrote: its owner reads and writes it, and nobody else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

FOLDER = ".fanloom"
_FOLDER_MODE, _FILE_MODE = 0o700, 0o600


def make_private(file: Path) -> None:
    """Make the folder of a file and, in a folder `.fanloom`, the file: for its owner only, as all that stands there.

    Call it before whatever else would make the file. Raises OSError.
    """
    kept = next((folder for folder in file.absolute().parents if folder.name == FOLDER), None)
    if kept is None:
        file.parent.mkdir(parents=True, exist_ok=True)
        return
    kept.mkdir(_FOLDER_MODE, parents=True, exist_ok=True)
    file.parent.mkdir(_FOLDER_MODE, parents=True, exist_ok=True)
    os.close(os.open(file, os.O_CREAT | os.O_WRONLY, _FILE_MODE))
    for found in (kept, *_within(kept)):
        _tighten(found)


def _within(folder: Path) -> Iterator[Path]:
    for found in folder.iterdir():
        # A link leads to what somebody keeps elsewhere.
        if not found.is_symlink():
            yield found
            if found.is_dir():
                yield from _within(found)


def _tighten(found: Path) -> None:
    # Another process may have removed it, or another user own it.
    with suppress(FileNotFoundError, PermissionError):
        mode = found.stat().st_mode & 0o777
        if mode & 0o077:
            found.chmod(mode & 0o700)
