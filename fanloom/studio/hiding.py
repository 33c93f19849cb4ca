"""What a report leaves out beyond what its log has left out: personal data, inputs, outputs, or all three."""

from __future__ import annotations

from typing import Any, Literal

from fanloom.redaction import mask_personal
from fanloom.runlog.fanrun import LoggedRun
from fanloom.tracing.trace_mask import TraceMask

HiddenPart = Literal["pii", "inputs", "outputs", "all"]
HIDDEN = "(hidden)"

_HEAD = {"v", "seq", "t", "mono", "type"}
# What is said about the work, and never a part of it. Everything else may quote an input or an output.
_FACTS = _HEAD | {
    *("id", "parent", "node", "name", "run", "graph", "pattern", "thread", "checkpoint", "owner", "fanloom", "status"),
    *("task", "task_id", "worker", "depends_on", "over", "cut", "attempts", "seconds", "superstep", "schema_url"),
    *("call", "step", "role", "prompt_version", "output", "n", "why", "after", "reason", "on", "outcome", "answered"),
    *("hint_s", "cost_usd", "model", "until", "once", "is_kept", "dropped", "by", "http.response.status_code"),
}
_INNER = {
    "tasks": {"task_id", "worker", "depends_on"},
    "error": {"kind", "retryable"},
    "nodes": {"name", "x", "y"},
    "edges": {"source", "target", "conditional"},
    "context": {"max_concurrency", "max_cost_usd"},
    "usage": {"model_calls", "input_tokens", "output_tokens", "cost_usd"},
}
_CONTENTS = {"prompt": "inputs", "input": "inputs", "answer": "outputs", "data": "outputs", "result": "outputs"}
# Who, and ids that callers choose, may be an address or a number of somebody's.
_MAY_NAME_SOMEBODY = {"thread", "owner", "by", "task", "task_id", "depends_on"}


def without(run: LoggedRun, part: HiddenPart) -> LoggedRun:
    """Return a run without what a part names; personal data is masked in every case.

    Without inputs or outputs no text is left that could quote one: titles, questions, error messages. A prompt of a
    later step quotes the answers of earlier ones: what must stay hidden for certain takes `all`.
    """
    gone = {name for name in ("inputs", "outputs") if part in (name, "all")}
    events = [_event(event, gone) for event in run.events]
    hidden = {name for event in run.events for field in _hidden_fields(event, gone) for name in _hashes(event[field])}
    named = {name for event in events for field in _CONTENTS.keys() & event.keys() for name in _hashes(event[field])}
    kept = {name: mask_personal(text) for name, text in run.contents.items() if name in named - hidden}
    return LoggedRun(events, kept)


def _event(event: dict[str, Any], gone: set[str]) -> dict[str, Any]:
    left = {name: value for name, value in event.items() if name not in _hidden_fields(event, gone)}
    if gone:
        left = {name: value if _is_content(left, name) else _fact(name, value) for name, value in left.items()}
    return {name: value if _is_plain(left, name) else _impersonal(name, value) for name, value in left.items()}


def _hidden_fields(event: dict[str, Any], gone: set[str]) -> set[str]:
    return {name for name in event if _is_content(event, name) and _CONTENTS[name] in gone}


def _is_content(event: dict[str, Any], name: str) -> bool:
    # The answer to a question is no content, but a value.
    return name in _CONTENTS and not str(event.get("type", "")).startswith("question.")


def _is_plain(event: dict[str, Any], name: str) -> bool:
    return _is_content(event, name) or name in _HEAD or name in _FACTS - _MAY_NAME_SOMEBODY


def _fact(name: str, value: Any) -> Any:
    """Return what is left of a field: what it says about the work, and nothing of the work itself."""
    if name in _INNER:
        return _picked(value, _INNER[name])
    return value if (name in _FACTS or name.startswith("gen_ai.")) and _is_flat(value) else HIDDEN


def _picked(value: Any, names: set[str]) -> Any:
    if isinstance(value, list):
        return [_picked(item, names) for item in value]
    if isinstance(value, dict):
        return {key: item if key in names and _is_flat(item) else HIDDEN for key, item in value.items()}
    return None if value is None else HIDDEN


def _is_flat(value: Any) -> bool:
    return not any(isinstance(item, dict | list) for item in (value if isinstance(value, list) else [value]))


def _impersonal(name: str, value: Any) -> Any:
    return TraceMask({"pii"})({name: value})[name]


def _hashes(value: Any) -> list[str]:
    """Return the contents that a field names."""
    parts = value if isinstance(value, list) else [value]
    return [str(part.get("text", "")) if isinstance(part, dict) else str(part) for part in parts]
