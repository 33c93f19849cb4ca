"""A run in the trace format that Perfetto and Chrome open: each task has a lane, with its calls, attempts and waits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fanloom.runlog.span_tree import Span, spans_of


def perfetto_trace(events: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return the trace of a run's events, JSON-plain; times are in microseconds."""
    spans = spans_of(events)
    by_key = {span.key: span for span in spans}
    last = max((span.end or span.start for span in spans), default=0)
    lanes = {lane: number for number, lane in enumerate(dict.fromkeys(_lane(span, by_key) for span in spans), 1)}
    names = [
        {"ph": "M", "name": "thread_name", "pid": 1, "tid": number, "args": {"name": lane}}
        for lane, number in lanes.items()
    ]
    bars = [_bar(span, lanes[_lane(span, by_key)], last) for span in spans]
    return {"traceEvents": [*names, *bars], "displayTimeUnit": "ms"}


def _bar(span: Span, lane: int, last: int) -> dict[str, Any]:
    end = span.end if span.end is not None else last
    bar = {"ph": "X", "name": span.name, "cat": span.kind, "pid": 1, "tid": lane, "ts": span.start}
    return {**bar, "dur": max(0, end - span.start), "args": span.facts}


def _lane(span: Span, by_key: dict[str, Span]) -> str:
    """Return the lane of a span: its task's, else that of its node, else the run's."""
    while span.kind in ("attempt", "wait") and span.parent in by_key:
        span = by_key[span.parent]
    if span.kind == "run":
        return "run"
    above = by_key.get(span.parent)
    return str(span.facts.get("task") or (above.name if above and span.kind == "call" else span.name))
