"""A run as one portable file, NAME.fanrun: a zip of its manifest, its events and its contents."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from fanloom.errors import UserError
from fanloom.runlog.recorder import VERSION

_MANIFEST, _EVENTS, _BLOCKS = "manifest.json", "events.ndjson", "blocks/"
# A file may come from anywhere: what it unpacks to is bounded.
_MOST_BYTES, _MOST_FILES = 500_000_000, 300_000


@dataclass(frozen=True)
class LoggedRun:
    """The events of one run, in order, and its contents by their hashes."""

    events: list[dict[str, Any]]
    contents: Mapping[str, str]


def write_fanrun(run: LoggedRun, file: Path | IO[bytes], *, packed: bool = True) -> None:
    """Write a run to a file, each part packed or as it is. Raises OSError."""
    manifest = {"format": "fanrun", "v": VERSION, "events": len(run.events), "blocks": len(run.contents)}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as made:
        made.writestr(_MANIFEST, json.dumps(manifest))
        made.writestr(_EVENTS, "".join(f"{json.dumps(event)}\n" for event in run.events))
        for name, text in run.contents.items():
            made.writestr(_BLOCKS + name, text.encode("utf-8", "surrogatepass"))


def read_fanrun(file: Path | IO[bytes]) -> LoggedRun:
    """Read a run from a file. Raises UserError for one that is no such file, too large, or of a later version."""
    try:
        with zipfile.ZipFile(file) as found:
            _check_size(found)
            manifest = json.loads(found.read(_MANIFEST))
            _check_version(manifest)
            events = _events(found.read(_EVENTS).decode().split("\n"))
            names = (name for name in found.namelist() if name.startswith(_BLOCKS) and name != _BLOCKS)
            return LoggedRun(events, {name.removeprefix(_BLOCKS): _text(found.read(name)) for name in names})
    except FileNotFoundError:
        raise UserError(f"there is no file {str(file)!r}") from None
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, RecursionError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"{_named(file)} is no .fanrun file: {error}; make one with `fanloom runs export`") from None


def _text(body: bytes) -> str:
    return body.decode("utf-8", "surrogatepass")


def _named(file: Path | IO[bytes]) -> str:
    return repr(str(file)) if isinstance(file, Path) else "what is given"


def _check_size(found: zipfile.ZipFile) -> None:
    entries = found.infolist()
    if len(entries) > _MOST_FILES or sum(entry.file_size for entry in entries) > _MOST_BYTES:
        raise UserError(f"the file unpacks to more than {_MOST_BYTES:,} bytes or {_MOST_FILES:,} parts; it is not read")


def _check_version(manifest: Any) -> None:
    if not isinstance(manifest, dict) or manifest.get("format") != "fanrun":
        raise ValueError("its manifest does not say so")
    if not isinstance(manifest.get("v"), int) or manifest["v"] > VERSION:
        raise UserError(f"the file is of version {manifest.get('v')}, and this Fanloom reads {VERSION}; update Fanloom")


def _events(lines: Iterable[str]) -> list[dict[str, Any]]:
    events = [json.loads(line) for line in lines if line.strip()]
    if not all(isinstance(each, dict) and {"seq", "t", "type"} <= each.keys() for each in events):
        raise ValueError("an event has no number, time or type")
    return events
