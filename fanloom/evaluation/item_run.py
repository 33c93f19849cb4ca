"""One item run through a graph: what came out, what each node wrote, and what it took."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from langgraph.pregel import Pregel
from langgraph.types import Overwrite

from fanloom.errors import FanloomError, UserError
from fanloom.evaluation.call_counts import CallCounts, reliability
from fanloom.evaluation.figures.intervals import Ratio
from fanloom.redaction import redact
from fanloom.runs.run_log import Apart, told_apart

ANSWERED = "runs answered"
"""What the share of runs that have a result is called."""

_INTERRUPT = "__interrupt__"


@dataclass
class ItemRun:
    """What a run ended with.

    `updates` holds what nodes wrote, by node; of a node that ran several times each key's last value. `error` says why
    the run has no result, `seconds` are wall-clock time, `thread` is what the run log knows the run by.
    """

    output: dict[str, Any] = field(default_factory=dict)
    updates: dict[str, dict[str, Any]] = field(default_factory=dict)
    error: str = ""
    seconds: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)
    thread: str = ""

    def at(self, path: str) -> Any:
        """Return what stands at a path such as `output.intent` or `updates.plan_tasks.tasks`; None where nothing does.

        Raises UserError for a path that begins otherwise.
        """
        root, *names = path.split(".")
        if root not in ("output", "updates") or not names:
            raise UserError(f"{path!r} is no place in a run: write 'output.FIELD' or 'updates.NODE.FIELD'.")
        found: Any = getattr(self, root)
        for name in names:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found

    def reliability(self) -> dict[str, Ratio]:
        """Return whether there is a result, and what became of the run's calls and tasks where that is counted."""
        return {ANSWERED: Ratio(int(not self.error), 1), **reliability(self.counts)}

    def used(self) -> dict[str, Ratio]:
        """Return what the run took, where its graph counts that."""
        usage = self.output.get("usage")
        seconds = {"seconds": Ratio(self.seconds, 1)}
        if not isinstance(usage, Mapping) or "model_calls" not in usage:
            return seconds
        counts = {
            "model calls": usage["model_calls"],
            "tokens in": usage.get("input_tokens"),
            "tokens out": usage.get("output_tokens"),
            "cost, US$": usage.get("cost_usd"),
        }
        return {**{name: Ratio(count, 1) for name, count in counts.items() if count is not None}, **seconds}


async def run_item(
    graph: Pregel[Any, Any, Any, Any], given: Mapping[str, Any], context: Mapping[str, Any] | None, timeout_s: float
) -> ItemRun:
    """Run a graph once. A run that fails, waits for a person or takes longer than `timeout_s` has an `error`."""
    run, calls, began = ItemRun(thread=str(uuid.uuid4())), CallCounts(), time.monotonic()
    try:
        async with asyncio.timeout(timeout_s):
            with told_apart(Apart(listen=calls)):
                await _follow(graph, given, context, run)
    except TimeoutError:
        run.error = f"no result after {timeout_s:g} s"
    except Exception as error:  # noqa: BLE001 - a graph can fail in any way, and that is what the item's result says
        run.error = redact(str(error) if isinstance(error, FanloomError) else f"{type(error).__name__}: {error}")
    run.seconds, run.counts = time.monotonic() - began, calls.counts()
    if run.error and run.counts["calls"]:
        # What its answers took was paid for, though no result says so.
        run.output["usage"] = {**(run.output.get("usage") or {}), **calls.usage()}
    return run


async def _follow(
    graph: Pregel[Any, Any, Any, Any], given: Mapping[str, Any], context: Mapping[str, Any] | None, run: ItemRun
) -> None:
    config: Any = {"configurable": {"thread_id": run.thread}}
    # `updates` would be cut down to the output's keys; `tasks` tells all that a node writes.
    events: AsyncIterator[Any] = graph.astream(
        given, config, context=context, stream_mode=["tasks", "values"], output_keys=graph.output_channels
    )
    async for mode, data in events:
        if mode == "tasks":
            if data.get("interrupts"):
                run.error = "waits for a person"
            _note(run, data)
        elif isinstance(data, dict) and _INTERRUPT not in data:
            run.output = data


def _note(run: ItemRun, event: Mapping[str, Any]) -> None:
    result = event.get("result")
    if isinstance(result, Mapping):
        known = run.updates.setdefault(str(event["name"]), {})
        known.update({name: value.value if isinstance(value, Overwrite) else value for name, value in result.items()})
