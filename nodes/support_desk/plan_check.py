"""A plan is checked against the message: what the customer did not write is not there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from fanloom import Choices, stems
from nodes.support_desk.identifiers import addresses, identifiers_in, mentions, mentions_product, normal
from nodes.support_desk.return_wish import words_of_wish
from nodes.support_desk.tasks import BillingInquiry, Other, ProductReturn, StatusUpdate, Task
from nodes.support_desk.wording import sentence_like, sentence_with, stands_in
from nodes.support_desk.words import any_line
from nodes.text import plain

_DIGITS = re.compile(r"\d+")
_NUMBERED = re.compile(r"[\w-]*\d[\w-]*")
_SENDS_BACK = re.compile(any_line("asks_back"), re.IGNORECASE)
_SAYS_SOMETHING = 3  # words, whatever they are
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
    tasks = list(tasks)
    returned = [task.product_name for task in tasks if isinstance(task, ProductReturn) and task.product_name]
    kept: list[Task] = []
    invented: list[str] = []
    wishes: dict[tuple[str, str], str] = {}
    for task in tasks:
        checked, names = _checked(task, query, list(wishes.values()), returned)
        invented += names
        if not isinstance(task, Other) or not isinstance(checked, Other):
            kept.append(checked)
        elif (wish := _wish(task, checked.summary)) not in wishes:
            wishes[wish] = checked.summary
            kept.append(checked)
    return kept, invented


def planned(tasks: Iterable[Task]) -> list[dict[str, Any]]:
    """Number the tasks `t1`, `t2`, ..., each thing once; of two returns of a product one with a reason counts."""
    distinct: dict[tuple[str, ...], Task] = {}
    for number, task in enumerate(tasks):
        # Two wishes can stand in one sentence: they stay two.
        key = _same(task) or (str(number),)
        earlier = distinct.setdefault(key, task)
        if isinstance(earlier, ProductReturn) and not earlier.reason_for_return:
            distinct[key] = task
    return [{"task_id": f"t{number}", **task.model_dump()} for number, task in enumerate(distinct.values(), 1)]


def unmentioned(text: str, query: str) -> list[str]:
    """Return the numbers and addresses of a text that do not stand in the message."""
    known = set(_DIGITS.findall(query))
    numbers = [name for name in _NUMBERED.findall(text) if not known.issuperset(_DIGITS.findall(name))]
    return numbers + [name for name in addresses(text) if name.casefold() not in query.casefold()]


def _wish(task: Other, own: str) -> tuple[str, str]:
    """Return what makes two wishes one: both are told in the same words and stand in the same sentence, or in none."""
    return (task.summary.casefold() if own else "", own)


def _checked(task: Task, query: str, taken: Sequence[str], returned: Sequence[str]) -> tuple[Task, list[str]]:
    match task:
        case StatusUpdate(order_id=str(number)) if not mentions(query, number):
            return task.model_copy(update={"order_id": None}), _named(number)
        case BillingInquiry():
            return _billing_checked(task, query)
        case ProductReturn():
            return _return_checked(task, query, returned)
        case Other():
            return _other_checked(task, query, taken)
        case _:
            return task, []


def _other_checked(task: Other, query: str, taken: Sequence[str]) -> tuple[Task, list[str]]:
    """Put the customer's own words in the place of what is told of them; without any, nothing is left to hand over."""
    said = plain(task.summary, _LONGEST_SUMMARY)
    own = _quote(task, query) or sentence_with(query, said) or sentence_like(query, said, taken)
    kept = task.model_copy(update={"summary": own or "", "quote": own})
    return kept, _unquoted(task, query) or ([] if own else unmentioned(said, query) or _named(said))


def _billing_checked(task: BillingInquiry, query: str) -> tuple[Task, list[str]]:
    number = task.invoice_number
    known = number is None or mentions(query, number)
    kept = {"invoice_number": number if known else None, "quote": _quote(task, query)}
    return task.model_copy(update=kept), [*_unquoted(task, query), *([] if known else _named(number or ""))]


def _return_checked(task: ProductReturn, query: str, others: Sequence[str]) -> tuple[Task, list[str]]:
    name = task.product_name or ""
    known = len(name) <= _LONGEST_NAME and mentions_product(query, name)
    quote, reason = _quote(task, query), plain(task.reason_for_return or "", _LONGEST_REASON) or None
    if not stands_in(reason, query):
        # Told in other words: the customer's own, if they speak of the same.
        reason = quote if quote and reason and stems(quote) & stems(reason) - stems(name) else None
    if not _says_why(reason or "", name) or _only_asks(query, name, reason or ""):
        reason = None
    # Words that do not ask for it are no reason to do it.
    quote = words_of_wish(quote, name, query, others)
    kept = {"product_name": name if known else None, "reason_for_return": reason, "quote": quote}
    return task.model_copy(update=kept), [*_unquoted(task, query), *([] if known else _named(name))]


def _says_why(reason: str, product: str) -> bool:
    """Tell whether a reason says more than the product's name and words such as "it"."""
    return bool(stems(reason) - stems(product)) or len(reason.split()) >= _SAYS_SOMETHING


def _only_asks(query: str, product: str, reason: str) -> bool:
    """Tell whether a message asks a question about a product, and nowhere speaks of sending anything back."""
    said = [sentence_with(query, text) or "" for text in (product, reason)] if product else [query]
    return not _SENDS_BACK.search(query) and any("?" in sentence for sentence in said)


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
        case Other():
            return ()
