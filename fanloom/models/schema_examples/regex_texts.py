"""Texts that match a regular expression, written along its syntax tree."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import chain
from typing import Any

_SIGNS = string.ascii_lowercase + string.ascii_uppercase + string.digits + "-_ " + string.punctuation
_CATEGORIES: dict[str, Callable[[str], bool]] = {
    "DIGIT": str.isdigit,
    "SPACE": str.isspace,
    "WORD": lambda sign: sign.isalnum() or sign == "_",
}
_LONGER = 64


def matching(pattern: str, least: int = 0, turn: int = 0) -> Iterator[str]:
    """Yield texts made for a pattern, the shortest first, then longer ones up to `least` signs and more.

    Look-arounds are not obeyed, so check what comes. Yields nothing for a pattern that Python's `re` does not know.
    """
    try:
        # The parser of `re` itself; there is no public one.
        tree = import_module("re._parser").parse(pattern)
    except (re.error, ImportError):
        return
    for repeats in chain(range(min(least, _LONGER) + 2), (least,)):
        yield _Writer(repeats, turn).written(tree)


class _Writer:
    """Writes a text along a tree: `repeats` more of what may be repeated, at other turns other signs."""

    def __init__(self, repeats: int, turn: int) -> None:
        self.repeats, self.turn = repeats, turn
        self.groups: dict[int, str] = {}

    def written(self, tree: Any) -> str:
        return "".join(self._part(str(kind), value) for kind, value in tree)

    def _part(self, kind: str, value: Any) -> str:
        match kind:
            case "LITERAL":
                return chr(value)
            case "NOT_LITERAL" | "IN" | "ANY" | "CATEGORY":
                return self._sign(kind, value)
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                least, most, tree = value
                return "".join(self.written(tree) for _ in range(min(int(most), least + self.repeats)))
            case "SUBPATTERN":
                group, _, _, tree = value
                self.groups[group] = self.written(tree)
                return self.groups[group]
            case "BRANCH":
                return self.written(value[1][self.turn % len(value[1])])
            case "ATOMIC_GROUP":
                return self.written(value)
            case "GROUPREF":
                return self.groups.get(value, "")
            case _:
                return ""

    def _sign(self, kind: str, value: Any) -> str:
        items = value if kind == "IN" else [(kind, value)]
        signs = [sign for sign in dict.fromkeys(chain(_named(items), _SIGNS)) if _is_in(sign, items)]
        # A plain letter where one will do, since the first sign of a range can be anything.
        plain = [sign for sign in signs if sign.isalnum()] or signs or [""]
        return plain[self.turn % len(plain)]


def _named(items: Any) -> Iterator[str]:
    """Yield signs that a set names itself."""
    for kind, value in items:
        if str(kind) in ("LITERAL", "RANGE"):
            yield chr(value if str(kind) == "LITERAL" else value[0])


def _is_in(sign: str, items: Any) -> bool:
    is_negated = str(items[0][0]) == "NEGATE"
    return is_negated != any(_is_one(sign, str(kind), value) for kind, value in items)


def _is_one(sign: str, kind: str, value: Any) -> bool:
    match kind:
        case "LITERAL" | "NOT_LITERAL":
            return bool((ord(sign) == value) == (kind == "LITERAL"))
        case "RANGE":
            return bool(value[0] <= ord(sign) <= value[1])
        case "CATEGORY":
            name = str(value).removeprefix("CATEGORY_").removeprefix("NOT_")
            known = _CATEGORIES.get(name)
            return known is not None and known(sign) != ("_NOT_" in str(value))
        case _:
            return kind == "ANY"
