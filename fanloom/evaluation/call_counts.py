"""What the model calls of a run have come to: repaired, kept in part, handed to another model, cut off, given up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from fanloom.evaluation.figures.intervals import Ratio
from fanloom.runlog.recorder import Entry

_ENDS = {
    "repaired": "calls repaired",
    "salvaged": "calls salvaged",
    "fell_back": "calls fallen back",
    "truncated": "calls truncated",
    "failed": "calls failed",
}
CALLS = tuple(_ENDS.values())
"""What the shares of calls are called."""

TASKS = "tasks done"
"""What the share of the planned tasks that are done is called."""

_WHY = {"repair": "repaired", "longer": "repaired", "fallback": "fell_back"}


class CallCounts:
    """Listens to a run: how each of its model calls went, and how many of its planned tasks were done."""

    def __init__(self) -> None:
        self._calls: dict[str, set[str]] = defaultdict(set)
        self._planned = self._done = 0
        self._answers: list[Mapping[str, Any]] = []

    def __call__(self, entry: Entry) -> None:
        """Take an event; those that tell of neither calls nor tasks are left out."""
        told = entry.fields
        if told.get("answered"):
            self._answers.append(told)
        match entry.type:
            case "call.started":
                self._calls[told["id"]] = set()
            case "attempt.started" | "attempt.ended" | "call.salvaged":
                self._calls[told["call"]].add(_way(entry.type, told))
            case "call.ended" if told.get("error"):
                self._calls[told["id"]].add("failed")
            case "plan.made":
                self._planned += len(told["tasks"]) + told["cut"]
            case "outcome":
                self._done += told["status"] == "done"

    def counts(self) -> dict[str, int]:
        """Return how many calls were made, how many of them went in each way, and how many tasks were done.

        A call that was asked to be repaired, and failed or was kept in part, is not repaired.
        """
        ways = [way - {"repaired"} if way & {"failed", "salvaged"} else way for way in self._calls.values()]
        ended = {end: sum(end in way for way in ways) for end in _ENDS}
        return {"calls": len(ways), **ended, "planned": self._planned, "done": min(self._done, self._planned)}

    def usage(self) -> dict[str, Any]:
        """Return what the answers took, as the usage of a result says it; for a run that has none."""
        costs = [told.get("cost_usd") for told in self._answers]
        return {
            "model_calls": len(self._answers),
            "input_tokens": sum(told.get("gen_ai.usage.input_tokens") or 0 for told in self._answers),
            "output_tokens": sum(told.get("gen_ai.usage.output_tokens") or 0 for told in self._answers),
            "cost_usd": None if None in costs else sum(filter(None, costs)),
        }


def reliability(counts: Mapping[str, int]) -> dict[str, Ratio]:
    """Return what the counts of a run add to measures: of its calls how many went how, of its tasks how many are done.

    Nothing where nothing was counted, as in a graph that is not made with Fanloom.
    """
    calls = {name: Ratio(counts[end], counts["calls"]) for end, name in _ENDS.items() if counts.get("calls")}
    return {TASKS: Ratio(counts["done"], counts["planned"]), **calls} if counts.get("planned") else calls


def _way(type: str, told: Mapping[str, Any]) -> str:
    if type == "call.salvaged":
        return "salvaged"
    return "truncated" if told.get("outcome") == "truncated" else _WHY.get(told.get("why", ""), "")
