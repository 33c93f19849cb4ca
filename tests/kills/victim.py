"""Forks a victim for each line of its standard input, and kills it where the line says.

A line is `{"thread", "query", "plan", "customer", "after_s", "at_commit"}`: SIGKILL after so many seconds, or right
after so many transactions have been committed; without either the victim lives. The answer is a line with what it ended
with, or null if it died. A fork costs a tenth of a new process, since everything is imported already.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import select
import signal
import sys
import time
from typing import Any

from langgraph.types import Command
from sqlalchemy import event
from sqlalchemy.orm import Session

from fanloom import open_checkpointer
from graphs.support_desk import builder
from tests.fakes import ScriptedModel

# What is imported only when it is needed would be imported by each victim anew.
_LATER = ("genai_prices.data_snapshot", "genai_prices.data", "langchain_core.tools", "fanloom.models.offline")
_MOST_ROUNDS = 5
_LONGEST_S = 60


async def go_on(order: dict[str, Any]) -> dict[str, Any]:
    """Begin or resume a thread and approve whatever waits, as `fanloom run` and `fanloom resume` do."""
    config: Any = {"configurable": {"thread_id": order["thread"]}}
    planner = ScriptedModel(reply=lambda prompt: {"tasks": order["plan"]})
    context = {"planner_model": planner, "customer_id": order["customer"], "approve_returns_over": 100}
    async with open_checkpointer() as saver:
        graph = builder.compile(checkpointer=saver)
        for _ in range(_MOST_ROUNDS):
            state = await graph.aget_state(config)
            # Not `next`, which is empty too where a kill fell between two supersteps.
            if state.values and not state.tasks:
                return dict(state.values)
            answers = {waiting.id: {"decision": "approve"} for waiting in state.interrupts}
            given: Any = Command(resume=answers) if answers else None if state.tasks else {"query": order["query"]}
            await graph.ainvoke(given, config, context=context)
    raise AssertionError("the run does not end")


def live(order: dict[str, Any], answer: int) -> None:
    """Be the victim."""
    commits = _counted_commits(order.get("at_commit"))
    state = asyncio.run(go_on(order))
    told = {name: state[name] for name in ("response", "outcomes", "tasks")}
    with os.fdopen(answer, "w") as pipe:
        pipe.write(json.dumps({**told, "first_commit_s": commits[0] if commits else None}))


def _counted_commits(last: int | None) -> list[float]:
    """Return the seconds from now at which transactions are committed; die at the last."""
    started = time.perf_counter()
    commits: list[float] = []

    @event.listens_for(Session, "after_commit")
    def _count(session: Session) -> None:
        commits.append(time.perf_counter() - started)
        if len(commits) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    return commits


def kill_one(order: dict[str, Any]) -> str:
    """Fork a victim, kill it when its time has come, and return what it answered."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        live(order, writing)
        os._exit(0)
    os.close(writing)
    try:
        ready, _, _ = select.select([reading], [], [], order.get("after_s") or _LONGEST_S)
        if not ready:
            os.kill(child, signal.SIGKILL)
        with os.fdopen(reading) as pipe:
            return pipe.read()
    finally:
        os.waitpid(child, 0)


def main() -> None:
    """Serve until standard input ends."""
    for name in _LATER:
        importlib.import_module(name)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        sys.stdout.write((kill_one(json.loads(line)) or "null") + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
