"""An evaluation without --out: kept while it runs, so that the same command goes on with one that has broken off."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

import click

from fanloom.batch.folder_lock import working_in
from fanloom.batch.job_folder import JobFolder
from fanloom.cli.commands.judging.kept_runs import manifest_of
from fanloom.errors import UserError
from fanloom.evaluation.runner import Judge
from fanloom.private_files import FOLDER, make_private
from fanloom.settings import in_home


@contextmanager
def kept_until_done(dataset: Path, project: Path, judges: Sequence[Judge], *, fresh: bool) -> Iterator[Path | None]:
    """Yield the folder in which an evaluation is kept until it has ended, or None, which is told, where none can be.

    It holds what has ended of an evaluation of the same data set, graphs, contexts and prompts that has broken off,
    unless this one is to begin afresh.
    """
    with ExitStack() as stack:
        place = _held(stack, dataset, project, judges)
        if place is None:
            yield None
            return
        if fresh:
            _forget(place)
        if count := _count(place):
            click.echo(f"{_runs(count)} taken from an evaluation that broke off; --fresh runs all again.", err=True)
        try:
            yield place
        except BaseException:
            # However it breaks off, also by Ctrl-C: who waits is told what is kept.
            if count := _count(place):
                click.echo(f"{_runs(count)} kept in {place}; the same command goes on with them.", err=True)
            raise
        _forget(place)
    with suppress(OSError):
        shutil.rmtree(place)
        # Another evaluation may be there, or a thread.
        place.parent.rmdir()
        place.parents[1].rmdir()


def _held(stack: ExitStack, dataset: Path, project: Path, judges: Sequence[Judge]) -> Path | None:
    try:
        place = _place(dataset, project, judges)
        make_private(place / "working")
        stack.enter_context(working_in(place, (1, 1)))
    except (UserError, OSError) as error:
        click.echo(f"Nothing is kept of this evaluation while it runs: {error}", err=True)
        return None
    return place


def _place(dataset: Path, project: Path, judges: Sequence[Judge]) -> Path:
    """Return the folder of an evaluation. Raises UserError for a context that holds a secret."""
    told = [asdict(manifest_of(dataset, project, judge)) for judge in judges]
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    return Path(in_home(FOLDER)).absolute() / "evaluations" / f"{dataset.stem}-{digest[:12]}"


def _count(place: Path) -> int:
    return sum(len(JobFolder(folder).ended()) for folder in place.iterdir() if folder.is_dir())


def _runs(count: int) -> str:
    return f"{count} run is" if count == 1 else f"{count} runs are"


def _forget(place: Path) -> None:
    for folder in place.iterdir():
        if folder.is_dir():
            shutil.rmtree(folder)
