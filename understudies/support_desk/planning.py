"""Plan the tasks of a message by rule: no model, no key, no network."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter

from nodes.support_desk.identifiers import normal
from nodes.support_desk.tasks import BillingInquiry, Other, Plan, ProductReturn, StatusUpdate, Task
from understudies.support_desk import requests
from understudies.support_desk.clauses import Clause, Message, read
from understudies.support_desk.products import Product, asked_for, spoken_of
from understudies.support_desk.reasons import reason_for
from understudies.support_desk.references import Reference, references
from understudies.support_desk.wishes import Wish, wishes

_LONGEST_SUMMARY = 300
_NEAR = 6  # clauses around a wish in which its product may stand


def plan_tasks(query: str, invented: Sequence[str] = ()) -> Plan:
    """Return a task for each wish of a message, in its order, with only what stands in it, so none is `invented`."""
    message = read(query)
    named = references(message)
    wanted = wishes(message, named)
    _give_away(wanted, named)
    tasks = [task for wish in wanted for task in _tasks(message, wish)]
    return Plan(tasks=_distinct(tasks or _to_be_read(message)))


def _tasks(message: Message, wish: Wish) -> Iterator[Task]:
    match wish.kind:
        case "billing":
            for number in _numbers(wish, "invoice") or (None,):
                yield BillingInquiry(type="BillingInquiry", invoice_number=number)
        case "status":
            for number in _numbers(wish, "order") or (None,):
                yield StatusUpdate(type="StatusUpdate", order_id=number)
        case "return":
            yield from _returns(message, wish)
        case "other":
            yield _other(message, wish.clauses)


def _other(message: Message, clauses: Sequence[Clause]) -> Task:
    words = " ".join(message.text[clauses[0].start : clauses[-1].end].split())
    if len(words) > _LONGEST_SUMMARY:
        words = words[:_LONGEST_SUMMARY].rpartition(" ")[0] or words[:_LONGEST_SUMMARY]
    return Other(type="Other", summary=words)


def _numbers(wish: Wish, kind: str) -> list[str]:
    numbers = [one.text for one in wish.references if one.kind == kind]
    return numbers or [one.text for one in wish.references if one.kind == "unknown"]


def _returns(message: Message, wish: Wish) -> Iterator[Task]:
    products = _products(message, wish)
    for product in products or (None,):
        later = [one.start for one in products if product and one.start > product.start >= wish.start]
        reason = reason_for(message, wish, product, min(later, default=wish.end))
        name = product.name if product else None
        yield ProductReturn(type="ProductReturn", product_name=name, reason_for_return=reason)


def _products(message: Message, wish: Wish) -> list[Product]:
    """Return the products of a return: those it names, else those spoken of in it, before it or after it."""
    if found := asked_for(message, wish.start, wish.end):
        return found
    around = [*wish.before[-_NEAR:][::-1], *wish.clauses, *wish.after[:_NEAR]]
    why = [(one.reason, one.end) for one in [*wish.clauses, *wish.before] if one.reason]
    return next(filter(None, (spoken_of(message, *place) for place in [*_stretches(around), *why])), [])


def _stretches(clauses: Iterable[Clause]) -> list[tuple[int, int]]:
    """Return where each sentence of the clauses stands, without why it goes back."""
    told = (clause for clause in clauses if not clause.reason)
    sentences = [list(sentence) for _, sentence in groupby(told, key=attrgetter("sentence"))]
    return [(min(one.start for one in sentence), max(one.end for one in sentence)) for sentence in sentences]


def _give_away(wanted: Sequence[Wish], named: Sequence[Reference]) -> None:
    """Give the identifiers that stand beside the wishes to the first wish of their kind, if none has its own."""
    taken = {one.start for wish in wanted if wish.kind != "other" for one in wish.references}
    free = [one for one in named if one.start not in taken]
    for kind, noun in (("billing", "invoice"), ("status", "order")):
        wishing = [wish for wish in wanted if wish.kind == kind]
        if wishing and not any(_numbers(wish, noun) for wish in wishing):
            fitting = [one for one in free if one.kind == noun] or [one for one in free if one.kind == "unknown"]
            wishing[0].references += fitting


def _to_be_read(message: Message) -> list[Task]:
    """Return what becomes of a message without a wish: somebody reads it, unless it only greets."""
    told = [clause for clause in message.clauses if requests.tells(message.of(clause))]
    return [_other(message, told[:1])] if told else []


def _distinct(tasks: Iterable[Task]) -> list[Task]:
    """Keep each wish once; one without a name is the same as one of its type that has it."""
    found: dict[tuple[str, str], Task] = {}
    for task in tasks:
        found.setdefault((task.type, normal(_name(task))), task)
    named = {kind for kind, name in found if name}
    return [task for (kind, name), task in found.items() if name or kind not in named]


def _name(task: Task) -> str:
    fields = task.model_dump()
    return next(
        (fields[key] for key in ("invoice_number", "order_id", "product_name", "summary") if fields.get(key)), ""
    )
