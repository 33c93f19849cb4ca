"""The runs of an evaluation, kept as those of a job: what a kill or Ctrl-C leaves is not run again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fanloom.batch.ended_items import EndedItem
from fanloom.batch.folder_lock import working_in
from fanloom.batch.inputs import InputSource
from fanloom.batch.job_folder import JobFolder
from fanloom.batch.job_manifest import Manifest, prompt_versions
from fanloom.cli.thread import run_metadata
from fanloom.evaluation.item_run import ItemRun
from fanloom.evaluation.runner import Candidate, Judge


class KeptRuns:
    """The runs that a folder holds, by the items' numbers."""

    def __init__(self, folder: JobFolder, *, retry_failed: bool) -> None:
        folder.mend()
        ended = folder.ended(retry=retry_failed)
        self._folder = folder
        self._known = {int(result["id"]): _run_of(result) for result in folder.results() if result["id"] in ended}

    def get(self, number: int) -> ItemRun | None:
        """Return the run of an item that has ended."""
        return self._known.get(number)

    def keep(self, number: int, run: ItemRun) -> None:
        """Write down how the run of an item ended."""
        self._folder.add(_result_of(number, run))


@contextmanager
def kept_in(place: Path, dataset: Path, project: Path, judge: Judge, *, retry_failed: bool) -> Iterator[KeptRuns]:
    """Keep the runs of a candidate in a folder.

    Raises UserError where it holds those of another graph, context, data set or prompts.
    """
    folder = JobFolder(place)
    folder.begin(manifest_of(dataset, project, judge))
    with working_in(folder.folder, folder.shard):
        try:
            yield KeptRuns(folder, retry_failed=retry_failed)
        finally:
            folder.close()


def folder_of(out: Path, candidate: Candidate, number: int) -> Path:
    """Return the folder of a candidate's runs in a round; a model's name may hold what no file's may."""
    name = quote(candidate.name, safe="@")
    return out / (name if number == 1 else f"{name} {number}")


def manifest_of(dataset: Path, project: Path, judge: Judge) -> Manifest:
    """Return what the runs of a candidate are. Raises UserError for a context that holds a secret."""
    context = {**judge.dataset.about.context, **(judge.candidate.context or {})}
    # As a thread's, a job's context is kept, and must hold no secret.
    run_metadata(judge.candidate.graph_name, context)
    source, tried = InputSource(str(dataset)), judge.candidate.prompts
    prompts = prompt_versions(project) | (tried.hashes() if tried else {})
    return Manifest(judge.candidate.graph_name, context, source.kept_place, source.fingerprint(), prompts=prompts)


def _result_of(number: int, run: ItemRun) -> EndedItem:
    held: dict[str, Any] = {"output": run.output, "updates": run.updates, "counts": run.counts, "thread": run.thread}
    output = _plain(held)
    error = {"kind": "error", "message": run.error, "retryable": False} if run.error else None
    usage = run.output.get("usage")
    return EndedItem(
        id=str(number),
        status="failed" if run.error else "done",
        output=output,
        usage=_plain(usage) if isinstance(usage, Mapping) else None,
        error=error,
        seconds=run.seconds,
    )


def _run_of(result: EndedItem) -> ItemRun:
    return ItemRun(error=(result["error"] or {}).get("message", ""), seconds=result["seconds"], **result["output"])


def _plain(value: Any) -> Any:
    from pydantic_core import to_jsonable_python

    return to_jsonable_python(value, fallback=str)
