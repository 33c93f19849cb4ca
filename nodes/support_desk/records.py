"""What the desk does in its database: every look-up is for one customer, every effect happens once."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Literal, TypeVar

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from fanloom import NeedsInput, RunError
from nodes.support_desk.identifiers import mentions_product, normal
from nodes.support_desk.results import CaseResult, Purchase, ReturnResult, StatusResult
from nodes.support_desk.tables import Case, Customer, Invoice, Order, OrderItem, Return

Numbered = TypeVar("Numbered", Invoice, Order)

RESOLUTION_DAYS = 2
RESOLUTION = f"{RESOLUTION_DAYS} business days"
_MOST_ITEMS = 1_000
_MOST_CONCERNS = 20_000  # characters, in one case


def not_found(what: str) -> RunError:
    """Return the error for what is not the customer's, in the same words whether or not it exists."""
    return RunError(f"{what} was not found on your account", kind="not_found")


async def find_invoice(session: AsyncSession, customer_id: str, number: str) -> Invoice:
    """Return a customer's invoice. Raises RunError of the kind `not_found`."""
    found = await _by_key(session, select(Invoice).where(Invoice.customer_id == customer_id), Invoice, number)
    if found is None:
        raise not_found(f"invoice {number}")
    return found


async def find_order(session: AsyncSession, customer_id: str, number: str) -> StatusResult:
    """Return where a customer's order is. Raises RunError of the kind `not_found`."""
    order = await _by_key(session, select(Order).where(Order.customer_id == customer_id), Order, number)
    if order is None:
        raise not_found(f"order {number}")
    return StatusResult(
        order_id=order.id,
        order_status=order.status,
        carrier=order.carrier,
        tracking_number=order.tracking_number,
        expected_delivery=order.expected_delivery.isoformat() if order.expected_delivery else None,
    )


async def kinds_of(
    session: AsyncSession, customer_id: str, numbers: Sequence[str]
) -> dict[str, Literal["invoice", "order"]]:
    """Return which of some numbers are a customer's invoices and which orders, in their normal form."""
    keys = {normal(number) for number in numbers}
    if not keys:
        return {}
    invoices = select(Invoice.key).where(Invoice.customer_id == customer_id, Invoice.key.in_(keys))
    orders = select(Order.key).where(Order.customer_id == customer_id, Order.key.in_(keys))
    found: dict[str, Literal["invoice", "order"]] = {}
    found |= dict.fromkeys(await session.scalars(invoices), "invoice")
    found |= dict.fromkeys(await session.scalars(orders), "order")
    for bare in sorted(key for key in keys - found.keys() if key.isdecimal()):
        found |= await _kind_of_bare(session, customer_id, bare)
    return found


async def products_of(session: AsyncSession, customer_id: str) -> list[str]:
    """Return the names of what a customer has bought."""
    bought = select(OrderItem.product_name).join(Order, Order.id == OrderItem.order_id)
    return list(await session.scalars(bought.where(Order.customer_id == customer_id).distinct().limit(_MOST_ITEMS)))


async def find_purchase(session: AsyncSession, customer_id: str, product: str, agreed: int | None = None) -> Purchase:
    """Return a piece of a product that a customer has bought, best one that is not already coming back.

    Of several the `agreed` one, by its item's id, then the one that was bought last.
    Raises RunError of the kind `not_found`, and NeedsInput if several products could be meant.
    """
    bought = (
        await session.execute(
            select(OrderItem, Return.id)
            .join(Order, Order.id == OrderItem.order_id)
            .outerjoin(Return, (Return.order_item_id == OrderItem.id) & (Return.status == "open"))
            .where(Order.customer_id == customer_id)
            .order_by(Order.ordered_on.desc(), OrderItem.id)
            .limit(_MOST_ITEMS)
        )
    ).all()
    meant = _products(product, {item.product_name for item, _ in bought})
    if not meant:
        raise not_found(f"a purchase of {product!r}")
    if len(meant) > 1:
        raise NeedsInput(f"{product!r} can be one of these: {', '.join(sorted(meant))}; please tell us which one")
    pieces = [(item, rma) for item, rma in bought if item.product_name in meant]
    item, rma = min(pieces, key=lambda piece: (piece[1] is not None, piece[0].id != agreed))
    return Purchase(
        item_id=item.id,
        product_name=item.product_name,
        order_id=item.order_id,
        price=item.price_cents / 100,
        currency=item.currency,
        rma_number=rma,
    )


async def open_case(session: AsyncSession, key: str, customer_id: str, number: str, concern: str) -> CaseResult:
    """Open an investigation of an invoice, or add the concern to the open one.

    Raises RunError of the kind `not_found`.
    """
    invoice = await find_invoice(session, customer_id, number)
    opened = select(Case).where(Case.invoice_id == invoice.id, Case.status == "open")
    # Locked: of two concerns that come at once, none may overwrite the other.
    case = await session.scalar(opened.with_for_update())
    if case is not None:
        if concern not in case.concern and len(case.concern) < _MOST_CONCERNS:
            case.concern = f"{case.concern}\n{concern}"
        return {**_case(case, already_open=True), "concern": concern}
    return _case(await _add_case(session, key, customer_id, "billing", concern, invoice.id), already_open=False)


