"""How often each rung of the ladder was needed: more room, repair, salvage, a template in the synthesizer's place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from langchain_core.callbacks import BaseCallbackHandler

from fanloom import RunError
from fanloom.gateway import answer_reading
from fanloom.gateway.call import call

RUNGS = ("requests", "longer", "repair", "fallback", "salvage", "gave up", "template")


class Rungs(BaseCallbackHandler):
    """Counts by rung; `most_attempts` is the most requests that one call to one model has made."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.most_attempts = 0

    def on_chat_model_start(
        self,
        serialized: Any,
        messages: Any,
        *,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Count a request by what the trace says of it."""
        told, labels = metadata or {}, tags or []
        self.counts["requests"] += 1
        self.counts["longer"] += told.get("after") == "truncated"
        self.counts["repair"] += "repair" in labels and told.get("after") != "truncated"
        self.counts["fallback"] += "fallback" in labels
        if "fallback" not in labels:
            self.most_attempts = max(self.most_attempts, told.get("attempt", 0))

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count too which calls are answered with a part of what was said, and which with nothing."""
        with (
            mock.patch("fanloom.gateway.call.salvage", self._salvage),
            mock.patch("fanloom.steps.step.call", self._call),
        ):
            yield

    def _salvage(self, *given: Any) -> Any:
        found = answer_reading.salvage(*given)
        self.counts["salvage"] += found is not None
        return found

    async def _call(self, run: Any, request: Any) -> Any:
        try:
            return await call(run, request)
        except RunError:
            self.counts["gave up"] += 1
            # What the graph then says in its place is no model's.
            self.counts["template"] += request.role == "synthesizer"
            raise
