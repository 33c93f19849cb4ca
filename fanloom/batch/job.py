"""A job: the items of an input through one graph, within one budget, kept in a folder so that it can go on."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

from fanloom.batch.inputs import InputSource, Item
from fanloom.batch.job_folder import EndedItem, JobFolder, totals
from fanloom.batch.local_engine import LocalEngine
from fanloom.batch.one_item import outcomes_in, run_item
from fanloom.errors import BudgetExceeded, UserError
from fanloom.gateway.bounds.budget import Amount, Budget
from fanloom.runs.context import MAX_WIDTH, Context
from fanloom.runs.current_run import Run, within
from fanloom.runs.usage import Usage, no_usage

if TYPE_CHECKING:
    from langgraph.pregel import Pregel

DEFAULT_CONCURRENCY = 16


@dataclass
class Bounds:
    """What a whole job may do, over all its resumes; None is no bound.

    `max_failures` counts items that failed; `limit` is the most items that this run of the job takes.
    """

    max_model_calls: int | None = None
    max_total_tokens: int | None = None
    max_cost_usd: float | None = None
    max_failures: int | None = None
    limit: int | None = None

    def of_shard(self, count: int) -> dict[str, float]:
        """Return what one of so many shards may spend: an even part, since they do not know of each other."""
        whole = {name: value for name in Amount._fields if (value := getattr(self, name)) is not None}
        return {name: value / count if name == "max_cost_usd" else value // count for name, value in whole.items()}


@dataclass
class Job:
    """Runs the items that have not ended, a bounded number at a time, and writes down how each ends."""

    graph: Pregel[Any, Any, Any, Any]
    source: InputSource | Iterable[Any]
    context: Mapping[str, Any] | None = None
    folder: JobFolder | None = None
    concurrency: int = DEFAULT_CONCURRENCY
    bounds: Bounds = field(default_factory=Bounds)
    retry_failed: bool = False
    stopped_by: str = ""
    """Why it ended before the input did; empty while it has not."""
    failed: int = 0

    def __post_init__(self) -> None:
        """Raises UserError for a concurrency below 1."""
        if self.concurrency < 1:
            raise UserError(f"concurrency is at least 1, not {self.concurrency}")
        self._engine = LocalEngine(self._one, self.concurrency)

    def stop(self, why: str = "stopped") -> None:
        """Let what is in flight end, and begin nothing else."""
        self.stopped_by = self.stopped_by or why
        self._engine.stop()

    async def results(self) -> AsyncGenerator[EndedItem, None]:
        """Yield how items end, in the order in which they end; each is written down before it is handed on.

        Raises UserError for what keeps every item from running.
        """
        ended = self.folder.ended(retry=self.retry_failed) if self.folder else {}
        left = (item for item in self._items() if item.id not in ended)
        try:
            async with aclosing(self._engine.results(islice(left, self.bounds.limit))) as found:
                async for result in found:
                    self._note(result)
                    yield result
        except BudgetExceeded as error:
            self.stop(str(error))
        finally:
            if self.folder:
                if budget := self._whole.kept(Budget):
                    self.folder.note_spent(budget.spent._asdict())
                self.folder.close()

    def _note(self, result: EndedItem) -> None:
        if self.folder:
            self.folder.add(result)
        self.failed += result["status"] == "failed"
        if self.bounds.max_failures is not None and self.failed > self.bounds.max_failures:
            self.stop(f"more than {self.bounds.max_failures} items failed")

    def _items(self) -> Iterator[Item]:
        items = self.source.items() if isinstance(self.source, InputSource) else _numbered(self.source)
        if self.folder is None or self.folder.shard[1] == 1:
            return items
        number, of = self.folder.shard
        # By the id, so that a shard has the same items however the input is read.
        return (item for item in items if crc32(item.id.encode()) % of == number - 1)

    async def _one(self, item: Item) -> EndedItem:
        with within(self._whole):
            result = await run_item(self.graph, item, self.context)
        budget = self._whole.kept(Budget)
        if budget and budget.is_spent and any(_lacks_budget(outcome) for outcome in outcomes_in(result["output"])):
            # It has not ended: with a larger budget it would have been done.
            raise BudgetExceeded("the budget of the whole job is spent; raise it to go on")
        return result

    def _spent(self) -> Usage:
        """Return what was spent before: by items that have ended and, as far as it was noted, by others."""
        if self.folder is None:
            return no_usage()
        told, noted = totals(self.folder.own_results()), self.folder.spent()
        tokens = max(told["input_tokens"] + told["output_tokens"], noted.get("max_total_tokens", 0))
        cost = max(told["cost_usd"] or 0.0, noted.get("max_cost_usd", 0.0))
        calls = max(told["model_calls"], noted.get("max_model_calls", 0))
        return {**no_usage(), "model_calls": int(calls), "input_tokens": int(tokens), "cost_usd": cost}

    @cached_property
    def _whole(self) -> Run:
        """The run in which all items happen: its budget is the job's, which begins with what was spent before."""
        bounds = self.bounds.of_shard(self.folder.shard[1] if self.folder else 1)
        run = Run(Context(max_concurrency=MAX_WIDTH, **bounds))
        if bounds:
            run.keep(Budget, lambda run: Budget(run.context, self._spent()))
        return run


async def run_batch(
    graph: Pregel[Any, Any, Any, Any],
    items: InputSource | Iterable[Any],
    *,
    context: Mapping[str, Any] | None = None,
    out: Path | str | None = None,
    concurrency: int = DEFAULT_CONCURRENCY,
    bounds: Bounds | None = None,
) -> AsyncGenerator[EndedItem, None]:
    """Run many inputs through a graph and yield how each ends, as it ends.

    `items` are inputs of the graph, `(id, input)` pairs, or an InputSource. With `out`, a folder, results are written
    down, and items that have ended there do not run again. Raises UserError for what keeps every item from running.
    """
    folder = JobFolder(Path(out)) if out is not None else None
    job = Job(graph, items, context, folder, concurrency, bounds or Bounds())
    async with aclosing(job.results()) as results:
        async for result in results:
            yield result


def summary_of(folder: JobFolder) -> dict[str, Any]:
    """Return how a job stands: items by how they ended, and what they used."""
    return totals(folder.results())


def _lacks_budget(outcome: Mapping[str, Any]) -> bool:
    return (outcome.get("error") or {}).get("kind") == "budget"


def _numbered(items: Iterable[Any]) -> Iterator[Item]:
    for number, given in enumerate(items, 1):
        if isinstance(given, Item):
            yield given
        elif isinstance(given, tuple):
            name, value = given
            yield Item(str(name), value)
        else:
            yield Item(str(number), given)
