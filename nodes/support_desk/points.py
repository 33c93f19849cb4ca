"""What the customer must hear about each task: the facts, in words that code has written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from typing_extensions import TypedDict

from fanloom import Outcome

_LONGEST_NAME = 120
_A_WORD = 4  # signs
_NOTHING_ASKED = "Thank you for writing to us. Please tell us what we can do for you, and we will look into it."


class Point(TypedDict):
    """One part of the reply: `happened` must stand in it word for word; the names of `say` may be said again."""

    id: str
    title: str
    happened: str
    say: list[str]


def points(tasks: Sequence[Mapping[str, Any]], outcomes: Iterable[Outcome]) -> list[Point]:
    """Return what happened to each task, in plan order; what was skipped stands in one point at the end."""
    by_id = {task["task_id"]: task for task in tasks}
    told = [(by_id.get(outcome["task_id"], {}), outcome) for outcome in outcomes]
    made = [_point(task, outcome) for task, outcome in told if outcome["status"] != "skipped"]
    skipped = [subject(task) for task, outcome in told if outcome["status"] == "skipped"]
    return [*made, *([_skipped(skipped)] if skipped else [])]


def template(points: Sequence[Point]) -> dict[str, Any]:
    """Return the reply that needs no model, as its parts."""
    return {
        "greeting": "Hello,\n\nThank you for your message." if points else f"Hello,\n\n{_NOTHING_ASKED}",
        "parts": [{"id": point["id"], "text": point["happened"]} for point in points],
        "closing": "Kind regards,\nYour support team",
    }


def subject(task: Mapping[str, Any]) -> str:
    """Return what a task is about, in a few words; what the customer called it is shortened."""
    match task:
        case {"type": "BillingInquiry", "invoice_number": name}:
            return f"invoice {_short(name)}" if name else "your invoice"
        case {"type": "ProductReturn", "product_name": name}:
            return f"the return of {_short(name)}" if name else "your return"
        case {"type": "StatusUpdate", "order_id": name}:
            return f"order {_short(name)}" if name else "your order"
        case {"type": "Other", "summary": summary}:
            return f"your request: {_short(summary)}"
        case _:
            return "your message"


def _point(task: Mapping[str, Any], outcome: Outcome) -> Point:
    if outcome["status"] == "done":
        happened, say = _DONE[outcome["worker"]](outcome["result"])
    else:
        happened = _not_done(subject(task), outcome)
        say = [name for name in _names(task) if name in happened]
    return Point(id=outcome["task_id"], title=_title(subject(task)), happened=happened, say=say)


def _names(task: Mapping[str, Any]) -> list[str]:
    """Return what a task is about by name; a product also by its last word, as in "the kettle"."""
    product = task.get("product_name")
    names = [task.get("invoice_number"), task.get("order_id"), product, *_last_word(product or "")]
    return [name for name in names if name]


def _last_word(product: str) -> list[str]:
    words = [word for word in product.split() if word.isalpha() and len(word) >= _A_WORD]
    return words[-1:] if len(product.split()) > 1 else []


def _billing(result: Mapping[str, Any]) -> tuple[str, list[str]]:
    case, invoice, due = result["case_id"], result["invoice_number"], result["due"]
    opened = (
        f"Case {case} about invoice {invoice} is already open, and we are looking into it"
        if result["already_open"]
        else f"We have opened case {case} about invoice {invoice} and are looking into your concern"
    )
    when = f"You will hear from us within {result['resolution_time']}, by {due}."
    return f'{opened}: "{_short(result["concern"])}" {when}', [case, invoice]


def _returned(result: Mapping[str, Any]) -> tuple[str, list[str]]:
    rma, product, how = result["rma_number"], result["product_name"], result["shipping_instructions"]
    accepted = "is already under way" if result["already_open"] else "is accepted"
    happened = f"The return of your {product} {accepted}, with the RMA number {rma}. {how}"
    return happened, [rma, product, *_last_word(product)]


_IS_AT = {
    "processing": "is being processed",
    "shipped": "has been shipped",
    "delayed": "is delayed",
    "delivered": "has been delivered",
}


def _status(result: Mapping[str, Any]) -> tuple[str, list[str]]:
    order, carrier, tracking = result["order_id"], result["carrier"], result["tracking_number"]
    status, when = result["order_status"], result["expected_delivery"]
    is_at = _IS_AT.get(status, f"has the status {status}")
    delivery = "The date of delivery was" if status == "delivered" else "The expected delivery date is"
    sentences = [
        f"Order {order} {is_at}.",
        f"The carrier is {carrier}." if carrier else "It has not been handed to a carrier yet.",
        f"The tracking number is {tracking}." if tracking else "",
        f"{delivery} {when}." if when else "",
    ]
    delay = "delay" if status == "delayed" else None
    return " ".join(filter(None, sentences)), [name for name in (order, tracking, delay) if name]


def _handed_over(result: Mapping[str, Any]) -> tuple[str, list[str]]:
    case, due = result["case_id"], result["due"]
    passed = "A colleague already has your request" if result["already_open"] else "We have passed your request on"
    return f'{passed}, as case {case}: "{_short(result["concern"])}" You will hear from us by {due}.', [case]


_DONE: dict[str, Callable[[Mapping[str, Any]], tuple[str, list[str]]]] = {
    "BillingInquiry": _billing,
    "ProductReturn": _returned,
    "StatusUpdate": _status,
    "Other": _handed_over,
}


def _not_done(about: str, outcome: Outcome) -> str:
    error = outcome["error"]
    assert error is not None, "an outcome that is not done has a reason"
    said = _short(error["message"], 400).rstrip(".")
    if outcome["status"] == "needs_input":
        return f"{_capital(said)}."
    if outcome["status"] == "declined":
        why = f": {said}" if said else ""
        return f"A colleague has looked at {about} and declined it{why}. If you see it differently, please write to us."
    if error["kind"] == "not_found":
        return f"{_capital(said)}. Please check how it is written and send it to us again."
    return (
        f"A technical problem kept us from taking care of {about}. We are sorry; please write to us about it again "
        "in a little while."
    )


def _skipped(subjects: Sequence[str]) -> Point:
    happened = f"We have not got to these yet: {'; '.join(subjects)}. Please send them again in a message of their own."
    return Point(id="skipped", title="What we have not got to yet", happened=happened, say=[])


def _title(about: str) -> str:
    return _capital(about.removeprefix("the ").partition(":")[0])


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _short(text: str, most: int = _LONGEST_NAME) -> str:
    words = " ".join(str(text).split())
    return words if len(words) <= most else words[:most].rstrip() + " ..."
