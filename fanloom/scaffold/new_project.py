"""A new project: its files, written beside their place and moved there when all is well."""

from __future__ import annotations

import json
import os
import shutil
import string
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fanloom import __version__
from fanloom.errors import UserError
from fanloom.scaffold.project_name import project_name
from fanloom.scaffold.references import without_references
from fanloom.scaffold.template import CODE, CONFIG, Template

_FILES = Path(__file__).parent / "files"
_PLACES = {
    "README.md": "README.md.in",
    "Makefile": "Makefile.in",
    "pyproject.toml": "pyproject.toml.in",
    ".gitignore": "gitignore.in",
    ".dockerignore": "dockerignore.in",
    "tests/conftest.py": "fixtures.py.in",
}
# What the README says of the offline model, with understudies or without.
_OFFLINE = {True: "offline/understudies.in", False: "offline/examples.in"}
# What a graph's example needs beside its input.
_CONTEXTS: Mapping[str, Mapping[str, str]] = {"support_desk": {"customer_id": "C-1001"}}
_LOCAL = """# What holds on this machine only; git ignores this file.
# Where Fanloom was installed from.
FANLOOM ?= {source}
"""


class _Text(string.Template):
    """A text file with `%%name` variables, since makefiles and shells have their own dollars."""

    delimiter = "%%"


def new_project(
    target: Path, graphs: Sequence[str], template: Template, source: str | None = None, *, understudies: bool = True
) -> None:
    """Make a project of some shipped graphs in a folder that is new or empty.

    Without understudies its steps name none, and examples answer for the offline model. Its Makefile installs Fanloom
    from `source`, a wheel or a checkout, on this machine; without one from the index. Raises UserError, and leaves
    nothing behind, where it cannot be.
    """
    name = project_name(target)
    _check_free(target)
    try:
        # In the folder itself where there is one: it can be on a disk of its own, in a folder that is not ours.
        beside = Path(tempfile.mkdtemp(prefix=".fanloom-", dir=target if target.is_dir() else target.parent))
        try:
            _write(beside / "project", name, graphs, template, understudies)
            if source:
                _put(beside / "project" / "local.mk", _LOCAL.format(source=_for_make(source)))
            _move(beside / "project", target)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    except OSError as error:
        raise UserError(f"{str(target)!r} cannot be made: {error.strerror or error}. Choose another folder.") from None


def _check_free(target: Path) -> None:
    if not target.parent.is_dir():
        raise UserError(f"there is no folder {str(target.parent)!r} to make {target.name!r} in; make it first")
    if os.path.lexists(target) and not (target.is_dir() and not any(target.iterdir())):
        what = "not empty" if target.is_dir() else "no folder"
        raise UserError(f"{str(target)!r} is there already and {what}; nothing was written. Choose another folder.")


def _move(made: Path, target: Path) -> None:
    if not target.is_dir():
        made.rename(target)
        return
    # Into the empty folder, which can be somebody's current one: put in its place, another would leave them nowhere.
    moved = []
    try:
        for child in made.iterdir():
            child.rename(target / child.name)
            moved.append(target / child.name)
    except OSError:
        for child in moved:
            shutil.rmtree(child) if child.is_dir() else child.unlink()
        raise


def _write(folder: Path, name: str, graphs: Sequence[str], template: Template, understudies: bool) -> None:
    files = sorted({file for graph in graphs for file in template.files_of(graph, understudies=understudies)})
    for file in files:
        text = (template.root / file).read_text(encoding="utf-8")
        _put(folder / file, text if understudies or file.suffix != ".py" else without_references(text))
    entries = {graph: template.config["graphs"][graph] for graph in graphs}
    _put(folder / CONFIG, _json({**template.config, "dependencies": ["."], "graphs": entries}))
    values = {
        "name": name,
        "version": __version__,
        "graphs": "\n".join(f"| `{graph}` | {_description(entry)} |" for graph, entry in entries.items()),
        "runs": "\n".join(map(_run, graphs)),
        "first": graphs[0],
        "first_run": _run(graphs[0]),
        "packages": "".join(f'    "{package}",\n' for package in template.packages_of(files)),
        "folders": json.dumps([folder for folder in CODE if folder in {file.parts[0] for file in files}]),
        "offline": (_FILES / _OFFLINE[understudies]).read_text(encoding="utf-8").rstrip(),
    }
    for place, text in _PLACES.items():
        _put(folder / place, _filled(text, values))
    for graph in graphs:
        checks = _of_graph("checks", graph, ".in") if understudies else _of_graph("checks", "examples", ".in")
        _write_test(folder, graph, template.module_of(graph), checks.rstrip())


def _write_test(folder: Path, graph: str, module: str, checks: str) -> None:
    _put(folder / "examples" / f"{graph}.json", _of_graph("examples", graph, ".json"))
    values = {
        "graph": graph,
        "module": module,
        "context": json.dumps({"model": "offline", **_CONTEXTS.get(graph, {})}),
        "checks": checks,
    }
    _put(folder / "tests" / f"test_{graph}.py", _filled("graph_runs.py.in", values))


def _of_graph(kind: str, graph: str, suffix: str) -> str:
    """Return the text of a graph's file, or of its family's: the first word of its name."""
    own, family = (_FILES / kind / f"{name}{suffix}" for name in (graph, graph.partition("_")[0]))
    return (own if own.is_file() else family).read_text(encoding="utf-8")


def _description(entry: Any) -> str:
    return str(entry.get("description", "")) if isinstance(entry, dict) else ""


def _run(graph: str) -> str:
    context = "".join(f" --set {name}={value}" for name, value in _CONTEXTS.get(graph, {}).items())
    return f"fanloom run {graph} --input examples/{graph}.json{context}"


def _for_make(text: str) -> str:
    return text.replace("$", "$$").replace("#", r"\#")


def _filled(name: str, values: Mapping[str, str]) -> str:
    return _Text((_FILES / name).read_text(encoding="utf-8")).substitute(values)


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _put(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8", newline="\n")
