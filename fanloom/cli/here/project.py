"""The project in hand: what its langgraph.json says."""

from __future__ import annotations

import ast
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from fanloom.errors import UserError

CONFIG = "langgraph.json"


@dataclass(frozen=True)
class GraphEntry:
    """One graph of langgraph.json; `module` is a dotted name, or a path that ends in .py."""

    name: str
    module: str
    attribute: str
    description: str

    @property
    def is_file(self) -> bool:
        """Whether the module is given as a file."""
        return self.module.endswith(".py") or "/" in self.module


@dataclass(frozen=True)
class Project:
    """A folder with a langgraph.json."""

    root: Path
    graphs: Mapping[str, GraphEntry]
    folders: tuple[str, ...]
    env: Any
    auth: str = ""

    def variables(self) -> dict[str, str]:
        """Return the variables that the project sets itself."""
        return _variables(self.root, self.env)

    def variable(self, name: str) -> str:
        """Return a variable as the server sees it: the project's own wins over the environment."""
        return {**os.environ, **self.variables()}.get(name, "")

    def enter(self) -> None:
        """Make the project's modules importable and its variables visible, without changing what is set already."""
        # First, where the server appends: the project in hand wins over an installed package of the same name.
        sys.path[:0] = [folder for folder in self.folders if folder not in sys.path]
        for name, value in self.variables().items():
            os.environ.setdefault(name, value)
        if self.root != Path.cwd():
            # What is kept stays with the project, wherever it is used from.
            os.environ.setdefault("FANLOOM_HOME", str(self.root))

    def file_of(self, entry: GraphEntry) -> Path | None:
        """Find the file of a graph's module without importing anything; None where there is none."""
        if entry.is_file:
            path = self.root / entry.module
            return path if path.is_file() else None
        return self._found(entry.module)

    def module_name(self, entry: GraphEntry) -> str:
        """Return the name by which `import` finds a graph's module; none for a file that no name leads to."""
        path = self.file_of(entry)
        if not entry.is_file or path is None:
            return entry.module
        path = Path(os.path.abspath(path))
        if not path.is_relative_to(self.root):
            return ""
        parts = path.relative_to(self.root).with_suffix("").parts
        name = ".".join(parts)
        return name if all(map(str.isidentifier, parts)) and self._found(name) == path else ""

    def _found(self, module: str) -> Path | None:
        where: list[str] | None = [*self.folders, *sys.path]
        spec, name = None, ""
        for part in module.split("."):
            name = f"{name}.{part}".lstrip(".")
            spec = PathFinder.find_spec(name, where)
            if spec is None:
                return None
            where = list(spec.submodule_search_locations or [])
        return Path(spec.origin) if spec and spec.origin else None

    def summary(self, entry: GraphEntry) -> str:
        """Return one line about a graph: its description, else the first line of its module's docstring."""
        if entry.description:
            return entry.description
        path = self.file_of(entry)
        if path is None:
            return f"({entry.module} not found)"
        try:
            docstring = ast.get_docstring(ast.parse(path.read_bytes())) or ""
        except (SyntaxError, ValueError):
            return f"({path.name} is not valid Python)"
        return next(iter(docstring.splitlines()), "")


def read_project(root: Path) -> Project:
    """Read the langgraph.json of a folder. Raises UserError, saying what to mend."""
    root = root.resolve()
    config = read_config(root / CONFIG)
    graphs = config.get("graphs")
    if not isinstance(graphs, dict) or not graphs:
        raise UserError(f'{root / CONFIG}: "graphs" must name at least one graph, as in {{"chat": "./chat.py:graph"}}.')
    entries = {name: _entry(name, value, root) for name, value in graphs.items()}
    return Project(root, entries, tuple(_folders(root, config)), config.get("env"), _auth(config))


def read_config(path: Path) -> dict[str, Any]:
    """Return what a langgraph.json says. Raises UserError, saying what to mend."""
    if not path.is_file():
        above = next((folder for folder in path.resolve().parent.parents if (folder / CONFIG).is_file()), None)
        raise UserError(
            f"no {CONFIG} in {path.parent}: go into a LangGraph project, or name one with --project DIR."
            + (f" There is one in {above}." if above else " `fanloom new DIR` makes one.")
        )
    try:
        config = json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise UserError(f"{path} is not valid JSON: {error.msg} at {place}. Correct it there.") from None
    except (UnicodeDecodeError, OSError) as error:
        raise UserError(f"{path} cannot be read: {error}. Save it as UTF-8 text.") from None
    if not isinstance(config, dict):
        raise UserError(
            f'{path} must hold an object, as in {{"dependencies": ["."], "graphs": {{"chat": "./chat.py:graph"}}}}.'
        )
    return config


def _entry(name: str, value: Any, root: Path) -> GraphEntry:
    options = value if isinstance(value, dict) else {"path": value}
    module, colon, attribute = str(options.get("path") or "").rpartition(":")
    if not (module and colon and attribute):
        given = options.get("path")
        raise UserError(f"{root / CONFIG}: graph {name!r} must be 'module:name' or './file.py:name', not {given!r}.")
    return GraphEntry(name, module, attribute, str(options.get("description") or "").strip())


def _auth(config: Mapping[str, Any]) -> str:
    auth = config.get("auth")
    return str(auth.get("path") or "") if isinstance(auth, dict) else str(auth or "")


def _folders(root: Path, config: Mapping[str, Any]) -> Iterator[str]:
    yield str(root)
    for dependency in config.get("dependencies") or []:
        folder = (root / str(dependency)).resolve()
        if folder.is_dir() and folder != root:
            yield str(folder)


def _variables(root: Path, env: Any) -> dict[str, str]:
    if isinstance(env, dict):
        return {str(name): str(value) for name, value in env.items()}
    path = root / str(env or "")
    # As for the server, a file that is not there yet is no error: .env is seldom committed.
    return parse_env(path.read_text(encoding="utf-8-sig")) if path.is_file() else {}


def parse_env(text: str) -> dict[str, str]:
    r"""Parse the plain part of the .env format.

    `NAME=value` lines, `export ` before them, `#` comments, 'single' quotes as they stand and "double" quotes with \n,
    \t, \" and \\. No interpolation and no values over several lines.
    """
    lines = (line.strip().removeprefix("export ") for line in text.splitlines())
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): _env_value(value.strip()) for name, _, value in pairs}


def _env_value(value: str) -> str:
    quote = value[:1]
    end = value.rfind(quote) if quote in ("'", '"') else 0
    if end <= 0:
        return value.split(" #")[0].rstrip()
    inner = value[1:end]
    if quote == "'":
        return inner
    escapes = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}
    parts = inner.split("\\\\")
    for letter in ("n", "t", '"'):
        parts = [part.replace(f"\\{letter}", escapes[letter]) for part in parts]
    return "\\".join(parts)
