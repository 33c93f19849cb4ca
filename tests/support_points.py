"""A point of each kind, and replies that a model wrote about it."""

from __future__ import annotations

from typing import Any

from fanloom.runs.outcome import done, not_done
from nodes.support_desk.points import Point, points, template

_CASE = {
    "case_id": "CASE-27182818",
    "invoice_number": "INV-7890",
    "concern": "It seems higher than I expected.",
    "resolution_time": "2 business days",
    "due": "2026-11-27",
    "already_open": False,
}
_RETURN = {
    "rma_number": "RMA-60704167",
    "product_name": "SuperWidget 5000",
    "shipping_instructions": "Pack the SuperWidget 5000 well, write RMA-60704167 on it, and hand it in anywhere.",
    "already_open": False,
}
_ORDER = {
    "order_id": "A-12345",
    "order_status": "shipped",
    "carrier": "Swift Parcel",
    "tracking_number": "SP482913",
    "expected_delivery": "2026-11-28",
}
_TASKS: dict[str, dict[str, Any]] = {
    "billing": {"type": "BillingInquiry", "invoice_number": "INV-7890"},
    "return": {"type": "ProductReturn", "product_name": "SuperWidget 5000"},
    "status": {"type": "StatusUpdate", "order_id": "A-12345"},
    "notfound": {"type": "StatusUpdate", "order_id": "A-99999"},
    "failed": {"type": "BillingInquiry", "invoice_number": "INV-7891"},
    "declined": {"type": "ProductReturn", "product_name": "Blue Kettle"},
}
_ENDED = [
    done("billing", "BillingInquiry", _CASE),
    done("return", "ProductReturn", _RETURN),
    done("status", "StatusUpdate", _ORDER),
    not_done("notfound", "StatusUpdate", "order A-99999 was not found on your account", kind="not_found"),
    not_done("failed", "BillingInquiry", "no connection", kind="database", retryable=True),
    not_done("declined", "ProductReturn", "It was used.", status="declined", kind="declined"),
]
_OTHERS: dict[str, dict[str, Any]] = {
    "other": {"type": "Other", "summary": "Please change my address."},
    "needs": {"type": "BillingInquiry", "invoice_number": None},
    "delayed": {"type": "StatusUpdate", "order_id": "A-20002"},
    "delivered": {"type": "StatusUpdate", "order_id": "A-12001"},
    "skip": {"type": "Other", "summary": "my voucher"},
}
_NEEDS = "to look into your invoice we need its number; please write to us again with the invoice number"
_OTHERS_ENDED = [
    done("other", "Other", {**_CASE, "invoice_number": None, "concern": "Please change my address."}),
    not_done("needs", "BillingInquiry", _NEEDS, status="needs_input", kind="needs_input"),
    done("delayed", "StatusUpdate", {**_ORDER, "order_id": "A-20002", "order_status": "delayed"}),
    done("delivered", "StatusUpdate", {**_ORDER, "order_id": "A-12001", "order_status": "delivered"}),
    not_done("skip", "Other", "no budget left", status="skipped", kind="budget"),
]
POINTS: list[Point] = points([{"task_id": name, **task} for name, task in _TASKS.items()], _ENDED)


def reply_with(at: str, text: str) -> tuple[dict[str, Any], list[Point]]:
    """Return the template's reply with a text in one place of it, around `{statement}`."""
    reply = template(POINTS)
    if at in reply:
        return {**reply, at: text}, POINTS
    statement = next(point["happened"] for point in POINTS if point["id"] == at)
    parts = [
        {**part, "text": text.replace("{statement}", statement)} if part["id"] == at else part
        for part in reply["parts"]
    ]
    return {**reply, "parts": parts}, POINTS


def letter_of(said: dict[str, Any]) -> tuple[dict[str, Any], list[Point]]:
    """Return a whole letter, as the model's parts around each `{statement}`, and its points."""
    tasks = [{"task_id": name, **task} for name, task in {**_TASKS, **_OTHERS}.items()]
    by_id = {point["id"]: point for point in points(tasks, [*_ENDED, *_OTHERS_ENDED])}
    parts = [
        {"id": name, "text": text.replace("{statement}", by_id[name]["happened"])}
        for name, text in said["parts"].items()
    ]
    return {**said, "parts": parts}, [by_id[name] for name in said["parts"]]
