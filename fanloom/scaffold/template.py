"""The shipped graphs, and the files that each of them needs."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from fanloom.errors import UserError
from fanloom.scaffold.references import UNDERSTUDIES, modules_named

CONFIG = "langgraph.json"
PROMPTS = "prompts"
EVALS = "evals"
CODE = ("graphs", "nodes", UNDERSTUDIES, PROMPTS)
# What understudies import that Fanloom itself does not need, by the name of its module.
PACKAGES = {"bm25s": "bm25s>=0.3.16", "Stemmer": "PyStemmer>=3.0"}


@dataclass(frozen=True)
class Template:
    """A folder with the shipped graphs: the wheel's copy of them, or the checkout that Fanloom is used from."""

    root: Path

    @classmethod
    def shipped(cls) -> Template:
        """Find the shipped graphs. Raises UserError where they did not come with the package."""
        package = Path(__file__).parents[1]
        for root in (package / "template", package.parent):
            if (root / CONFIG).is_file() and (root / "graphs").is_dir():
                return cls(root)
        raise UserError("the shipped graphs are not here: install Fanloom from its wheel, or use it from its checkout")

    @cached_property
    def config(self) -> dict[str, Any]:
        """What langgraph.json says."""
        config: dict[str, Any] = json.loads((self.root / CONFIG).read_text(encoding="utf-8"))
        return config

    def module_of(self, graph: str) -> str:
        """Return the name of the module in which a graph is."""
        file = str(self.config["graphs"][graph]["path"]).partition(":")[0]
        return ".".join(Path(file).with_suffix("").parts)

    def files_of(self, graph: str, *, understudies: bool = True) -> set[Path]:
        """Return what a graph needs, relative to the root: its module, all it imports, their prompts, its data sets.

        Its steps' understudies are among it, with the files that lie beside them under their names, if asked for.
        """
        modules = self._imported(self.module_of(graph), understudies)
        folders = {graph} | {folder for module in modules for folder in _folders_named(self.root / module)}
        prompts = {
            prompt.relative_to(self.root)
            for folder in folders
            for kind in ("md", "toml")
            for prompt in (self.root / PROMPTS / folder).glob(f"**/*.{kind}")
        }
        data = {file for module in modules for file in self._beside(module)}
        return modules | prompts | data | set(self._evals_of(graph))

    def packages_of(self, files: Iterable[Path]) -> list[str]:
        """Return the requirements of some files beyond Fanloom's own."""
        names = {
            name.partition(".")[0] for file in files if file.suffix == ".py" for name in _imports(self.root / file)
        }
        return [package for name, package in PACKAGES.items() if name in names]

    def _evals_of(self, graph: str) -> Iterator[Path]:
        """Yield the data sets that judge a graph: each a JSON file that names it, and the items beside it."""
        for judging in (self.root / EVALS).glob("*.json"):
            if json.loads(judging.read_text(encoding="utf-8")).get("graph") == graph:
                yield judging.relative_to(self.root)
                yield judging.with_suffix(".jsonl").relative_to(self.root)

    def _beside(self, module: Path) -> Iterator[Path]:
        if module.parts[0] == UNDERSTUDIES:
            beside = (self.root / module).parent.glob(f"{module.stem}.*")
            yield from (file.relative_to(self.root) for file in beside if file.suffix != ".py")

    def _imported(self, module: str, understudies: bool) -> set[Path]:
        found: set[Path] = set()
        waiting = [module]
        while waiting:
            for file in set(self._files(waiting.pop())) - found:
                found.add(file)
                waiting += _imports(self.root / file)
                waiting += modules_named(_parsed(self.root / file)) if understudies else ()
        return found

    def _files(self, module: str) -> Iterator[Path]:
        """Yield the file of a module, and the packages that it is in; nothing for a module from elsewhere."""
        *packages, _ = parts = module.split(".")
        if parts[0] not in CODE:
            return
        places = [Path(*parts).with_suffix(".py"), Path(*parts, "__init__.py")]
        places += [Path(*packages[:depth], "__init__.py") for depth in range(1, len(packages) + 1)]
        yield from (place for place in places if (self.root / place).is_file())


def _imports(file: Path) -> Iterator[str]:
    """Yield the names that a module imports; of `from a import b` both `a` and `a.b`, which may be a module."""
    for node in ast.walk(_parsed(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _folders_named(file: Path) -> Iterator[str]:
    """Yield the folders of the paths that a module names, such as "faq" of "faq/answer.md"."""
    for node in ast.walk(_parsed(file)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            folder, slash, _ = node.value.partition("/")
            if slash and folder.isidentifier():
                yield folder


def _parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_bytes())
