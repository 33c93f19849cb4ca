"""The evaluations that were made in a project: a file each, with its summary first, so that a list reads no more."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fanloom.private_files import make_private
from fanloom.runs.run_log import RunLogMask
from fanloom.settings import in_home, settings
from fanloom.studio.hiding import HIDDEN

_MOST = 200
_NAME = re.compile(r"[0-9A-Za-z_-]{1,120}")
_QUOTED = ("error", "output")


class KeptEvaluations:
    """The evaluations of a folder, newest first; beyond the newest 200 they are deleted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, evaluation: Mapping[str, Any]) -> str:
        """Keep what `fanloom eval --json` prints, and return its name here. Raises OSError."""
        made = time.time_ns()
        name = f"{made}-{re.sub(r'[^0-9A-Za-z_-]', '_', str(evaluation.get('dataset')))[:60]}"
        file = self._file(name)
        make_private(file)
        lines = [
            json.dumps(each) for each in ({"id": name, "made": made // 1_000_000, **_summary(evaluation)}, evaluation)
        ]
        file.write_text("\n".join(lines), encoding="utf-8")
        for old in self._files()[_MOST:]:
            old.unlink(missing_ok=True)
        return name

    def all(self) -> list[dict[str, Any]]:
        """Return the summaries."""
        return [found for file in self._files() if (found := _line(file, 0)) is not None]

    def get(self, name: str) -> dict[str, Any] | None:
        """Return an evaluation, or None where there is none of that name."""
        return _line(self._file(name), 1) if _NAME.fullmatch(name) else None

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.jsonl"

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.jsonl"), reverse=True)


def kept_evaluations() -> KeptEvaluations:
    """Return the evaluations of this project, in `.fanloom/evals`."""
    return KeptEvaluations(Path(in_home(".fanloom/evals")))


def keep(evaluation: Mapping[str, Any]) -> None:
    """Keep an evaluation in this project as FANLOOM_RUN_LOG and FANLOOM_TRACE_REDACT say. Raises OSError."""
    now = settings()
    if now.run_log == "off":
        return
    is_hidden = now.run_log == "facts" or bool(now.trace_redact & {"all", "inputs", "outputs"})
    kept_evaluations().keep(RunLogMask(now.trace_redact).fields(_facts(evaluation) if is_hidden else dict(evaluation)))


def _summary(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    # A file of somebody else's may hold anything.
    candidates = [each for each in evaluation.get("candidates") or () if isinstance(each, dict)]
    return {
        **{name: evaluation.get(name) for name in ("dataset", "items", "rounds")},
        "candidates": [str(each.get("name")) for each in candidates],
        "failed": sum(each["failed"] for each in candidates if isinstance(each.get("failed"), int)),
        "verdict": next(iter(evaluation.get("verdicts") or ()), ""),
    }


def _facts(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """Return an evaluation without what could quote an input or an output."""
    candidates = [
        {**each, "groups": {}, "results": _plain(each["results"]), "again": list(map(_plain, each.get("again", ())))}
        for each in evaluation["candidates"]
    ]
    return {**evaluation, "candidates": candidates}


def _plain(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {name: value if name not in _QUOTED else value and HIDDEN for name, value in each.items() if name != "notes"}
        for each in results
    ]


def _line(file: Path, number: int) -> dict[str, Any] | None:
    try:
        with file.open(encoding="utf-8") as lines:
            found = json.loads(next(_after(lines, number)))
    except (OSError, ValueError, StopIteration):
        # Deleted in the meantime, or half written by a process that was killed.
        return None
    return found if isinstance(found, dict) else None


def _after(lines: Iterator[str], number: int) -> Iterator[str]:
    for _ in range(number):
        next(lines)
    return lines
