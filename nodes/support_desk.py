"""The nodes of the support desk: plan, do, reply."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Literal

from langgraph.runtime import Runtime
from langgraph.types import Overwrite

from fanloom import NeedsInput, RunError, effect_key, new_run, not_done, settle
from fanloom import check_input as checked
from nodes.support import records
from nodes.support.approval import approve
from nodes.support.context import DeskContext, customer_of, customer_of_task
from nodes.support.points import Point, points
from nodes.support.reply import letter, letter_by_template, problems
from nodes.support.results import CaseResult, ReturnResult, StatusResult
from nodes.support.state import DeskInput, DeskState, TaskState
from nodes.support.steps import EXTRACT_CONCERN, PLAN_AGAIN, PLAN_TASKS, WRITE_REPLY, WRITE_REPLY_AGAIN
from nodes.support.store import database
from nodes.support.verified import planned, unmentioned, verified
from nodes.text import plain

_NO_CUSTOMER = "we do not know yet whose account this is about; please sign in and send your message again"
_NO_INVOICE = "to look into your invoice we need its number; please write to us again with the invoice number"
_NO_PRODUCT = "to start your return we need to know which product it is; please write to us again with its name"
_NO_REASON = "to start the return of {product} we need to know why; please write to us again with the reason"
_NO_ORDER = "to find your order we need its number; please write to us again with the order number"
_NO_CONCERN = "General question about the invoice."
_LONGEST_CONCERN = 1_000


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
    plan = await PLAN_TASKS.run(runtime, query=query)
    tasks, invented = verified(plan.tasks, query)
    if invented:
        # Without a better one the first plan holds, less what it made up.
        with suppress(RunError):
            again = await PLAN_AGAIN.run(runtime, query=query, invented=invented)
            tasks, _ = verified(again.tasks, query)
    return {"tasks": planned(tasks)}


async def investigate_invoice(task: TaskState, runtime: Runtime[DeskContext]) -> CaseResult:
    """Open a case about the customer's concern with an invoice, or find the open one."""
    number = _given(task["invoice_number"], _NO_INVOICE)
    customer, key = customer_of_task(runtime, task["customer_id"]), await effect_key(runtime)
    await database().run(lambda session: records.find_invoice(session, customer, number))
    said = await EXTRACT_CONCERN.run(runtime, query=task["query"], invoice_number=number)
    concern = plain(said, _LONGEST_CONCERN)
    if not concern or unmentioned(concern, task["query"]):
        concern = _NO_CONCERN
    return await database().once(key, lambda session: records.open_case(session, key, customer, number, concern))


async def accept_return(task: TaskState, runtime: Runtime[DeskContext]) -> ReturnResult:
    """Issue the RMA number for a purchase; above the price that the context names, a person approves it first."""
    product = _given(task["product_name"], _NO_PRODUCT)
    reason = _given(task["reason_for_return"], _NO_REASON.format(product=product))
    customer, key = customer_of_task(runtime, task["customer_id"]), await effect_key(runtime)
    # Looked up once: whatever happens while a person decides, the answer is about the piece that was asked about.
    asked = await effect_key(runtime, "purchase")
    purchase = await database().once(asked, lambda session: records.find_purchase(session, customer, product))
    limit = task["approve_returns_over"]
    if limit is not None and purchase["price"] > limit and purchase["rma_number"] is None:
        await approve(runtime, purchase, customer, reason)
    return await database().once(key, lambda session: records.open_return(session, key, customer, purchase, reason))


async def find_order(task: TaskState, runtime: Runtime[DeskContext]) -> StatusResult:
    """Find where an order is."""
    number, customer = _given(task["order_id"], _NO_ORDER), customer_of_task(runtime, task["customer_id"])
    return await database().run(lambda session: records.find_order(session, customer, number))


async def hand_over(task: TaskState, runtime: Runtime[DeskContext]) -> CaseResult:
    """Hand a wish that no worker does to a person."""
    customer, key, summary = customer_of_task(runtime, task["customer_id"]), await effect_key(runtime), task["summary"]
    return await database().once(key, lambda session: records.hand_over(session, key, customer, summary))


async def write_reply(state: DeskState, runtime: Runtime[DeskContext]) -> dict[str, Any]:
    """Write one message from the outcomes: the model's if it neither hides nor invents, else the template's."""
    outcomes = settle([task["task_id"] for task in state["tasks"]], state["outcomes"])
    told = points(state["tasks"], outcomes)
    asked = any(task.get("type") for task in state["tasks"])
    response, problem = await _written(runtime, told) if asked else (None, [])
    return {
        "response": response or letter_by_template(told),
        "outcomes": Overwrite(outcomes),
        "reply": {"written_by": "model" if response else "template", "problems": problem},
    }


async def _written(runtime: Runtime[DeskContext], told: Sequence[Point]) -> tuple[str | None, list[str]]:
    """Return the model's letter, or None and what is wrong with it: it has two tries."""
    try:
        reply = (await WRITE_REPLY.run(runtime, points=told)).model_dump()
        if wrong := problems(reply, told):
            reply = (await WRITE_REPLY_AGAIN.run(runtime, points=told, wrong=wrong)).model_dump()
            wrong = problems(reply, told)
    except RunError as error:
        # The effects have happened, and the customer must hear of them.
        return None, [str(error)]
    return (None, wrong) if wrong else (letter(reply, told), [])


def _given(value: str | None, otherwise: str) -> str:
    if value is None or not value.strip():
        raise NeedsInput(otherwise)
    return value.strip()
