"""The workers: each does one typed task for the customer who asks."""

from __future__ import annotations

from langgraph.runtime import Runtime

from fanloom import NeedsInput, effect_key, entailed
from nodes.support_desk import records
from nodes.support_desk.approval import approve
from nodes.support_desk.context import DeskContext, customer_of_task
from nodes.support_desk.reply_check import COURTESIES
from nodes.support_desk.results import CaseResult, ReturnResult, StatusResult
from nodes.support_desk.return_wish import asks_back, asks_clearly
from nodes.support_desk.state import TaskState
from nodes.support_desk.steps import EXTRACT_CONCERN
from nodes.support_desk.store import database
from nodes.support_desk.wording import sentence_of, stands_in
from nodes.text import plain

_NO_INVOICE = "to look into your invoice we need its number; please write to us again with the invoice number"
_NO_PRODUCT = "to start your return we need to know which product it is; please write to us again with its name"
_NO_REASON = "to start the return of {product} we need to know why; please write to us again with the reason"
_NO_WISH = (
    "you have not said that {product} is to go back; please write to us again if you want to return it, or tell us "
    "what else we can do"
)
_WISH = "The customer asks that {product} goes back to the shop."
_NO_CONCERN = "please tell us what we can do about invoice {number}, and we will look into it"
_NO_ORDER = "to find your order we need its number; please write to us again with the order number"
_NO_WORDS = "please tell us in your own words what we can do for you, and we will pass it on"
_LONGEST_CONCERN = 1_000


async def investigate_invoice(task: TaskState, runtime: Runtime[DeskContext]) -> CaseResult:
    """Open a case about the customer's concern with an invoice, or find the open one."""
    number = _given(task["invoice_number"], _NO_INVOICE)
    customer, key = customer_of_task(runtime, task["customer_id"]), await effect_key(runtime)
    await database().run(lambda session: records.find_invoice(session, customer, number))
    said = await EXTRACT_CONCERN.run(runtime, query=task["query"], invoice_number=number)
    concern = _own_words(said, task, number)
    if COURTESIES.are_all(concern, [number, f"#{number}"]):
        raise NeedsInput(_NO_CONCERN.format(number=number))
    return await database().once(key, lambda session: records.open_case(session, key, customer, number, concern))


async def accept_return(task: TaskState, runtime: Runtime[DeskContext]) -> ReturnResult:
    """Issue the RMA number for a purchase; above the price that the context names, a person approves it first."""
    product = _given(task["product_name"], _NO_PRODUCT)
    reason = _given(task["reason_for_return"], _NO_REASON.format(product=product))
    customer, key = customer_of_task(runtime, task["customer_id"]), await effect_key(runtime)
    # Looked up once: whatever happens while a person decides, the answer is about the piece that was asked about.
    asked = await effect_key(runtime, "purchase")
    purchase = await database().once(asked, lambda session: records.find_purchase(session, customer, product))
    if not await _asks_back(runtime, task.get("quote") or "", purchase["product_name"]):
        raise NeedsInput(_NO_WISH.format(product=purchase["product_name"]))
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
    summary = _given(task["summary"], _NO_WORDS)
    if COURTESIES.are_all(summary):
        raise NeedsInput(_NO_WORDS)
    customer, key = customer_of_task(runtime, task["customer_id"]), await effect_key(runtime)
    return await database().once(key, lambda session: records.hand_over(session, key, customer, summary))


async def _asks_back(runtime: Runtime[DeskContext], quote: str, product: str) -> bool:
    """Tell whether the customer's words ask that a product goes back; a second reader, where they do not clearly."""
    if asks_clearly(quote) or not asks_back(quote) or DeskContext.of(runtime.context).check_reply != "model":
        return asks_clearly(quote)
    return (await entailed(runtime, _WISH.format(product=product), [quote])).verdict == "entailed"


def _own_words(said: str, task: TaskState, number: str) -> str:
    """Return the customer's concern in the customer's words: those found, else the sentence with the number."""
    found = plain(said, _LONGEST_CONCERN)
    if stands_in(found, task["query"]):
        return found
    return task.get("quote") or sentence_of(task["query"], number) or number


def _given(value: str | None, otherwise: str) -> str:
    if value is None or not value.strip():
        raise NeedsInput(otherwise)
    return value.strip()
