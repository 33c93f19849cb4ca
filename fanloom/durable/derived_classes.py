"""Classes that are derived from others, also where nobody has imported their module yet: its source is read first."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator
from importlib.abc import InspectLoader
from importlib.machinery import PathFinder
from importlib.util import resolve_name

Bases = tuple[type, ...]


def derived_class(module: str, name: str, bases: Bases) -> type | None:
    """Return a class if it is derived from one of some others, else None.

    A module is imported only where its source says that: one of a package that has one of the others, with a class of
    that name whose bases lead to one of them. So who names a class can have no other module imported.
    """
    if module not in sys.modules:
        if not _is_said(f"{module}.{name}", bases, set()):
            return None
        try:
            importlib.import_module(module)
        except Exception:  # noqa: BLE001 - whatever keeps it from being imported: what was kept is still there as data
            return None
    return _imported(module, name, bases)


def _imported(module: str, name: str, bases: Bases) -> type | None:
    found = getattr(sys.modules[module], "__dict__", {}).get(name)
    return found if isinstance(found, type) and issubclass(found, bases) else None


def _is_said(full_name: str, bases: Bases, seen: set[str]) -> bool:
    """Return whether a name stands for a class that is derived from one of some others; nothing is run for it."""
    module, _, name = full_name.rpartition(".")
    if module in sys.modules:
        return _imported(module, name, bases) is not None
    if full_name in seen:
        return False
    seen.add(full_name)
    packages = {base.__module__.partition(".")[0] for base in bases}
    source = _Source.of(module) if module.partition(".")[0] in packages else None
    return source is not None and any(_is_said(each, bases, seen) for each in source.behind(name))


class _Source:
    """The source of a module: its classes, and what it takes from others."""

    def __init__(self, module: str, package: str, text: str) -> None:
        self._module, self._package = module, package
        body = ast.parse(text).body
        self._classes = {node.name: node for node in body if isinstance(node, ast.ClassDef)}
        self._taken = dict(taken for node in body for taken in self._imports(node))

    @classmethod
    def of(cls, module: str) -> _Source | None:
        """Return the source of a module below a package that is imported, or None if there is none."""
        top, *parts = module.split(".")
        path, spec, name = getattr(sys.modules.get(top), "__path__", None), None, top
        for part in parts:
            name = f"{name}.{part}"
            spec = PathFinder.find_spec(name, path) if path is not None else None
            path = spec.submodule_search_locations if spec else None
        if spec is None or not isinstance(spec.loader, InspectLoader):
            return None
        try:
            return cls(
                module, spec.name if path is not None else (spec.parent or ""), spec.loader.get_source(name) or ""
            )
        except (ImportError, SyntaxError):
            return None

    def behind(self, name: str) -> Iterator[str]:
        """Yield the full names of the bases of a class, or that of what the module has taken from another by a name."""
        if name in self._classes:
            for base in self._classes[name].bases:
                yield self._full(ast.unparse(base.value if isinstance(base, ast.Subscript) else base))
        elif name in self._taken:
            yield self._taken[name]

    def _full(self, written: str) -> str:
        head, dot, rest = written.partition(".")
        if head in self._taken:
            return f"{self._taken[head]}{dot}{rest}"
        return written if dot else f"{self._module}.{written}"

    def _imports(self, node: ast.stmt) -> Iterator[tuple[str, str]]:
        if isinstance(node, ast.ImportFrom):
            origin = resolve_name("." * node.level + (node.module or ""), self._package)
            yield from ((alias.asname or alias.name, f"{origin}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.asname, alias.name) for alias in node.names if alias.asname)
