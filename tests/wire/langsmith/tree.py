"""What has arrived, run by run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Run:
    """One traced run, with the runs below it in the order in which they began."""

    fields: dict[str, Any]
    children: list[Run] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The run's name."""
        return str(self.fields["name"])

    @property
    def kind(self) -> str:
        """The run's type, such as chain or llm."""
        return str(self.fields["run_type"])

    @property
    def tags(self) -> set[str]:
        """The run's tags."""
        return set(self.fields.get("tags") or ())

    @property
    def metadata(self) -> dict[str, Any]:
        """The run's metadata."""
        found: dict[str, Any] = (self.fields.get("extra") or {}).get("metadata") or {}
        return found

    @property
    def error(self) -> str:
        """The run's error, or an empty text."""
        return str(self.fields.get("error") or "")

    @property
    def ended(self) -> bool:
        """Whether its end has arrived too."""
        return bool(self.fields.get("end_time"))

    def walk(self) -> Iterator[Run]:
        """Yield the run and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()

    def named(self, name: str) -> list[Run]:
        """Return the runs of a name, here and below."""
        return [run for run in self.walk() if run.name == name]

    def models(self) -> list[Run]:
        """Return the model calls, here and below."""
        return [run for run in self.walk() if run.kind == "llm"]

    def drawn(self, depth: int = 0) -> str:
        """Return the names as an indented text."""
        own = f"{'  ' * depth}{self.name} ({self.kind})"
        return "\n".join([own, *(child.drawn(depth + 1) for child in self.children)])


def as_trees(fields: dict[str, dict[str, Any]]) -> list[Run]:
    """Make trees of runs by id; a run whose parent has not arrived is a root."""
    runs = {key: Run(value) for key, value in sorted(fields.items(), key=lambda item: str(item[1]["dotted_order"]))}
    roots: list[Run] = []
    for run in runs.values():
        parent = runs.get(str(run.fields.get("parent_run_id")))
        (parent.children if parent else roots).append(run)
    return roots
