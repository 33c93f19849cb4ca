"""A run as spans: the run, its nodes, its calls, and below each call its attempts and waits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

_KINDS = ("node", "call", "attempt", "wait")
_HEAD = {"v", "seq", "t", "mono", "type"}


@dataclass
class Span:
    """A part of a run; times are microseconds of the process's monotonic clock, `end` is None while it goes on."""

    key: str
    parent: str
    kind: str
    name: str
    start: int
    end: int | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """Whether nothing says that it failed."""
        return self.facts.get("outcome", "ok") == "ok" and not self.facts.get("error")


def spans_of(events: Iterable[dict[str, Any]]) -> list[Span]:
    """Return the spans of a run in the order in which they began, the run itself first; events come in order."""
    spans: dict[str, Span] = {}
    for event in events:
        kind, _, what = event["type"].partition(".")
        if kind == "run":
            _begin_run(spans, event) if what in ("started", "resumed") else _end(spans.get("run"), event)
        elif kind in _KINDS:
            _begin(spans, kind, event) if what == "started" else _end(spans.get(_key(kind, event)), event)
        elif kind == "outcome":
            _note(spans, event)
    return list(spans.values())


def _begin_run(spans: dict[str, Span], event: dict[str, Any]) -> None:
    if "run" in spans:
        spans["run"].end = None
        return
    spans["run"] = Span(
        "run", "", "run", f"invoke_workflow {event.get('graph', '')}", event["mono"], None, _facts(event)
    )


def _begin(spans: dict[str, Span], kind: str, event: dict[str, Any]) -> None:
    key, parent = _key(kind, event), _parent(spans, kind, event)
    spans[key] = Span(key, parent, kind, _name(kind, event), event["mono"], None, _facts(event))


def _parent(spans: dict[str, Span], kind: str, event: dict[str, Any]) -> str:
    if kind == "call":
        return _node_of(spans, str(event.get("task")))
    parent = f"node:{event.get('parent')}" if kind == "node" else f"call:{event.get('call')}"
    return parent if parent in spans else "run"


def _node_of(spans: dict[str, Span], task: str) -> str:
    """Return the span of the node that does a task, the newest if there are several, else the run."""
    found = [span.key for span in spans.values() if span.kind == "node" and span.facts.get("task") == task]
    return found[-1] if found else "run"


def _end(span: Span | None, event: dict[str, Any]) -> None:
    if span is not None:
        span.end = event["mono"]
        span.facts |= _facts(event)


def _note(spans: dict[str, Span], event: dict[str, Any]) -> None:
    node = spans.get(_node_of(spans, str(event.get("task_id"))))
    if node is not None and node.kind == "node":
        node.facts |= {"status": event.get("status"), "error": event.get("error")}


def _key(kind: str, event: dict[str, Any]) -> str:
    if kind == "attempt":
        return f"attempt:{event.get('call')}:{event.get('n')}"
    return f"{kind}:{event.get('id')}"


def _name(kind: str, event: dict[str, Any]) -> str:
    names = {
        "node": str(event.get("node", "")),
        "call": f"chat {event.get('step', '')}",
        "attempt": "fanloom.attempt",
        "wait": f"fanloom.wait {event.get('reason', '')}",
    }
    return names[kind].strip()


def _facts(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name not in _HEAD}
