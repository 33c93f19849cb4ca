"""Many items through `support_router`, measured in this process: `... bare|batch ITEMS` prints JSON."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

from benchmarks.report import Row
from fanloom.batch.job import DEFAULT_CONCURRENCY, run_batch
from graphs.support_router import graph

BASE = 1_000
"""After how many items what is held in memory is looked at first: by then all is made that is made once."""

CONTEXT = {"model": "offline"}
_QUERIES = ("I was charged twice", "The app crashes at login", "What are your opening hours", "Please refund order")


def inputs(items: int) -> Iterator[dict[str, str]]:
    """Yield inputs, none like another."""
    return ({"query": f"{_QUERIES[number % len(_QUERIES)]}, case {number}."} for number in range(items))


async def bare(items: int) -> AsyncIterator[Any]:
    """Yield what the graph returns, as an asyncio loop of ten lines has it: as many at a time, nothing kept."""
    given, ended = inputs(items), asyncio.Queue[Any](DEFAULT_CONCURRENCY)

    async def work() -> None:
        for each in given:
            await ended.put(await graph.ainvoke(each, context=CONTEXT))

    workers = [asyncio.create_task(work()) for _ in range(DEFAULT_CONCURRENCY)]
    for _ in range(items):
        yield await ended.get()
    await asyncio.gather(*workers)


async def batch(items: int) -> AsyncIterator[Any]:
    """Yield how the items of a job end, which writes them down."""
    with TemporaryDirectory() as folder:
        async with aclosing(run_batch(graph, inputs(items), context=CONTEXT, out=Path(folder) / "job")) as results:
            async for result in results:
                yield result
        with (Path(folder) / "job" / "results.jsonl").open(encoding="utf-8") as lines:
            written = [json.loads(line)["id"] for line in lines]
        assert sorted(map(int, written)) == list(range(1, items + 1)), "an item is lost, or was written twice"


WAYS: dict[str, Callable[[int], AsyncIterator[Any]]] = {"bare": bare, "batch": batch}


async def measured(way: str, items: int) -> Row:
    """Return the row of one way: CPU time of the process an item, and how what it holds has grown."""
    async for _ in WAYS[way](min(items, 100)):
        pass
    count, held, started = 0, 0.0, process_time()
    async for _ in WAYS[way](items):
        count += 1
        if count == min(BASE, items):
            held = held_mb()
    cpu = process_time() - started
    return {
        "way": way,
        "items": items,
        "lost": items - count,
        "cpu_ms_per_item": round(cpu / items * 1000, 3),
        "growth_mb": round(held_mb() - held, 1),
    }


def held_mb() -> float:
    """Return the resident memory of this process now, in MB; 0 where the system does not say."""
    gc.collect()
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measured(sys.argv[1], int(sys.argv[2])))))
