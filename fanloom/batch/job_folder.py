"""The folder of a job: what it is, a line for each item that has ended, and who works in it now."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from fanloom.batch.ended_items import Ended, EndedItem, ended_in, json_line
from fanloom.batch.job_manifest import Manifest
from fanloom.errors import UserError

# Three names and three numbers of at most 24 characters.
_SPENT_LENGTH = 160


class JobFolder:
    """The files of one job, or of one shard of it: `results.jsonl` and `failures.jsonl`, or with the shard's number.

    Each line is written at once and whole. A line that was torn by a crash is cut off when the job goes on: its item
    runs again.
    """

    def __init__(self, folder: Path, shard: tuple[int, int] = (1, 1)) -> None:
        self.folder = folder
        self.shard = shard
        suffix = "" if shard[1] == 1 else f"-{shard[0]}-of-{shard[1]}"
        self._results = folder / f"results{suffix}.jsonl"
        self._failures = folder / f"failures{suffix}.jsonl"
        self._spent = folder / f"spent{suffix}.json"
        self._opened: dict[Path, int] = {}

    def begin(self, manifest: Manifest, *, force: bool = False) -> None:
        """Make the folder, or check that it is this job's.

        Raises UserError for a folder of another job, saying what differs, and for one that is something else.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        # Before the manifest is looked for: another shard may begin the job in this moment.
        strange = any(not file.name.startswith(".") for file in self.folder.iterdir())
        known = self.manifest()
        if known is None and strange:
            raise UserError(f"{str(self.folder)!r} is not empty and holds no job; choose another folder")
        if known is None:
            known = manifest if self._made_manifest(manifest) else self.manifest() or manifest
        if (changed := known.differences(manifest)) and not force:
            raise UserError(
                f"{str(self.folder)!r} holds a job of which {', '.join(changed)} differs; choose another folder, or "
                "give --force to go on as it is now"
            )
        if known != manifest:
            self._write_manifest(manifest)

    def manifest(self) -> Manifest | None:
        """Return what the job is, or None where there is none. Raises UserError for one that cannot be read."""
        try:
            return Manifest(**json.loads((self.folder / "manifest.json").read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise UserError(f"the manifest of {str(self.folder)!r} cannot be read: {error}") from None

    def ended(self, *, retry: bool = False) -> dict[str, Ended]:
        """Return how items have ended, by id, in all shards; with `retry` only those that are done."""
        ended = ended_in(self.results())
        return {name: status for name, status in ended.items() if status == "done"} if retry else ended

    def mend(self) -> None:
        """Mend what a kill has left in this shard: a torn last line is cut off, and failures are those that stand."""
        _cut_torn_line(self._results)
        ended = self.ended()
        failures = (result for result in self.own_results() if ended[result["id"]] != "done")
        last = {result["id"]: json_line(result) for result in failures}
        if last or self._failures.exists():
            _write_whole(self._failures, b"".join(last.values()))

    def others_divided(self) -> list[JobFolder]:
        """Return the shards that have written here while the job was divided into another number of them."""
        found = {_shard_of(file) for name in ("results", "spent") for file in self.folder.glob(f"{name}*.json*")}
        return [JobFolder(self.folder, shard) for shard in sorted(found) if shard[1] != self.shard[1]]

    def results(self) -> Iterator[EndedItem]:
        """Yield what has ended, in all shards, in the order in which each has written it; see `ended_in`."""
        return (result for file in sorted(self.folder.glob("results*.jsonl")) for result in _read(file))

    def own_results(self) -> Iterator[EndedItem]:
        """Yield what has ended in this shard."""
        return _read(self._results) if self._results.exists() else iter(())

    def add(self, result: EndedItem) -> None:
        """Write how an item ended. Raises OSError."""
        line = json_line(result)
        self._append(self._results, line)
        if result["status"] != "done":
            self._append(self._failures, line)

    def note_spent(self, amount: Mapping[str, float]) -> None:
        """Note what this shard has spent, on items that have not ended too."""
        # Before each request, and so in place: one write, as long as the one before it.
        self._open(self._spent, 0)
        os.pwrite(self._opened[self._spent], json.dumps(amount).encode().ljust(_SPENT_LENGTH), 0)

    def spent(self) -> dict[str, float]:
        """Return what was noted last; nothing where nothing was, as after a kill."""
        with suppress(OSError, ValueError):
            found: dict[str, float] = json.loads(self._spent.read_text(encoding="utf-8"))
            return found
        return {}

    def close(self) -> None:
        """Bring all that was written to the disk, and close the files."""
        for descriptor in self._opened.values():
            os.fsync(descriptor)
            os.close(descriptor)
        self._opened.clear()

    def _append(self, file: Path, line: bytes) -> None:
        self._open(file, os.O_APPEND)
        # One write: a line of another process, or a kill, does not stand in its middle.
        written = os.write(self._opened[file], line)
        while written < len(line):
            written += os.write(self._opened[file], line[written:])

    def _open(self, file: Path, how: int) -> None:
        if file not in self._opened:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._opened[file] = os.open(file, os.O_WRONLY | os.O_CREAT | how, 0o600)

    def _write_manifest(self, manifest: Manifest) -> None:
        _write_whole(self.folder / "manifest.json", manifest.as_json())

    def _made_manifest(self, manifest: Manifest) -> bool:
        """Write the manifest where there is none; whole, since other shards may look for it. Say whether it was."""
        beside = _beside(self.folder / "manifest.json")
        beside.write_bytes(manifest.as_json())
        try:
            os.link(beside, self.folder / "manifest.json")
        except FileExistsError:
            return False
        finally:
            beside.unlink()
        return True


def _write_whole(file: Path, content: bytes) -> None:
    beside = _beside(file)
    beside.write_bytes(content)
    beside.replace(file)


def _beside(file: Path) -> Path:
    # Processes in containers have the same id.
    return file.with_name(f".{file.name}.{uuid4().hex}")


def _read(file: Path) -> Iterator[EndedItem]:
    with file.open("rb") as opened:
        for line in opened:
            # One without an end is being written, or was torn.
            if line.endswith(b"\n"):
                with suppress(ValueError):
                    yield json.loads(line)


def _shard_of(file: Path) -> tuple[int, int]:
    """Return the shard that has written a file: `results-2-of-8.jsonl` is of the second of eight."""
    _, _, named = file.stem.partition("-")
    number, _, count = named.partition("-of-")
    return (int(number), int(count)) if number.isdecimal() and count.isdecimal() else (1, 1)


def _cut_torn_line(file: Path) -> None:
    """Cut off what a crash has left of a line at the end of a file."""
    if not file.exists():
        return
    with file.open("r+b") as opened:
        size = opened.seek(0, os.SEEK_END)
        end = _last_newline(opened, size)
        if end < size:
            opened.truncate(end)


def _last_newline(opened: Any, end: int, step: int = 1 << 16) -> int:
    """Return where the last newline before a place ends, or 0."""
    while end:
        start = max(0, end - step)
        opened.seek(start)
        found = opened.read(end - start).rfind(b"\n")
        if found >= 0:
            return int(start + found + 1)
        end = start
    return 0
