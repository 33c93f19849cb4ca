"""The name of a new project's package, made from that of its folder."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from fanloom.errors import UserError
from fanloom.scaffold.template import PACKAGES


def project_name(target: Path) -> str:
    """Return the name of the package of a project in a folder. Raises UserError if none can be made of it."""
    # Decomposed, so that of an accented letter the letter stays.
    plain = "".join(c for c in unicodedata.normalize("NFKD", target.name.casefold()) if not unicodedata.combining(c))
    name = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if not name or name in _needed():
        why = "is the name of a package that it needs" if name else "has no letter from a to z and no digit"
        raise UserError(f"a project cannot be called after {target.name!r}, which {why}; choose another folder name")
    return name


def _needed() -> set[str]:
    """Return what a project needs, directly or not: one of such a name would be taken for its own dependency."""
    waiting = ["fanloom", *(re.split(r"[^\w.-]", package, maxsplit=1)[0].lower() for package in PACKAGES.values())]
    found = {*waiting, "pytest", "pytest-asyncio"}
    while waiting:
        new = set(_requirements(waiting.pop())) - found
        found |= new
        waiting += new
    return found


def _requirements(name: str) -> Iterator[str]:
    """Yield the names of what an installed package requires; of what is optional, only Fanloom's."""
    try:
        lines = requires(name) or []
    except PackageNotFoundError:
        return
    for line in lines:
        if name == "fanloom" or not re.search(r"\bextra *==", line):
            yield re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", line, maxsplit=1)[0]).lower()
