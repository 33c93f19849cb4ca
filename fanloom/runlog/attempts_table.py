"""The attempts of a run as a table, for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

_COLUMNS = {
    "task": "task",
    "step": "step",
    "call": "call",
    "n": "n",
    "why": "why",
    "model": "gen_ai.request.model",
    "outcome": "outcome",
    "seconds": "seconds",
    "input_tokens": "gen_ai.usage.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
    "cost_usd": "cost_usd",
    "message": "message",
}


def attempts_csv(events: Iterable[dict[str, Any]]) -> str:
    """Return a row for each attempt of a run, in the order in which they began; seconds are the attempt's own."""
    calls: dict[Any, dict[str, Any]] = {}
    rows: dict[tuple[Any, Any], dict[str, Any]] = {}
    for event in events:
        key = (event.get("call"), event.get("n"))
        if event["type"] == "call.started":
            calls[event["id"]] = {"task": event.get("task"), "step": event.get("step")}
        elif event["type"] == "attempt.started":
            rows[key] = {**calls.get(event.get("call"), {}), **event}
        elif event["type"] == "attempt.ended" and key in rows:
            seconds = (event["mono"] - rows[key]["mono"]) / 1_000_000
            rows[key] |= {**event, "seconds": round(seconds, 3)}
    written = io.StringIO()
    writer = csv.DictWriter(written, list(_COLUMNS))
    writer.writeheader()
    for row in rows.values():
        writer.writerow({name: _safe(row.get(field)) for name, field in _COLUMNS.items()})
    return written.getvalue()


def _safe(value: Any) -> Any:
    # A spreadsheet would take a text that begins so for a formula.
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
