"""A job: the items of an input through one graph, within one budget, kept in a folder so that it can go on."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

from fanloom.batch.cells import as_taken
from fanloom.batch.folder_lock import working_in
from fanloom.batch.inputs import InputSource, Item
from fanloom.batch.job_budget import JobBudget, spent_elsewhere
from fanloom.batch.job_folder import EndedItem, JobFolder, Manifest, totals
from fanloom.batch.local_engine import LocalEngine
from fanloom.batch.one_item import outcomes_in, run_item
from fanloom.batch.tables import rows_in_memory
from fanloom.errors import BudgetExceeded, UserError
from fanloom.gateway.bounds.budget import Amount, Budget
from fanloom.gateway.bounds.process_limits import waiting_calls
from fanloom.runs.context import MAX_WIDTH, Context
from fanloom.runs.current_run import Run, within

if TYPE_CHECKING:
    from langgraph.pregel import Pregel

DEFAULT_CONCURRENCY = 16
_NOTHING = Amount()


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

    def of_shard(self, count: int, number: int | None = None, spent: Amount = _NOTHING) -> dict[str, float]:
        """Return what one of so many shards may spend: an even part, since they do not know of each other.

        What is left over goes to the first ones. `spent` is what was spent before the job was divided so.
        """
        left = {
            name: max(0, value - getattr(spent, name))
            for name in Amount._fields
            if (value := getattr(self, name)) is not None
        }
        more = (number or count) - 1
        return {
            name: value / count if name == "max_cost_usd" else value // count + (more < value % count)
            for name, value in left.items()
        }


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
        with self._worked_in():
            if self.folder:
                self.folder.mend()
            try:
                async with aclosing(self._engine.results(self.items_left())) as found:
                    async for result in found:
                        yield result
            except BudgetExceeded as error:
                self.stop(str(error))

    def waiting(self) -> Mapping[str, int]:
        """Return how many calls wait in this process, by what they wait for."""
        return waiting_calls()

    @contextmanager
    def _worked_in(self) -> Iterator[None]:
        if self.folder is None:
            yield
            return
        with working_in(self.folder.folder, self.folder.shard):
            try:
                yield
            finally:
                self.folder.close()

    def count_left(self) -> int | None:
        """Return how many items this run of the job will take, or None where the input can be read only once.

        Raises UserError for an item that cannot be read.
        """
        if not isinstance(self.source, InputSource) or self.source.place == "-":
            return None
        return sum(1 for _ in self.items_left())

    def items_left(self) -> Iterator[Item]:
        """Yield the items that this run of the job would take."""
        ended = self.folder.ended(retry=self.retry_failed) if self.folder else {}
        return islice((item for item in self._items() if item.id not in ended), self.bounds.limit)

    def _note(self, result: EndedItem) -> None:
        if self.folder:
            self.folder.add(result)
        self.failed += result["status"] == "failed"
        if self.bounds.max_failures is not None and self.failed > self.bounds.max_failures:
            self.stop(f"more than {self.bounds.max_failures} items failed")

    def _items(self) -> Iterator[Item]:
        items = self._read() if isinstance(self.source, InputSource) else _numbered(_rows_of(self.source))
        if self.folder is None or self.folder.shard[1] == 1:
            return items
        number, of = self.folder.shard
        # By the id, so that a shard has the same items however the input is read.
        return (item for item in items if crc32(item.id.encode()) % of == number - 1)

    def _read(self) -> Iterator[Item]:
        assert isinstance(self.source, InputSource), "asked for such a source only"
        if not self.source.is_text:
            return self.source.items()
        schema = self.graph.get_input_jsonschema()
        return (Item(item.id, as_taken(item.given, schema)) for item in self.source.items())

    async def _one(self, item: Item) -> EndedItem:
        with within(self._whole):
            result = await run_item(self.graph, item, self.context)
        budget = self._whole.kept(Budget)
        if isinstance(budget, JobBudget) and budget.reached and lacks_budget(result):
            # It has not ended: with a larger budget it would have been done.
            raise BudgetExceeded(f"the budget of the whole job is spent: {budget.reached}; raise it to go on")
        # Before anybody reads it: what a kill finds in a queue would run again.
        self._note(result)
        return result

    @cached_property
    def _whole(self) -> Run:
        """The run in which all items happen: its budget is the job's, which begins with what was spent before."""
        number, count = self.folder.shard if self.folder else (1, 1)
        bounds = self.bounds.of_shard(count, number, spent_elsewhere(self.folder) if self.folder else _NOTHING)
        run = Run(Context(max_concurrency=MAX_WIDTH, **bounds))
        if bounds:
            run.keep(Budget, lambda run: JobBudget(run.context, self.folder))
        return run


async def run_batch(
    graph: Pregel[Any, Any, Any, Any],
    items: InputSource | Iterable[Any],
    *,
    context: Mapping[str, Any] | None = None,
    out: Path | str | None = None,
    concurrency: int = DEFAULT_CONCURRENCY,
    bounds: Bounds | None = None,
    shard: tuple[int, int] = (1, 1),
    retry_failed: bool = False,
    force: bool = False,
) -> AsyncGenerator[EndedItem, None]:
    """Run many inputs through a graph and yield how each ends, as it ends.

    `items` are inputs of the graph, `(id, input)` pairs, a table or data set of pyarrow, or an InputSource. With `out`,
    a folder, results are written down, and items that have ended there do not run again; `shard` is the Ith of N parts.
    Raises UserError for what keeps every item from running, and for a folder of another graph, context or input, unless
    `force` is given.
    """
    folder = JobFolder(Path(out), shard) if out is not None else None
    if folder:
        folder.begin(_manifest(graph, items, context), force=force)
    job = Job(graph, items, context, folder, concurrency, bounds or Bounds(), retry_failed)
    async with aclosing(job.results()) as results:
        async for result in results:
            yield result


def _manifest(graph: Any, items: Any, context: Mapping[str, Any] | None) -> Manifest:
    """Return what a job of Python is; of models and items that Python has made it knows only that they are given."""
    told = json.loads(json.dumps(dict(context or {}), default=lambda value: type(value).__name__))
    if not isinstance(items, InputSource):
        return Manifest(graph.name, told, "items from Python", "")
    return Manifest(
        graph.name, told, items.kept_place, items.fingerprint(), columns=dict(items.columns), id_column=items.id_column
    )


def summary_of(folder: JobFolder) -> dict[str, Any]:
    """Return how a job stands: items by how they ended, and what they used."""
    return totals(folder.results())


def lacks_budget(result: EndedItem) -> bool:
    """Say whether an item, or a task of it, has failed for lack of budget."""
    errors = [result["error"], *(outcome.get("error") for outcome in outcomes_in(result["output"]))]
    return any((error or {}).get("kind") == BudgetExceeded.kind for error in errors)


def _rows_of(items: Any) -> Iterable[Any]:
    # A table of pyarrow would yield its columns.
    return rows_in_memory(items) if hasattr(items, "to_batches") else items


def _numbered(items: Iterable[Any]) -> Iterator[Item]:
    for number, given in enumerate(items, 1):
        if isinstance(given, Item):
            yield given
        elif isinstance(given, tuple):
            name, value = given
            yield Item(str(name), value)
        else:
            yield Item(str(number), given)
