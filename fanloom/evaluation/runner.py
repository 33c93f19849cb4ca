"""A data set run through one candidate: each item once, a bounded number at a time, each judged when it has run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from langgraph.pregel import Pregel

from fanloom.errors import UserError
from fanloom.evaluation.dataset import Dataset
from fanloom.evaluation.evaluator_check import check_places
from fanloom.evaluation.evaluators import Evaluator, Judgement
from fanloom.evaluation.figures.intervals import Ratio
from fanloom.evaluation.item_run import ItemRun, run_item
from fanloom.steps.prompt_versions import PromptVersions


@dataclass(frozen=True)
class Candidate:
    """A graph and the context of its runs: what is evaluated."""

    name: str
    graph_name: str
    graph: Pregel[Any, Any, Any, Any]
    context: Mapping[str, Any] | None
    prompts: PromptVersions | None = None
    """Versions of prompt files that it has in their place."""

    @cached_property
    def inputs(self) -> list[str]:
        """The names of the fields that the graph takes."""
        return list(self.graph.get_input_jsonschema().get("properties", ()))


@dataclass(frozen=True)
class ItemResult:
    """How an item went: the run, what it is worth and what is wrong with it."""

    number: int
    run: ItemRun
    ratios: dict[str, Ratio]
    notes: list[str]
    said: dict[str, object] = field(default_factory=dict)
    """What was judged, by what it is about: what is compared between runs."""


Done = Callable[[ItemResult], None]


class Kept(Protocol):
    """Runs that are kept, by the items' numbers: an item that has one is judged, and not run again."""

    def get(self, number: int) -> ItemRun | None:
        """Return the run of an item that has ended."""
        ...

    def keep(self, number: int, run: ItemRun) -> None:
        """Keep the run of an item."""
        ...


@dataclass(frozen=True)
class Judge:
    """Runs items of a data set through a candidate and judges them."""

    dataset: Dataset
    candidate: Candidate
    evaluators: Sequence[Evaluator]
    timeout_s: float
    kept: Kept | None = None
    is_warm: bool = False
    """Whether an earlier round has loaded libraries and connections."""
    running: set[int] = field(default_factory=set)
    """The items that are run at this moment."""
    _begun: dict[int, asyncio.Task[ItemResult]] = field(default_factory=dict)

    def anew(self) -> Judge:
        """Return a judge for one more round over the same items."""
        return Judge(self.dataset, self.candidate, self.evaluators, self.timeout_s, is_warm=True)

    async def once(self, number: int, done: Done) -> ItemResult:
        """Run and judge an item, and tell of it; it is run once, whoever asks, and to its end, whoever gives up."""
        if number not in self._begun:
            first = next(iter(self._begun.values()), None)
            self._begun[number] = task = asyncio.create_task(self._item(number, first, done))
            self.running.add(number)
            task.add_done_callback(lambda _: self.running.discard(number))
        return await asyncio.shield(self._begun[number])

    async def _item(self, number: int, first: asyncio.Task[ItemResult] | None, done: Done) -> ItemResult:
        if first is not None and not self.is_warm:
            await asyncio.wait([first])
        run = (self.kept and self.kept.get(number)) or await self._run(number)
        result = self._judged(number, run)
        if first is None and len(self.dataset.items) > 1 and not self.is_warm:
            # It runs alone and loads libraries and connections, which the others, and the next candidate, find there.
            del result.ratios["seconds"]
        done(result)
        return result

    async def _run(self, number: int) -> ItemRun:
        given = self.dataset.input_of(number, self.candidate.inputs)
        with self.candidate.prompts.tried() if self.candidate.prompts else nullcontext():
            run = await run_item(self.candidate.graph, given, self._context(number), self.timeout_s)
        if self.kept:
            # Before it is judged: the evaluators may change, and what was paid for is kept.
            self.kept.keep(number, run)
        return run

    def _context(self, number: int) -> Mapping[str, Any] | None:
        """Return the item's context; what the command line says goes over it."""
        chosen = self.candidate.context
        return None if chosen is None else {**self.dataset.context_of(number), **chosen}

    def check(self) -> None:
        """Judge each item as if it had failed, so that what cannot be judged is known before anything is paid for.

        Raises UserError, naming the line.
        """
        for number in self.dataset.items:
            self.dataset.input_of(number, self.candidate.inputs)
            measured = list[str]()
            for evaluator in self.evaluators:
                measured += self._asked(evaluator, number, ItemRun(error="not run"))[0]
            if twice := [name for name in measured if measured.count(name) > 1]:
                raise UserError(f"two evaluators measure {twice[0]!r}: leave one of them out, or name its measure.")
        check_places(self.candidate.graph_name, self.candidate.graph, self.evaluators, self.dataset.items)

    def _asked(self, evaluator: Evaluator, number: int, run: ItemRun) -> Judgement:
        try:
            return evaluator.judge(self.dataset.items[number], run)
        except UserError as error:
            raise UserError(f"line {number}: {error}") from error
        except Exception as error:
            # An item can hold anything, and an evaluator be anybody's: what it trips over is told with the line.
            said = f"{type(error).__name__}: {error}"
            raise UserError(f"line {number}: evaluator {evaluator.name!r} cannot judge it: {said}.") from error

    def _judged(self, number: int, run: ItemRun) -> ItemResult:
        result = ItemResult(number, run, {**run.reliability(), **run.used()}, [])
        for evaluator in self.evaluators:
            try:
                judgement = self._asked(evaluator, number, run)
            except UserError as error:
                # The run has been paid for: what cannot be judged is a failed item, not the end of them all.
                run.error = run.error or str(error)
                continue
            result.ratios.update(judgement.ratios)
            result.notes.extend(judgement.notes)
            result.said.update(judgement.ratios if judgement.said is None else judgement.said)
        return result


async def run_all(judge: Judge, numbers: Iterable[int], concurrency: int, done: Done) -> None:
    """Run items, `concurrency` at a time, and tell of each."""
    waiting = iter(numbers)

    async def work() -> None:
        for number in waiting:
            await judge.once(number, done)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(work())
    except ExceptionGroup as several:
        raise several.exceptions[0] from None
