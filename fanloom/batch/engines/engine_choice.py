"""Which engine a job runs on, as its caller has said and its folder keeps it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from fanloom.batch.engines.graph_worker import Load
from fanloom.batch.engines.local_engine import Engine
from fanloom.batch.engines.ray_cluster import RayCluster, sends_files
from fanloom.batch.engines.ray_engine import RayEngine
from fanloom.errors import UserError

EngineName = Literal["local", "ray"]


@dataclass(frozen=True)
class EngineChoice:
    """An engine by its name; `address` and `workers` are those of a Ray cluster."""

    name: EngineName = "local"
    address: str | None = None
    workers: int | None = None

    def __post_init__(self) -> None:
        """Raises UserError for what does not fit."""
        if self.name not in get_args(EngineName):
            raise UserError(f"there is no engine {self.name!r}; there are {', '.join(get_args(EngineName))}")
        if self.name != "ray" and (self.address or self.workers):
            raise UserError("an address and a number of workers are those of the engine 'ray'; choose it too")
        if self.workers is not None and self.workers < 1:
            raise UserError(f"there is at least 1 worker, not {self.workers}")

    def as_kept(self) -> dict[str, Any]:
        """Return what the folder of a job keeps of it."""
        return {} if self == EngineChoice() else asdict(self)

    def made(
        self, load: Callable[[], Load], context: Mapping[str, Any] | None, concurrency: int, project: Path | None
    ) -> Engine | None:
        """Return the engine, or None for this process; `load` says how a worker gets the graph of a project.

        Raises MissingPackage without Ray, and UserError where no cluster answers.
        """
        if self.name == "local":
            return None
        return RayEngine(load(), context, concurrency, RayCluster(self._where, self.workers, project))

    def place_in_workers(self, project: Path) -> Path:
        """Return where the files of a project are for a worker, which is in the folder that they were sent to."""
        if self._where is None:
            return project
        if not sends_files():
            return project.relative_to(Path.cwd()) if project.is_relative_to(Path.cwd()) else project
        return Path()

    @property
    def _where(self) -> str | None:
        return self.address or os.environ.get("RAY_ADDRESS")
