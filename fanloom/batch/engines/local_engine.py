"""What an engine is, and the one that runs items in this process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from fanloom.batch.ended_items import EndedItem
from fanloom.batch.inputs import Item
from fanloom.batch.one_item import run_item
from fanloom.gateway.bounds.process_limits import waiting_calls
from fanloom.runs.current_run import Run, within

if TYPE_CHECKING:
    from langgraph.pregel import Pregel


class Engine(Protocol):
    """Runs the items of a job, as many at a time as it is given."""

    async def run(self, item: Item, whole: Run) -> EndedItem:
        """Run an item as a part of the whole job, and return how it ended.

        Raises UserError for what keeps every item from running.
        """
        ...

    async def close(self) -> None:
        """Let go what it holds; nothing runs any more."""
        ...

    def waiting(self) -> Mapping[str, int]:
        """Return how many calls or items wait, by what they wait for."""
        ...


class LocalEngine:
    """Runs items in this process."""

    def __init__(self, graph: Pregel[Any, Any, Any, Any], context: Mapping[str, Any] | None) -> None:
        self._graph, self._context = graph, context

    async def run(self, item: Item, whole: Run) -> EndedItem:
        """Run an item and return how it ended."""
        with within(whole):
            return await run_item(self._graph, item, self._context)

    async def close(self) -> None:
        """Do nothing: there is nothing to let go."""

    def waiting(self) -> Mapping[str, int]:
        """Return how many calls wait in this process, by what they wait for."""
        return waiting_calls()
