"""A plan is checked against the message: what the customer did not write is not there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from typing import Any

from fanloom import Choices
from nodes.support_desk.identifiers import addresses, identifiers_in, mentions, mentions_product, normal
from nodes.support_desk.tasks import BillingInquiry, Other, ProductReturn, StatusUpdate, Task
from nodes.text import plain

_DIGITS = re.compile(r"\d+")
_NUMBERED = re.compile(r"[\w-]*\d[\w-]*")
_LONGEST_NAME = 200
_LONGEST_REASON = 1_000
_LONGEST_SUMMARY = 500
_MOST_SHOWN, _LONGEST_SHOWN = 200, 5_000


def bounds_of(query: str) -> dict[str, Choices]:
    """Return which numbers a plan may name: those of the message, or none; nothing where there are too many to show."""
    found = list(islice(identifiers_in(query), _MOST_SHOWN + 1)) if len(query) <= _LONGEST_SHOWN else []
    if len(query) > _LONGEST_SHOWN or len(found) > _MOST_SHOWN:
        return {}
    numbers = Choices(found, enforced=False)
    return {"tasks[].invoice_number": numbers, "tasks[].order_id": numbers}


def verified(tasks: Iterable[Task], query: str) -> tuple[list[Task], list[str]]:
    """Return the tasks without what does not stand in the message, and what that was."""
    kept: list[Task] = []
    invented: list[str] = []
    for task in tasks:
        checked, names = _checked(task, query)
        kept.append(checked)
        invented += names
    return kept, invented


def planned(tasks: Iterable[Task]) -> list[dict[str, Any]]:
    """Number the tasks `t1`, `t2`, ..., each wish once; of two returns of a product one with a reason counts."""
    distinct: dict[tuple[str, ...], Task] = {}
    for task in tasks:
        earlier = distinct.setdefault(_same(task), task)
        if isinstance(earlier, ProductReturn) and not earlier.reason_for_return:
            distinct[_same(task)] = task
    return [{"task_id": f"t{number}", **task.model_dump()} for number, task in enumerate(distinct.values(), 1)]


def unmentioned(text: str, query: str) -> list[str]:
    """Return the numbers and addresses of a text that do not stand in the message."""
    known = set(_DIGITS.findall(query))
    numbers = [name for name in _NUMBERED.findall(text) if not known.issuperset(_DIGITS.findall(name))]
    return numbers + [name for name in addresses(text) if name.casefold() not in query.casefold()]


def _checked(task: Task, query: str) -> tuple[Task, list[str]]:
    match task:
        case BillingInquiry(invoice_number=str(number)) if not mentions(query, number):
            return task.model_copy(update={"invoice_number": None}), _named(number)
        case StatusUpdate(order_id=str(number)) if not mentions(query, number):
            return task.model_copy(update={"order_id": None}), _named(number)
        case ProductReturn():
            return _return_checked(task, query)
        case Other(summary=summary):
            return _without_inventions(task, summary, query)
        case _:
            return task, []


def _without_inventions(task: Other, summary: str, query: str) -> tuple[Task, list[str]]:
    said = plain(summary, _LONGEST_SUMMARY)
    invented = unmentioned(said, query)
    kept = "" if invented else said
    return task.model_copy(update={"summary": kept or "Something else that stands in the message."}), invented


def _return_checked(task: ProductReturn, query: str) -> tuple[Task, list[str]]:
    name = task.product_name or ""
    known = len(name) <= _LONGEST_NAME and mentions_product(query, name)
    reason = plain(task.reason_for_return or "", _LONGEST_REASON) or None
    kept = {"product_name": name if known else None, "reason_for_return": reason}
    return task.model_copy(update=kept), [] if known else _named(name)


def _named(name: str) -> list[str]:
    # A blank field was left open, not invented.
    return [name[:_LONGEST_NAME]] if normal(name) else []


def _same(task: Task) -> tuple[str, ...]:
    match task:
        case BillingInquiry(invoice_number=name) | StatusUpdate(order_id=name) | ProductReturn(product_name=name):
            return task.type, normal(name or "")
        case Other(summary=summary):
            return task.type, summary.casefold()
