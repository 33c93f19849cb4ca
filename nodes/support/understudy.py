"""Plan the tasks of a message by rule, as the understudy does: no model, no key, no network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby

from nodes.support import requests
from nodes.support.clauses import Clause, Message, read
from nodes.support.concerns import NO_CONCERN, extract_concern
from nodes.support.identifiers import normal
from nodes.support.products import Product, asked_for, clearly_spoken_of, spoken_of
from nodes.support.reasons import reason_for
from nodes.support.references import Reference, references
from nodes.support.tasks import BillingInquiry, Other, Plan, ProductReturn, StatusUpdate, Task
from nodes.support.wishes import Wish, wishes

_LONGEST_SUMMARY = 300
_BESIDE = 24  # signs between identifiers that are named together
_NEAR = 6  # clauses around a wish in which its product may stand

__all__ = ["NO_CONCERN", "extract_concern", "plan_tasks"]


def plan_tasks(query: str) -> Plan:
    """Return a task for each wish of a message, in its order, with only what stands in it."""
    message = read(query)
    named = references(message)
    wanted = wishes(message, named)
    _give_away(wanted, named)
    tasks = [task for wish in wanted for task in _tasks(message, wish)]
    return Plan(tasks=_distinct(tasks or list(_unasked(message, named))))


def _tasks(message: Message, wish: Wish) -> Iterator[Task]:
    match wish.kind:
        case "billing":
            for number in _numbers(wish, "invoice") or [None]:
                yield BillingInquiry(type="BillingInquiry", invoice_number=number)
        case "status":
            for number in _numbers(wish, "order") or [None]:
                yield StatusUpdate(type="StatusUpdate", order_id=number)
        case "return":
            yield from _returns(message, wish)
        case "other":
            yield Other(type="Other", summary=_summary(message.text[wish.start : wish.end]))


def _numbers(wish: Wish, kind: str) -> list[str | None]:
    numbers = [one.text for one in wish.references if one.kind == kind]
    return [*(numbers or [one.text for one in wish.references if one.kind == "unknown"])]


def _returns(message: Message, wish: Wish) -> Iterator[Task]:
    products = _products(message, wish)
    inside = [one for one in products if one.start >= wish.start]
    ends = [*(one.start for one in inside[1:]), wish.end]
    for product, until in zip(inside, ends, strict=False):
        yield _return(product.name, reason_for(message, wish, product, until))
    for product in products:
        if product not in inside:
            yield _return(product.name, reason_for(message, wish, product, wish.end))
    if not products:
        yield _return(None, reason_for(message, wish, None, wish.end))


def _return(name: str | None, reason: str | None) -> ProductReturn:
    return ProductReturn(type="ProductReturn", product_name=name, reason_for_return=reason)


def _products(message: Message, wish: Wish) -> list[Product]:
    """Return the products of a return: those it names, else those spoken of in it, before it or after it."""
    if found := asked_for(message, wish.start, wish.end):
        return found
    before, after = wish.before[-_NEAR:][::-1], wish.after[:_NEAR]
    clear = (clearly_spoken_of(message, *place) for place in _stretches(before))
    reasons = [clause for clause in [*wish.clauses, *wish.before] if clause.reason]
    places = [*_stretches(before), *_stretches(wish.clauses[1:]), *_stretches(after)]
    places += [(one.reason or one.start, one.end) for one in reasons]
    at_once = (spoken_of(message, *place) for place in _stretches(wish.clauses[:1]))
    anywhere = (spoken_of(message, start, end) for start, end in places)
    return next((found for found in chain(at_once, clear, anywhere) if found), [])


def _stretches(clauses: Iterable[Clause]) -> list[tuple[int, int]]:
    """Return where each sentence of the clauses stands, without why it goes back."""
    told = [clause for clause in clauses if not clause.reason]
    by_sentence = groupby(told, key=lambda clause: clause.sentence)
    spans = [[(one.start, one.end) for one in sentence] for _, sentence in by_sentence]
    return [(min(span)[0], max(span)[1]) for span in spans]


def _give_away(wanted: Sequence[Wish], named: Sequence[Reference]) -> None:
    """Give the identifiers that stand beside the wishes to the nearest wish that lacks its own."""
    taken = {one.start for wish in wanted if wish.kind != "other" for one in wish.references}
    free = [one for one in named if one.start not in taken]
    for kind, noun in (("billing", "invoice"), ("status", "order")):
        lacking = [wish for wish in wanted if wish.kind == kind and not _numbers(wish, noun)]
        if lacking and not any(wish.kind == kind and _numbers(wish, noun) for wish in wanted):
            fitting = [one for one in free if one.kind == noun] or [one for one in free if one.kind == "unknown"]
            lacking[0].references += _nearest(fitting, lacking[0].start)


def _nearest(fitting: Sequence[Reference], place: int) -> list[Reference]:
    """Return the identifier that is nearest to a place, with those that stand beside it."""
    nearest = min(fitting, key=lambda one: abs(one.start - place), default=None)
    return [one for one in fitting if nearest and abs(one.start - nearest.start) <= _BESIDE]


def _unasked(message: Message, named: Sequence[Reference]) -> Iterator[Task]:
    """Yield what a message without a wish may want: what it names, else that somebody reads it."""
    for one in named:
        if one.kind == "invoice":
            yield BillingInquiry(type="BillingInquiry", invoice_number=one.text)
        elif one.kind == "order":
            yield StatusUpdate(type="StatusUpdate", order_id=one.text)
    telling = [clause for clause in message.clauses if _tells(message, clause)]
    if telling and not any(one.kind in ("invoice", "order") for one in named):
        first = [clause for clause in telling if clause.sentence == telling[0].sentence]
        yield Other(type="Other", summary=_summary(message.text[first[0].start : first[-1].end]))


def _tells(message: Message, clause: Clause) -> bool:
    plain = message.plain[clause.start : clause.end]
    return bool(requests.content(plain)) and not requests.is_greeting(plain)


def _distinct(tasks: Iterable[Task]) -> list[Task]:
    """Keep each wish once; one without a name is the same as one of its type that has it."""
    found: dict[tuple[str, str], Task] = {}
    for task in tasks:
        key = (task.type, normal(_name(task) or ""))
        earlier = found.setdefault(key, task)
        if isinstance(earlier, ProductReturn) and isinstance(task, ProductReturn) and not earlier.reason_for_return:
            found[key] = task
    named = {kind for kind, name in found if name}
    return [task for (kind, name), task in found.items() if name or kind not in named]


def _name(task: Task) -> str | None:
    match task:
        case BillingInquiry(invoice_number=name) | StatusUpdate(order_id=name) | ProductReturn(product_name=name):
            return name
        case Other(summary=summary):
            return summary


def _summary(text: str) -> str:
    words = " ".join(text.split())
    if len(words) <= _LONGEST_SUMMARY:
        return words
    return (
        words[: words.rfind(" ", 0, _LONGEST_SUMMARY)] if " " in words[:_LONGEST_SUMMARY] else words[:_LONGEST_SUMMARY]
    )
