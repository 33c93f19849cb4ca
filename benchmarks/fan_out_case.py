"""One fan-out, measured in this process: `python -m benchmarks.fan_out_case ITEMS none|sqlite ROUNDS` prints JSON."""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import sqlite3
import sys
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.runtime import Runtime

from benchmarks.report import Row
from benchmarks.width import Asked, State
from fanloom import Context, Prompt, new_run
from nodes.faq.steps import ANSWER_QUESTION
from prompts import path
from tests.wiring import wired

# The real step asks for the documents too, and its understudy reads them; here the call is to cost nothing.
ASK = replace(
    ANSWER_QUESTION,
    prompt=Prompt(path("faq/answer_question.md")),
    understudy=lambda question: f"An answer to {question}",
)


class Numbered(State, total=False):
    """How many items to plan."""

    n: int


async def plan(state: Numbered) -> dict[str, Any]:
    """Plan the items, as a model would."""
    return {**new_run(), "questions": [f"What is item {number}?" for number in range(state["n"])]}


async def answer(state: Asked, runtime: Runtime[Context]) -> str:
    """Make the one model call of an item."""
    return await ASK.run(runtime, question=state["item"])


async def check(state: Numbered) -> None:
    """Make sure that every item was done."""
    assert [outcome["status"] for outcome in state["outcomes"]] == ["done"] * state["n"]


builder = wired(Numbered, answer, plan=plan, join=check, over="questions")


def measured(items: int, saver: str, rounds: int) -> Row:
    """Return the row of one case; times are medians over the rounds, bytes are those of one run."""
    with TemporaryDirectory() as folder:
        # What is made once a process, such as imports, is not an item's cost.
        asyncio.run(_run(10, saver, Path(folder) / "warm.db"))
        before = peak_mb()
        times = [asyncio.run(_run(items, saver, Path(folder) / f"{number}.db")) for number in range(rounds)]
        return {
            "saver": saver,
            "items": items,
            "us_per_item": round(median(wall for wall, _ in times) / items * 1e6, 1),
            "cpu_us_per_item": round(median(cpu for _, cpu in times) / items * 1e6, 1),
            "peak_mb": round(peak_mb(), 1),
            "growth_mb": round(peak_mb() - before, 1),
            **_stored(Path(folder) / "0.db", items),
        }


async def _run(items: int, saver: str, file: Path) -> tuple[float, float]:
    if saver == "none":
        return await _timed(builder.compile(name="fan_out"), items)
    async with AsyncSqliteSaver.from_conn_string(str(file)) as checkpointer:
        await checkpointer.setup()
        return await _timed(builder.compile(checkpointer, name="fan_out"), items)


async def _timed(graph: Any, items: int) -> tuple[float, float]:
    gc.collect()
    wall, cpu = perf_counter(), process_time()
    await graph.ainvoke({"n": items}, {"configurable": {"thread_id": "1"}}, context={"max_tasks": 5_000})
    return perf_counter() - wall, process_time() - cpu


def _stored(file: Path, items: int) -> dict[str, int]:
    if not file.exists():
        return {"checkpoint_bytes": 0, "write_bytes": 0, "file_bytes": 0, "bytes_per_item": 0}
    connection = sqlite3.connect(file)
    checkpoints = connection.execute("SELECT sum(length(checkpoint) + length(metadata)) FROM checkpoints").fetchone()[0]
    writes = connection.execute("SELECT sum(length(value)) FROM writes").fetchone()[0]
    connection.close()
    size = file.stat().st_size
    return {
        "checkpoint_bytes": checkpoints,
        "write_bytes": writes,
        "file_bytes": size,
        "bytes_per_item": round(size / items),
    }


def peak_mb() -> float:
    """Return the peak resident memory of this process so far, in MB."""
    status = Path("/proc/self/status")
    if status.exists():
        # Linux carries a parent's ru_maxrss over into its child; this figure begins anew.
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    unit = 1024**2 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


if __name__ == "__main__":
    print(json.dumps(measured(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))))
