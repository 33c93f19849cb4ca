"""A plan is checked against the message: what the customer did not write is not there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from typing import Any

from fanloom import Choices, stems
from nodes.support_desk.identifiers import addresses, identifiers_in, mentions, mentions_product, normal
from nodes.support_desk.tasks import BillingInquiry, Other, ProductReturn, StatusUpdate, Task
from nodes.support_desk.wording import sentence_like, sentence_with, stands_in
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
        case StatusUpdate(order_id=str(number)) if not mentions(query, number):
            return task.model_copy(update={"order_id": None}), _named(number)
        case BillingInquiry():
            return _billing_checked(task, query)
        case ProductReturn():
            return _return_checked(task, query)
        case Other():
            return _other_checked(task, query)
        case _:
            return task, []


def _other_checked(task: Other, query: str) -> tuple[Task, list[str]]:
    """Put the customer's own words in the place of what is told of them; without any, nothing is left to hand over."""
    said = plain(task.summary, _LONGEST_SUMMARY)
    own = _quote(task, query) or sentence_with(query, said) or sentence_like(query, said)
    kept = task.model_copy(update={"summary": own or "", "quote": own})
    return kept, _unquoted(task, query) or ([] if own else unmentioned(said, query) or _named(said))


def _billing_checked(task: BillingInquiry, query: str) -> tuple[Task, list[str]]:
    number = task.invoice_number
    known = number is None or mentions(query, number)
    kept = {"invoice_number": number if known else None, "quote": _quote(task, query)}
    return task.model_copy(update=kept), [*_unquoted(task, query), *([] if known else _named(number or ""))]


def _return_checked(task: ProductReturn, query: str) -> tuple[Task, list[str]]:
    name = task.product_name or ""
    known = len(name) <= _LONGEST_NAME and mentions_product(query, name)
    quote, reason = _quote(task, query), plain(task.reason_for_return or "", _LONGEST_REASON) or None
    if not stands_in(reason, query):
        # Told in other words: the customer's own, if they speak of the same.
        reason = quote if quote and reason and stems(quote) & stems(reason) - stems(name) else None
    quote = quote or (sentence_with(query, reason) if reason else None)
    kept = {"product_name": name if known else None, "reason_for_return": reason, "quote": quote}
    return task.model_copy(update=kept), [*_unquoted(task, query), *([] if known else _named(name))]


def _quote(task: BillingInquiry | ProductReturn | Other, query: str) -> str | None:
    """Return the words that a task was made from, if they stand in the message."""
    return plain(task.quote or "", _LONGEST_SUMMARY) if stands_in(task.quote, query) else None


def _unquoted(task: BillingInquiry | ProductReturn | Other, query: str) -> list[str]:
    return [] if task.quote is None or stands_in(task.quote, query) else _named(task.quote)


def _named(name: str) -> list[str]:
    # A blank field was left open, not invented.
    return [name[:_LONGEST_NAME]] if normal(name) else []


def _same(task: Task) -> tuple[str, ...]:
    match task:
        case BillingInquiry(invoice_number=name) | StatusUpdate(order_id=name) | ProductReturn(product_name=name):
            return task.type, normal(name or "")
        case Other(summary=summary):
            return task.type, summary.casefold()
