"""What a job is, as its folder keeps it: a job goes on only as it began."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fanloom.batch.inputs import InputSource

VERSION = 1


@dataclass(frozen=True)
class Manifest:
    """What a job is; a job goes on only as it began."""

    graph: str
    context: dict[str, Any]
    input: str
    fingerprint: str
    columns: dict[str, str] = field(default_factory=dict)
    id_column: str | None = None
    prompts: dict[str, str] = field(default_factory=dict)
    bounds: dict[str, float] = field(default_factory=dict)
    engine: dict[str, Any] = field(default_factory=dict)
    """Where it ran last, if not in the process itself; any other engine may go on with it."""
    version: int = VERSION

    def differences(self, other: Manifest) -> list[str]:
        """Return in words what differs in another one; bounds and engine may change, to go on."""
        mine, theirs = asdict(self), asdict(other)
        named = {"fingerprint": "the input's content", "id_column": "column of ids"}
        changed = (name for name in mine if name not in ("bounds", "engine") and mine[name] != theirs[name])
        return [named.get(name, name) for name in changed]

    def as_json(self) -> bytes:
        """Return it as it is kept."""
        return json.dumps(asdict(self), indent=2).encode()


def manifest_of(graph: Any, items: Any, context: Mapping[str, Any] | None, engine: Mapping[str, Any]) -> Manifest:
    """Return what a job of a program is; of models and items that it has made only that they are given is known."""
    told = json.loads(json.dumps(dict(context or {}), default=lambda value: type(value).__name__))
    if not isinstance(items, InputSource):
        return Manifest(graph.name, told, "items from Python", "", engine=dict(engine))
    return Manifest(
        graph.name,
        told,
        items.kept_place,
        items.fingerprint(),
        columns=dict(items.columns),
        id_column=items.id_column,
        engine=dict(engine),
    )


def prompt_versions(root: Path) -> dict[str, str]:
    """Return a version of each prompt file below a project's `prompts/`: 12 hex digits of its SHA-256."""
    files = sorted((root / "prompts").rglob("*.md"))
    return {str(file.relative_to(root)): hashlib.sha256(file.read_bytes()).hexdigest()[:12] for file in files}