async def hand_over(session: AsyncSession, key: str, customer_id: str, summary: str) -> CaseResult:
    """Hand a wish that no worker does to a person, as a case in the customer's words.

    Nothing else is the same wish: the same words can mean another thing on another day.

    Raises NeedsInput for a customer who is not there.
    """
    if await session.get(Customer, customer_id) is None:
        raise NeedsInput("we did not find your account; please sign in again and send your message once more")
    return _case(await _add_case(session, key, customer_id, "handover", summary), already_open=False)


async def open_return(session: AsyncSession, key: str, customer_id: str, agreed: Purchase, reason: str) -> ReturnResult:
    """Accept the return of a purchase and issue its RMA number, or find the open one.

    Raises as `find_purchase` does, and RunError of the kind `changed` if by now only a dearer piece is left.
    """
    purchase = await find_purchase(session, customer_id, agreed["product_name"], agreed["item_id"])
    if purchase["rma_number"] is None and purchase["price"] > agreed["price"]:
        raise RunError(f"this {purchase['product_name']} costs more than was agreed to", kind="changed", retryable=True)
    rma = purchase["rma_number"] or _new_id("RMA")
    if purchase["rma_number"] is None:
        session.add(
            Return(
                id=rma,
                customer_id=customer_id,
                order_item_id=purchase["item_id"],
                reason=reason,
                opened_at=datetime.now(UTC),
                effect_key=key,
            )
        )
        await session.flush()
    return ReturnResult(
        rma_number=rma,
        product_name=purchase["product_name"],
        order_id=purchase["order_id"],
        price=purchase["price"],
        currency=purchase["currency"],
        reason=reason,
        shipping_instructions=_instructions(purchase["product_name"], rma),
        already_open=purchase["rma_number"] is not None,
    )


def in_business_days(days: int, start: date) -> date:
    """Return the date so many working days, Monday to Friday, after another."""
    while days:
        start += timedelta(days=1)
        days -= start.weekday() < 5
    return start


async def _by_key(
    session: AsyncSession, owned: Select[Numbered], table: type[Numbered], number: str
) -> Numbered | None:
    """Find a row of a customer by its identifier; a bare number is enough where only one row has it."""
    key = normal(number)
    if not key:
        return None
    exact = await session.scalar(owned.where(table.key == key))
    if exact is not None or not key.isdecimal():
        return exact
    close = (await session.scalars(owned.where(table.key.endswith(key)).limit(10))).all()
    same = [row for row in close if re.fullmatch(r"\D*", row.key.removesuffix(key))]
    return same[0] if len(same) == 1 else None


async def _kind_of_bare(session: AsyncSession, customer_id: str, digits: str) -> dict[str, Literal["invoice", "order"]]:
    """Return what a number without its letters is, if a customer has an invoice or an order of it, and not both."""
    invoice = await _by_key(session, select(Invoice).where(Invoice.customer_id == customer_id), Invoice, digits)
    order = await _by_key(session, select(Order).where(Order.customer_id == customer_id), Order, digits)
    if (invoice is None) == (order is None):
        return {}
    return {digits: "order" if invoice is None else "invoice"}


def _products(asked: str, bought: set[str]) -> set[str]:
    """Return the products that a customer's words can mean: the one called so, else those with all of the words."""
    same = {name for name in bought if normal(name) == normal(asked)}
    return same or {name for name in bought if mentions_product(name, asked)}


async def _add_case(
    session: AsyncSession, key: str, customer_id: str, kind: str, concern: str, invoice_id: str | None = None
) -> Case:
    now = datetime.now(UTC)
    case = Case(
        id=_new_id("CASE"),
        customer_id=customer_id,
        kind=kind,
        invoice_id=invoice_id,
        concern=concern,
        status="open",
        opened_at=now,
        resolve_by=in_business_days(RESOLUTION_DAYS, now.date()),
        effect_key=key,
    )
    session.add(case)
    await session.flush()
    return case


def _case(case: Case, *, already_open: bool) -> CaseResult:
    return CaseResult(
        case_id=case.id,
        invoice_number=case.invoice_id,
        concern=case.concern,
        resolution_time=RESOLUTION,
        due=case.resolve_by.isoformat(),
        already_open=already_open,
    )


def _new_id(kind: str) -> str:
    # Not counted up: a number tells nobody how many others there are. A clash repeats the transaction.
    return f"{kind}-{secrets.randbelow(90_000_000) + 10_000_000}"


def _instructions(product: str, rma: str) -> str:
    return (
        f"Pack the {product} well, with everything that came with it, write {rma} on the outside of the parcel, "
        "and hand it in at any parcel shop."
    )
