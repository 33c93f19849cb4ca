"""A job: the items of an input through one graph, within one budget, kept in a folder so that it can go on."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

from fanloom.batch.cells import as_taken
from fanloom.batch.ended_items import EndedItem, totals
from fanloom.batch.engines.engine_choice import EngineChoice, EngineName
from fanloom.batch.engines.graph_origin import load_of, project_of
from fanloom.batch.engines.items_in_flight import ItemsInFlight
from fanloom.batch.engines.local_engine import Engine, LocalEngine
from fanloom.batch.folder_lock import working_in
from fanloom.batch.inputs import InputSource, Item, items_of
from fanloom.batch.job_budget import JobBudget, spent_elsewhere
from fanloom.batch.job_folder import JobFolder
from fanloom.batch.job_manifest import manifest_of
from fanloom.batch.one_item import outcomes_in
from fanloom.batch.sharing.shared_budget import SharedJobBudget, shard_budget
from fanloom.errors import BudgetExceeded, UserError
from fanloom.gateway.bounds.budget import Amount, Budget
from fanloom.runs.context import MAX_WIDTH, Context
from fanloom.runs.current_run import Run

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
    engine: Engine | None = None
    """Where its items run; in this process unless it is given."""

    def __post_init__(self) -> None:
        """Raises UserError for a concurrency below 1."""
        if self.concurrency < 1:
            raise UserError(f"concurrency is at least 1, not {self.concurrency}")
        self._engine = self.engine or LocalEngine(self.graph, self.context)
        self._in_flight = ItemsInFlight(self._one, self.concurrency)

    def stop(self, why: str = "stopped") -> None:
        """Let what is in flight end, and begin nothing else."""
        self.stopped_by = self.stopped_by or why
        self._in_flight.stop()

    def waiting(self) -> Mapping[str, int]:
        """Return how many calls or items wait, by what they wait for."""
        return self._engine.waiting()

    async def results(self) -> AsyncGenerator[EndedItem, None]:
        """Yield how items end, in the order in which they end; each is written down before it is handed on.

        Raises UserError for what keeps every item from running.
        """
        with self._worked_in():
            if self.folder:
                self.folder.mend()
            try:
                async with aclosing(self._in_flight.results(self.items_left())) as found:
                    async for result in found:
                        yield result
            except BudgetExceeded as error:
                self.stop(str(error))
            finally:
                await self._engine.close()

    @contextmanager
    def _worked_in(self) -> Iterator[None]:
        if self.folder is None:
            yield
            return
        with working_in(self.folder.folder, self.folder.shard):
            try:
                yield
            finally:
                if isinstance(budget := self._whole.kept(Budget), SharedJobBudget):
                    budget.give_back()
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
        items = self._read() if isinstance(self.source, InputSource) else items_of(self.source)
        if self.folder is None or self.folder.shard[1] == 1:
            return items
        number, of = self.folder.shard
        # By the id, so that a shard has the same items however the input is read.
        return (item for item in items if crc32(item.id.encode(errors="surrogatepass")) % of == number - 1)

    def _read(self) -> Iterator[Item]:
        assert isinstance(self.source, InputSource), "asked for such a source only"
        if not self.source.is_text:
            return self.source.items()
        schema = self.graph.get_input_jsonschema()
        return (Item(item.id, as_taken(item.given, schema)) for item in self.source.items())

    async def _one(self, item: Item) -> EndedItem:
        result = await self._engine.run(item, self._whole)
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
            parts = {(n, count): self.bounds.of_shard(count, n) for n in range(1, count + 1)}
            run.keep(Budget, lambda run: shard_budget(run.context, self.folder, self.bounds.of_shard(1), parts))
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
    engine: EngineName = "local",
    address: str | None = None,
    workers: int | None = None,
) -> AsyncGenerator[EndedItem, None]:
    """Run many inputs through a graph and yield how each ends, as it ends.

    `items` are inputs of the graph, `(id, input)` pairs, a table or data set of pyarrow, or an InputSource. With `out`,
    a folder, results are written down, and items that have ended there do not run again; `shard` is the Ith of N parts.
    With `engine="ray"` items run in at most so many `workers`, by default one a CPU, of the Ray cluster at `address`,
    or of one on this machine that ends with the job. Raises UserError for what keeps every item from running, and for a
    folder of another graph, context or input, unless `force` is given.
    """
    folder = JobFolder(Path(out), shard) if out is not None else None
    choice = EngineChoice(engine, address, workers)
    made = choice.made(lambda: load_of(graph), context, concurrency, project_of(graph))
    if folder:
        folder.begin(manifest_of(graph, items, context, choice.as_kept()), force=force)
    job = Job(graph, items, context, folder, concurrency, bounds or Bounds(), retry_failed, engine=made)
    async with aclosing(job.results()) as results:
        async for result in results:
            yield result


def summary_of(folder: JobFolder) -> dict[str, Any]:
    """Return how a job stands: items by how they ended, and what they used."""
    return totals(folder.results())


def lacks_budget(result: EndedItem) -> bool:
    """Say whether an item, or a task of it, has failed for lack of budget."""
    errors = [result["error"], *(outcome.get("error") for outcome in outcomes_in(result["output"]))]
    return any((error or {}).get("kind") == BudgetExceeded.kind for error in errors)
