"""Demo data: two customers whose orders, invoices and products can be asked about."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from nodes.support_desk.identifiers import normal
from nodes.support_desk.tables import Base, Customer, Invoice, Order, OrderItem

CUSTOMERS = {"C-1001": ("Harbour Bakery", "bakery@example.com"), "C-2002": ("Hillside Library", "library@example.com")}

# Number, customer, days since it was placed, status, carrier, tracking number, days until it is there.
_ORDERS = [
    ("A-12001", "C-1001", 21, "delivered", "Swift Parcel", "SP771204", -16),
    ("A-12345", "C-1001", 2, "shipped", "Swift Parcel", "SP482913", 3),
    ("A-12400", "C-1001", 0, "processing", None, None, None),
    ("A-20001", "C-2002", 30, "delivered", "Northern Freight", "NF550018", -24),
    ("A-20002", "C-2002", 5, "delayed", "Northern Freight", "NF550342", 6),
]

# Order, product, price in hundredths.
_ITEMS = [
    ("A-12001", "SuperWidget 5000", 24_900),
    ("A-12001", "Blue Kettle", 3_950),
    ("A-12345", "Oven Thermometer", 1_890),
    ("A-12400", "MiniWidget 200", 7_900),
    ("A-20001", "Reading Lamp", 4_500),
    ("A-20001", "Reading Lamp", 4_500),
    ("A-20002", "MegaShelf 9", 31_000),
]

# Number, customer, order, days since it was issued, amount in hundredths.
_INVOICES = [
    ("INV-7890", "C-1001", "A-12001", 20, 28_850),
    ("INV-7891", "C-1001", "A-12345", 2, 1_890),
    ("INV-9001", "C-2002", "A-20001", 29, 9_000),
]


async def seed(session: AsyncSession) -> None:
    """Write the demo data over what is there of it; orders and invoices get dates around today."""
    for rows in (_customers(), _orders(_today()), _items(), _invoices(_today())):
        for row in rows:
            await session.merge(row)
        # What refers to these rows needs them there first.
        await session.flush()


def _customers() -> Iterator[Base]:
    for number, (name, email) in CUSTOMERS.items():
        yield Customer(id=number, name=name, email=email)


def _orders(today: date) -> Iterator[Base]:
    for number, customer, age, status, carrier, tracking, days in _ORDERS:
        yield Order(
            id=number,
            key=normal(number),
            customer_id=customer,
            ordered_on=today - timedelta(days=age),
            status=status,
            carrier=carrier,
            tracking_number=tracking,
            expected_delivery=None if days is None else today + timedelta(days=days),
        )


def _items() -> Iterator[Base]:
    for number, (order, product, price) in enumerate(_ITEMS, 1):
        yield OrderItem(id=number, order_id=order, product_name=product, price_cents=price, currency="EUR")


def _invoices(today: date) -> Iterator[Base]:
    for number, customer, order, age, amount in _INVOICES:
        yield Invoice(
            id=number,
            key=normal(number),
            customer_id=customer,
            order_id=order,
            issued_on=today - timedelta(days=age),
            amount_cents=amount,
            currency="EUR",
        )


def _today() -> date:
    return datetime.now(UTC).date()
