"""What goes into the support desk, through it and out of it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from fanloom import Outcome, RunState, Usage, stored_once
from nodes.text import ProperText

MAX_QUERY = 200_000


class DeskInput(TypedDict):
    """What a customer writes."""

    query: Annotated[
        ProperText, Field(max_length=MAX_QUERY, description="The customer's message, up to 200,000 characters.")
    ]


class DeskOutput(TypedDict):
    """The reply, how each task ended, and what it cost."""

    response: str
    outcomes: list[Outcome]
    usage: Usage


class DeskState(RunState, total=False):
    """The state of the support desk. The message is stored once; `reply` says who wrote the response, and why.

    Who asks, and which returns wait, is settled when a run begins: who resumes it can be somebody else.
    """

    query: Annotated[str, stored_once()]
    customer_id: str | None
    approve_returns_over: float | None
    tasks: list[dict[str, Any]]
    reply: dict[str, Any]
    response: str


class TaskState(TypedDict, total=False):
    """What a worker sees: the customer and the message by reference, and the fields of its own task."""

    task_id: str
    query: str
    customer_id: str
    approve_returns_over: float | None
    invoice_number: str | None
    product_name: str | None
    reason_for_return: str | None
    order_id: str | None
    summary: str
    quote: str | None
