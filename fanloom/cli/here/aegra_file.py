"""What Aegra reads of a project: its langgraph.json in Aegra's own terms, kept in `.fanloom/aegra/`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fanloom.cli.here.project import CONFIG, GraphEntry, Project, read_config
from fanloom.errors import UserError
from fanloom.private_files import FOLDER, make_private
from fanloom.server.aegra.aegra_handlers import LABEL, SCOPE


def write_aegra_file(project: Project) -> Path:
    """Write the configuration that Aegra reads, and return its path. Raises UserError for a graph that is not there.

    Aegra takes graphs as files only, and loads each as a module of its own. A file that imports the graph by its name
    has one module, whatever else imports it, and relative imports work.
    """
    folder = project.root / FOLDER / "aegra"
    graphs = {name: _graph(project, entry, folder) for name, entry in project.graphs.items()}
    config = read_config(project.root / CONFIG)
    ours: dict[str, Any] = {
        **config,
        "graphs": graphs,
        "dependencies": list(project.folders),
        "store": {**(config.get("store") or {}), "scopes": {SCOPE: [LABEL]}},
    }
    for section, field in (("auth", "path"), ("http", "app")):
        if named := (config.get(section) or {}).get(field):
            ours[section] = {**config[section], field: _absolute(project, named)}
    return _put(folder / "aegra.json", json.dumps(ours, indent=2))


def _graph(project: Project, entry: GraphEntry, folder: Path) -> dict[str, str]:
    file = project.file_of(entry)
    if file is None:
        raise UserError(f"graph {entry.name!r} of {CONFIG}: {entry.module} does not exist. Correct the path.")
    name = entry.attribute
    if module := project.module_name(entry):
        name, text = "graph", f"from {module} import {entry.attribute} as graph\n"
        file = _put(folder / f"{entry.name.encode().hex()}.py", text)
    return {"path": f"{file}:{name}", "description": project.summary(entry)}


def _absolute(project: Project, place: str) -> str:
    file, colon, name = place.rpartition(":")
    return f"{(project.root / file).resolve()}{colon}{name}" if file.endswith(".py") else place


def _put(file: Path, text: str) -> Path:
    make_private(file)
    file.write_text(text, encoding="utf-8")
    return file
