"""Other versions of prompt files, tried in their place while a block runs; no file is changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from fanloom.errors import UserError
from fanloom.steps.prompt_file import Part, files_read, part_of_file


class PromptVersions:
    """Versions of prompt files by the files in whose place they are tried."""

    def __init__(self, files: Mapping[Path, Path]) -> None:
        """Read the versions.

        Raises UserError for a file that no prompt of this process has, and for a version that has other variables or
        says the same; PromptError for one that cannot be read.
        """
        self.files = {str(file): str(other) for file, other in files.items()}
        self._parts: dict[Path | None, Part] = {file.resolve(): _version(file, other) for file, other in files.items()}
        self._used: set[Path | None] = set()
        self._asked = False

    @contextmanager
    def tried(self) -> Iterator[None]:
        """Let the prompts of what runs in this block be these versions."""
        token = _HERE.set(self)
        try:
            yield
        finally:
            _HERE.reset(token)

    def instead(self, parts: Sequence[Part]) -> list[Part]:
        """Return the parts of a prompt with these versions among them."""
        self._asked = True
        self._used |= {part.file for part in parts} & self._parts.keys()
        return [self._parts.get(part.file, part) for part in parts]

    def unused(self) -> list[str]:
        """Return the files that no prompt was made of, though some prompt was made."""
        return [str(file) for file in self._parts.keys() - self._used] if self._asked else []

    def hashes(self) -> dict[str, str]:
        """Return 12 hex digits of each version's SHA-256, by the file in whose place it is tried."""
        hashes = {file: hashlib.sha256(part.template.encode()) for file, part in self._parts.items()}
        return {str(file): found.hexdigest()[:12] for file, found in hashes.items()}


_HERE: ContextVar[PromptVersions | None] = ContextVar("fanloom_prompt_versions", default=None)


def versions_here() -> PromptVersions | None:
    """Return the versions that are tried here, if any are."""
    return _HERE.get()


def _version(file: Path, other: Path) -> Part:
    was, version = files_read().get(file.resolve()), part_of_file(other)
    if was is None:
        known = ", ".join(sorted({read.name for read in files_read()})) or "none"
        raise UserError(f"{str(file)!r} is no file of a prompt here; the files are {known}.")
    if was.template == version.template:
        raise UserError(f"{str(other)!r} says the same as {str(file)!r}: there is nothing to compare.")
    if set(was.variables) != set(version.variables):
        wanted, found = (", ".join(f"${name}" for name in part.variables) or "none" for part in (was, version))
        raise UserError(f"{str(other)!r} must have the variables of {str(file)!r}: {wanted}; it has {found}.")
    return version
