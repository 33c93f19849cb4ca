"""The plan: who asks, and which typed tasks the message holds."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, Literal

from langgraph.runtime import Runtime
from langgraph.types import Overwrite

from fanloom import RunError, new_run, not_done
from fanloom import check_input as checked
from nodes.support_desk import records
from nodes.support_desk.completeness import MOST_NAMED, Known, complete, named_in, numbers_of
from nodes.support_desk.context import DeskContext, customer_of
from nodes.support_desk.identifiers import as_typed, identifiers_in, normal
from nodes.support_desk.plan_check import bounds_of, planned, verified
from nodes.support_desk.state import DeskInput, DeskState
from nodes.support_desk.steps import PLAN_AGAIN, PLAN_TASKS
from nodes.support_desk.store import database
from nodes.support_desk.tasks import Task

_NO_CUSTOMER = "we do not know yet whose account this is about; please sign in and send your message again"


async def check_input(state: DeskState, runtime: Runtime[DeskContext]) -> dict[str, Any]:
    """Check the message, and who is asking. Raises InvalidInput or InvalidSettings, naming the field."""
    checked(DeskInput, state)
    customer, limit = customer_of(runtime), DeskContext.of(runtime.context).approve_returns_over
    begun = {**new_run(), "customer_id": customer, "approve_returns_over": limit, "tasks": [], "reply": {}}
    if customer is None:
        refused = not_done("customer", "check_input", _NO_CUSTOMER, status="needs_input", kind="needs_input")
        return {**begun, "tasks": [{"task_id": "customer"}], "outcomes": Overwrite([refused])}
    # A URL that means nothing is reported here, before anything is paid for.
    database()
    return begun


def who_asks(state: DeskState) -> Literal["plan_tasks", "write_reply"]:
    """Plan only for a customer who is known: nothing else has an outcome before the plan."""
    return "write_reply" if state["outcomes"] else "plan_tasks"


async def plan_tasks(state: DeskState, runtime: Runtime[DeskContext]) -> dict[str, Any]:
    """Ask for the typed tasks; what does not stand in the message is asked about once, then left open."""
    query = state["query"]
    bounds, typed = bounds_of(query), as_typed(query)
    plan = await PLAN_TASKS.within(bounds).run(runtime, query=query)
    tasks, invented = verified(plan.tasks, typed)
    if invented:
        # Without a better one the first plan holds, less what it made up.
        with suppress(RunError):
            again = await PLAN_AGAIN.within(bounds).run(runtime, query=query, invented=invented)
            tasks, _ = verified(again.tasks, typed)
    known, bought = await _of_the_customer(state, typed, tasks)
    return {"tasks": planned(complete(tasks, typed, known, bought))}


async def _of_the_customer(state: DeskState, typed: str, tasks: Sequence[Task]) -> tuple[Known, list[str]]:
    """Return which numbers and products of the customer there are; none while nobody can look."""
    customer = state["customer_id"]
    numbers = [one.text for one in named_in(typed, {}) if one.kind != "product"] + list(numbers_of(tasks))
    numbers += islice((text for text in identifiers_in(typed) if not text.isdecimal()), MOST_NAMED)
    if customer is None or not tasks:
        return {}, []
    try:
        bought = await database().run(lambda session: records.products_of(session, customer))
        kinds = await database().run(lambda session: records.kinds_of(session, customer, numbers))
    except RunError:
        # Each worker that needs the database says so itself.
        return {}, []
    return {**dict.fromkeys(map(normal, bought), "product"), **kinds}, bought
