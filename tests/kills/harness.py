"""A desk whose runs are killed: each in a thread of its own, for a customer of its own."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from fanloom import Database
from nodes.support_desk.identifiers import normal
from nodes.support_desk.tables import EFFECTS, Base, Case, Customer, Invoice, Order, OrderItem, Return

ROOT = Path(__file__).parents[2]
QUERY = (
    "I have a question about invoice INV-{n}, it seems higher than I expected. "
    "And invoice INV-{n}9 has the wrong address on it. "
    "I would like to return the 'Lamp {n}' because it is broken. "
    "I also want to return the 'Kettle {n}' because it leaks. "
    "Where is my order A-{n}? "
    "Please delete my account. "
    "And I would like to know where my other order is."
)
PLAN = [
    {"type": "BillingInquiry", "invoice_number": "INV-{n}"},
    {"type": "BillingInquiry", "invoice_number": "INV-{n}9"},
    {"type": "ProductReturn", "product_name": "Lamp {n}", "reason_for_return": "it is broken"},
    {"type": "ProductReturn", "product_name": "Kettle {n}", "reason_for_return": "it leaks"},
    {"type": "StatusUpdate", "order_id": "A-{n}"},
    {"type": "Other", "summary": "Please delete my account."},
    {"type": "StatusUpdate"},
]
STATUSES = {"done": 6, "needs_input": 1}
# One lamp is dear enough to wait for a person.
EFFECTS_OF_A_RUN = 5


@dataclass
class Desk:
    """A database, a checkpointer and the process that forks victims at them."""

    database: Database
    victims: Any
    found: Counter[str] = field(default_factory=Counter)
    _number: int = 10_000

    async def customer(self) -> str:
        """Add a customer with two invoices, an order and two products; return the number in all their names."""
        self._number += 1
        number = str(self._number)
        await self.database.run(lambda session: _add(session, number))
        return number

    def send(self, number: str, **kill: Any) -> tuple[dict[str, Any] | None, float]:
        """Let a victim begin or resume a customer's thread; return what it ended with, or None, and the seconds."""
        plan = [{name: text.format(n=number) for name, text in task.items()} for task in PLAN]
        order = {"thread": f"thread-{number}", "customer": f"K-{number}", "query": QUERY.format(n=number), "plan": plan}
        started = time.perf_counter()
        self.victims.stdin.write(json.dumps({**order, **kill}) + "\n")
        self.victims.stdin.flush()
        line = self.victims.stdout.readline()
        assert line, "the process that forks victims has died"
        return json.loads(line), time.perf_counter() - started

    async def effects(self, number: str) -> int:
        """Count what has been written for a customer."""
        cases, rmas = await self.database.run(lambda session: _written(session, f"K-{number}"))
        return len(cases) + len(rmas)

    async def check(self, number: str, result: dict[str, Any] | None) -> None:
        """Check that a thread ended as if nothing had happened: every task once, every effect once."""
        assert result is not None
        outcomes = result["outcomes"]
        assert [outcome["task_id"] for outcome in outcomes] == [task["task_id"] for task in result["tasks"]]
        assert Counter(outcome["status"] for outcome in outcomes) == STATUSES
        told = [outcome["result"] for outcome in outcomes if outcome["status"] == "done"]
        cases, rmas = await self.database.run(lambda session: _written(session, f"K-{number}"))
        assert sorted(cases) == sorted(one["case_id"] for one in told if "case_id" in one)
        assert sorted(rmas) == sorted(one["rma_number"] for one in told if "rma_number" in one)
        assert (len(cases), len(rmas)) == (3, 2)
        assert not any(one.get("already_open") for one in told)
        assert all(name in result["response"] for name in (*cases, *rmas))


@contextmanager
def desk(database_url: str, checkpoint_url: str) -> Iterator[Desk]:
    """Run a desk with its own victims."""
    environment = {**os.environ, "FANLOOM_DATABASE_URL": database_url, "FANLOOM_CHECKPOINT_URL": checkpoint_url}
    command = [sys.executable, "-m", "tests.kills.victim"]
    victims = subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert victims.stdout is not None
        assert victims.stdout.readline() == "ready\n"
        yield Desk(Database(database_url, Base.metadata, effects=EFFECTS), victims)
    finally:
        assert victims.stdin is not None
        victims.stdin.close()
        victims.wait(timeout=60)
        assert victims.stdout is not None
        victims.stdout.close()


async def kill_at_random(desk: Desk, times: int, seed: int) -> None:
    """Kill runs at points spread over their duration, half of their resumptions too, and check how they end.

    Every second kill falls in the time of the effects, from the first commit to the end.
    """
    chance = random.Random(seed)
    working, end = await _times(desk)
    for turn in range(4 * times):
        if desk.found["killed"] == times:
            break
        begin = working if turn % 2 else 0.0
        number = await desk.customer()
        place = (turn % times + chance.random()) / times
        result, seconds = desk.send(number, after_s=begin + (end - begin) * place)
        # A machine that is less busy than it was when the time was taken is done earlier.
        end = end if result is None else min(end, seconds)
        working = min(working, end / 2)
        desk.found["killed" if result is None else "too late to kill"] += 1
        desk.found[f"{await desk.effects(number)} of {EFFECTS_OF_A_RUN} effects had happened"] += result is None
        if result is None and chance.random() < 0.5:
            result, _ = desk.send(number, after_s=end * chance.random())
            desk.found["killed again"] += result is None
        await desk.check(number, result or desk.send(number)[0])
    assert desk.found["killed"] == times


async def _times(desk: Desk) -> tuple[float, float]:
    """Return when a run that nobody kills commits for the first time, and when it ends, in seconds."""
    # The second run is measured: the first one also makes the tables.
    for _ in range(2):
        number = await desk.customer()
        result, seconds = desk.send(number)
        await desk.check(number, result)
    assert result is not None
    return float(result["first_commit_s"]), seconds


def report(desk: Desk, name: str) -> str:
    """Return the figures of the kills as a line."""
    counted = ", ".join(f"{count} {what}" for what, count in sorted(desk.found.items()) if count)
    return f"{name}: {counted}; every task ended once, no effect was doubled"


async def _written(session: AsyncSession, customer: str) -> tuple[list[str], list[str]]:
    cases = (await session.scalars(select(Case.id).where(Case.customer_id == customer))).all()
    rmas = (await session.scalars(select(Return.id).where(Return.customer_id == customer))).all()
    return list(cases), list(rmas)


async def _add(session: AsyncSession, n: str) -> None:
    today = date(2026, 1, 2)
    session.add(Customer(id=f"K-{n}", name="Killed", email="killed@example.com"))
    await session.flush()
    for name in (f"INV-{n}", f"INV-{n}9"):
        session.add(
            Invoice(id=name, key=normal(name), customer_id=f"K-{n}", issued_on=today, amount_cents=100, currency="EUR")
        )
    session.add(Order(id=f"A-{n}", key=normal(f"A-{n}"), customer_id=f"K-{n}", ordered_on=today, status="processing"))
    await session.flush()
    highest = await session.scalar(select(func.max(OrderItem.id))) or 0
    for number, (product, price) in enumerate({f"Lamp {n}": 20_000, f"Kettle {n}": 3_000}.items(), highest + 1):
        session.add(OrderItem(id=number, order_id=f"A-{n}", product_name=product, price_cents=price, currency="EUR"))
    await session.flush()
