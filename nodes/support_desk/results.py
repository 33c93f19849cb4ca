"""What the workers of the desk find and do, as JSON-plain results."""

from __future__ import annotations

from typing_extensions import TypedDict


class CaseResult(TypedDict):
    """An investigation; `due` is an ISO date."""

    case_id: str
    invoice_number: str | None
    concern: str
    resolution_time: str
    due: str
    already_open: bool


class ReturnResult(TypedDict):
    """An accepted return; `price` is in `currency`."""

    rma_number: str
    product_name: str
    order_id: str
    price: float
    currency: str
    reason: str
    shipping_instructions: str
    already_open: bool


class StatusResult(TypedDict):
    """Where an order is; `expected_delivery` is an ISO date, and None like the others while it is not sent."""

    order_id: str
    order_status: str
    carrier: str | None
    tracking_number: str | None
    expected_delivery: str | None


class Purchase(TypedDict):
    """A piece that a customer has bought; `rma_number` is set if it is already coming back."""

    item_id: int
    product_name: str
    order_id: str
    price: float
    currency: str
    rma_number: str | None
