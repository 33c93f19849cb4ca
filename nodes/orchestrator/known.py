"""The context variables of a task: what the caller knows, by name, as the prompts may use it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator

MAX_NAMES = 200
MAX_KNOWN = 1_000_000  # characters of JSON
MAX_DEPTH = 20

BUILTINS = frozenset({"task", "context", "max_subtasks", "type", "description", "needs", "analysis", "parts", "wrong"})
"""The variables that every run gives by itself, each to the prompts that it concerns."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _known(context: dict[str, Any]) -> dict[str, Any]:
    if len(context) > MAX_NAMES:
        raise ValueError(f"has more than {MAX_NAMES} names; put what belongs together under one")
    for name in context:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name[:60]!r} cannot be the name of a variable; use letters, digits and _ only")
        if name in BUILTINS:
            raise ValueError(f"{name!r} is a variable that each run gives itself; choose another name")
    texts = {name: _json(name, value) for name, value in context.items()}
    if sum(map(len, texts.values())) > MAX_KNOWN:
        raise ValueError(f"is longer than {MAX_KNOWN:,} characters of JSON; give what matters of it")
    return {name: json.loads(text) for name, text in texts.items()}


Known: TypeAlias = Annotated[dict[str, Any], AfterValidator(_known)]
"""Values by the name of their variable, JSON-plain."""


def shown(value: Any) -> Any:
    """Return a value as a prompt shows it: what JSON writes in words stays in those."""
    if isinstance(value, Mapping):
        return {name: shown(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shown(item) for item in value]
    return json.dumps(value) if value is None or isinstance(value, bool) else value


def _json(name: str, value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"the value of {name!r} is not JSON: {_reason(error)}") from None
    if _depth(text) > MAX_DEPTH:
        raise ValueError(f"the value of {name!r} is nested deeper than {MAX_DEPTH}; make it flatter")
    return text


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeEncodeError):
        return "it holds half a character (a lone surrogate)"
    return "it is nested too deep" if isinstance(error, RecursionError) else str(error)


def _depth(text: str) -> int:
    deepest = depth = 0
    for sign in re.sub(r'"(?:[^"\\]|\\.)*"', "", text):
        depth += (sign in "[{") - (sign in "]}")
        deepest = max(deepest, depth)
    return deepest
