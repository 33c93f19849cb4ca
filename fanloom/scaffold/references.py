"""Where the steps of a module say that their understudies are, such as "understudies.refine:improve"."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import accumulate

UNDERSTUDIES = "understudies"
_REFERENCE = re.compile(rf"{UNDERSTUDIES}(?:\.\w+)+:\w+")


def modules_named(tree: ast.Module) -> Iterator[str]:
    """Yield the modules that the references of a module lead to."""
    yield from (str(found.value).partition(":")[0] for found in _references(tree))


def without_references(source: str) -> str:
    """Return a module whose steps name no understudy: `understudy=` goes, any other reference becomes None."""
    tree, text = ast.parse(source), source.encode()
    starts = [0, *accumulate(map(len, text.splitlines(keepends=True)))]
    arguments = {id(node.value): node for node in ast.walk(tree) if isinstance(node, ast.keyword)}
    for found in sorted(_references(tree), key=lambda found: (found.lineno, found.col_offset), reverse=True):
        argument = arguments.get(id(found))
        named = argument if argument and argument.arg == "understudy" else None
        place = named or found
        start = starts[place.lineno - 1] + place.col_offset
        end = starts[(place.end_lineno or place.lineno) - 1] + (place.end_col_offset or 0)
        text = _joined(text[:start], text[end:]) if named else text[:start] + b"None" + text[end:]
    return text.decode()


def _references(tree: ast.Module) -> Iterator[ast.Constant]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _REFERENCE.fullmatch(node.value):
            yield node


def _joined(before: bytes, after: bytes) -> bytes:
    """Close the gap that an argument leaves: its comma goes with it, and its line if nothing else is on it."""
    line, comma = before.rpartition(b"\n")[2], re.match(rb"[ \t]*,[ \t]*", after)
    if comma and not line.strip() and after[comma.end() :].startswith(b"\n"):
        return before[: len(before) - len(line)] + after[comma.end() + 1 :]
    if comma:
        return before + after[comma.end() :]
    return re.sub(rb",\s*$", b"", before) + after
