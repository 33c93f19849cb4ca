"""What a list of runs shows of one: how it stands, what is done, what it took; kept up event by event."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Self

_NO_MONEY = 0.0


@dataclass
class RunSummary:
    """How a run stands after some of its events.

    Times are milliseconds since the epoch, costs US dollars: `cost_usd` is None once the price of an answer is not
    known; `lost_usd` is the part of it that was paid for answers nobody could use. `requests` counts what was sent,
    `outcomes` the tasks by status, `waiting` the questions to a person that have no answer.
    """

    run: str = ""
    graph: str = ""
    thread: str = ""
    owner: str = ""
    status: str = "running"
    started: int = 0
    changed: int = 0
    planned: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = _NO_MONEY
    lost_usd: float = _NO_MONEY
    waiting: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    error: str = ""
    last_seq: int = 0

    def take(self, event: dict[str, Any]) -> None:
        """Take one event; what it does not know it leaves out."""
        self.changed, self.last_seq = event["t"], max(self.last_seq, event["seq"])
        if handler := _HANDLERS.get(event["type"]):
            handler(self, event)

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON knows it."""
        return asdict(self)

    @classmethod
    def of(cls, events: list[dict[str, Any]]) -> Self:
        """Return the summary of some events, in order."""
        summary = cls()
        for event in events:
            summary.take(event)
        return summary

    def _started(self, event: dict[str, Any]) -> None:
        self.run, self.graph = event.get("run", ""), event.get("graph", "")
        self.thread, self.owner = event.get("thread", ""), event.get("owner", "")
        self.started, self.status = event["t"], "running"

    def _resumed(self, event: dict[str, Any]) -> None:
        self.status, self.error = "running", ""

    def _paused(self, event: dict[str, Any]) -> None:
        self.status = "waiting"

    def _ended(self, event: dict[str, Any]) -> None:
        self.status, self.error = event.get("status", "done"), str(event.get("error") or "")

    def _planned(self, event: dict[str, Any]) -> None:
        self.planned += len(event.get("tasks", ())) + int(event.get("cut", 0))

    def _outcome(self, event: dict[str, Any]) -> None:
        status = str(event.get("status"))
        self.outcomes[status] = self.outcomes.get(status, 0) + 1

    def _sent(self, event: dict[str, Any]) -> None:
        self.requests += 1
        model = event.get("gen_ai.request.model", "")
        self.models = self.models if model in self.models else [*self.models, model]

    def _answered(self, event: dict[str, Any]) -> None:
        self.input_tokens += event.get("gen_ai.usage.input_tokens") or 0
        self.output_tokens += event.get("gen_ai.usage.output_tokens") or 0
        if "cost_usd" not in event and not event.get("answered"):
            return
        cost = event.get("cost_usd")
        self.cost_usd = None if cost is None or self.cost_usd is None else self.cost_usd + cost
        self.lost_usd += 0.0 if event.get("outcome") == "ok" else cost or 0.0

    def _asked(self, event: dict[str, Any]) -> None:
        self.waiting = [*dict.fromkeys([*self.waiting, str(event.get("id"))])]

    def _told(self, event: dict[str, Any]) -> None:
        self.waiting = [asked for asked in self.waiting if asked != str(event.get("id"))]


_HANDLERS = {
    "run.started": RunSummary._started,
    "run.resumed": RunSummary._resumed,
    "run.paused": RunSummary._paused,
    "run.ended": RunSummary._ended,
    "plan.made": RunSummary._planned,
    "outcome": RunSummary._outcome,
    "attempt.started": RunSummary._sent,
    "attempt.ended": RunSummary._answered,
    "question.asked": RunSummary._asked,
    "question.answered": RunSummary._told,
}
