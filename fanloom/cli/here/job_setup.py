"""What `fanloom batch` is told, as the parts of a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fanloom.batch.engines.engine_choice import EngineChoice
from fanloom.batch.engines.local_engine import Engine
from fanloom.batch.inputs import InputSource
from fanloom.batch.job import DEFAULT_CONCURRENCY, Bounds, Job
from fanloom.batch.job_folder import JobFolder
from fanloom.batch.job_manifest import Manifest, prompt_versions
from fanloom.batch.provider_jobs.calls_file import has_waves, options_of
from fanloom.cli.here.loading import AnyGraph, Session, open_graph
from fanloom.cli.here.project import Project, read_project
from fanloom.cli.here.worker_graph import load_from
from fanloom.cli.options.context_options import make_context
from fanloom.cli.options.input_options import check_names
from fanloom.cli.options.provider_batch import check_no_waves, wave_options
from fanloom.cli.thread import run_metadata
from fanloom.errors import UserError

_BOUNDS = ("max_model_calls", "max_total_tokens", "max_cost_usd", "max_failures")

Given = Mapping[str, Any]
"""The options of the command."""


@dataclass(frozen=True)
class OpenedGraph:
    """The graph of a job, loaded."""

    name: str
    graph: AnyGraph
    project: Project

    def context(self, model: str | None, settings: tuple[str, ...]) -> dict[str, Any] | None:
        """Return the context that options name. Raises UserError for a field that there is not."""
        return make_context(self.graph.get_context_jsonschema(), model, settings)

    def check_fields(self, columns: Mapping[str, str]) -> None:
        """Raise UserError for a field that the graph's input does not have."""
        check_names(columns, self.graph.get_input_jsonschema().get("properties", {}), "input field")

    def manifest(self, source: InputSource, context: Given | None, given: Given, engine: EngineChoice) -> Manifest:
        """Return what the job is. Raises UserError for a secret in what is kept."""
        # As a thread's, a job's context is kept, and must hold no secret.
        run_metadata(self.name, context)
        return Manifest(
            graph=self.name,
            context=dict(context or {}),
            input=source.kept_place,
            fingerprint=source.fingerprint(),
            columns=dict(source.columns),
            id_column=source.id_column,
            prompts=prompt_versions(self.project.root),
            bounds={name: given[name] for name in (*_BOUNDS, "concurrency") if given.get(name) is not None},
            engine=engine.as_kept(),
        )

    def engine(self, choice: EngineChoice, context: Given | None, given: Given) -> Engine | None:
        """Return the engine of the job, None for this process. Raises UserError where it cannot be had."""
        root = self.project.root
        load = load_from(choice.place_in_workers(root), self.name)
        return choice.made(lambda: load, context, _concurrency(given), root)

    def job(
        self, source: Any, context: Given | None, folder: JobFolder | None, given: Given, engine: Engine | None = None
    ) -> Job:
        """Return the job of a source of items, in waves where they are asked for. Raises UserError."""
        bounds = Bounds(**{name: given.get(name) for name in (*_BOUNDS, "limit")})
        made = (self.graph, source, context, folder, _concurrency(given), bounds, bool(given.get("retry_failed")))
        if folder is None:
            return Job(*made)
        if not (given.get("provider_batch") or has_waves(folder.folder)):
            check_no_waves(given)
            return Job(*made, engine=engine)
        from fanloom.batch.provider_jobs.wave_job import WaveJob

        return WaveJob(*made, engine=engine, waves=wave_options(given, options_of(folder.folder)))


def opened_graph(root: Path, name: str, session: Session) -> OpenedGraph:
    """Return a graph of the project in a folder, loaded. Raises UserError for one that there is not."""
    project = read_project(root)
    check_names([name], project.graphs, "graph")
    return OpenedGraph(name, open_graph(project, name, session), project)


def engine_choice(given: Given, kept: Mapping[str, Any] | None = None) -> EngineChoice:
    """Return the engine that options name, by default the one that is kept of the job. Raises UserError."""
    named = {"name": given["engine"], "address": given["address"], "workers": given["workers"]}
    chosen = {name: value for name, value in named.items() if value is not None}
    # Another engine has nothing of the one that is kept.
    before = kept if kept and chosen.get("name", kept["name"]) == kept["name"] else {}
    return EngineChoice(**{**before, **chosen})


def known_job(folder: JobFolder) -> Manifest:
    """Return what the job in a folder is. Raises UserError where there is none."""
    known = folder.manifest()
    if known is None:
        raise UserError(f"there is no job in {str(folder.folder)!r}; `fanloom batch run` makes one")
    return known


def job_folder(out: Path, shard: str | None = None) -> JobFolder:
    """Return the folder of a job, for a shard as in 2/8. Raises UserError for what is none."""
    return JobFolder(out, _shard(shard))


def pairs(given: tuple[str, ...]) -> dict[str, str]:
    """Return what --map says: columns by field. Raises UserError."""
    split = [pair.partition("=") for pair in given]
    if wrong := [
        pair for pair, (name, equals, column) in zip(given, split, strict=True) if not (name and equals and column)
    ]:
        raise UserError(f"--map takes FIELD=COLUMN, not {wrong[0]!r}")
    return {name: column for name, _, column in split}


def _concurrency(given: Given) -> int:
    return given.get("concurrency") or DEFAULT_CONCURRENCY


def _shard(given: str | None) -> tuple[int, int]:
    number, _, of = (given or "1/1").partition("/")
    if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise UserError(f"--shard takes I/N with I from 1 to N, as in 2/8, not {given!r}")
    return int(number), int(of)
