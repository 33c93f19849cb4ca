"""The desk's tables. Everything a customer can ask about belongs to a customer."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import DateTime, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from fanloom import effects_table

_OPEN = text("status = 'open'")


class Base(DeclarativeBase):
    """What all tables share."""


EFFECTS = effects_table(Base.metadata)


class Customer(Base):
    """Who may ask, such as C-1001."""

    __tablename__ = "customers"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(200))


class Order(Base):
    """An order and where it is; carrier, tracking number and expected delivery come when it is sent."""

    __tablename__ = "orders"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    # The id without signs and in capitals, as identifiers are compared.
    key: Mapped[str] = mapped_column(String(40), index=True)
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.id"), index=True)
    ordered_on: Mapped[date]
    status: Mapped[str] = mapped_column(String(40))
    carrier: Mapped[str | None] = mapped_column(String(100))
    tracking_number: Mapped[str | None] = mapped_column(String(100))
    expected_delivery: Mapped[date | None]


class OrderItem(Base):
    """One piece of an order; its price in hundredths of the currency."""

    __tablename__ = "order_items"

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), index=True)
    product_name: Mapped[str] = mapped_column(String(200))
    price_cents: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))


class Invoice(Base):
    """An invoice; its amount in hundredths of the currency."""

    __tablename__ = "invoices"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    key: Mapped[str] = mapped_column(String(40), index=True)
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.id"), index=True)
    order_id: Mapped[str | None] = mapped_column(ForeignKey("orders.id"))
    issued_on: Mapped[date]
    amount_cents: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))


class Case(Base):
    """Something that a person looks into: a `billing` question, or a wish that no worker does (`handover`)."""

    __tablename__ = "cases"
    __table_args__ = (
        Index("one_open_case_an_invoice", "invoice_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.id"), index=True)
    kind: Mapped[str] = mapped_column(String(40))
    invoice_id: Mapped[str | None] = mapped_column(ForeignKey("invoices.id"))
    concern: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(40), default="open")
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    resolve_by: Mapped[date]
    effect_key: Mapped[str] = mapped_column(ForeignKey("effects.key"), unique=True)


class Return(Base):
    """A piece that is coming back; its id is the RMA number."""

    __tablename__ = "returns"
    __table_args__ = (
        Index("one_open_return_a_piece", "order_item_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.id"), index=True)
    order_item_id: Mapped[int] = mapped_column(ForeignKey("order_items.id"))
    reason: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(40), default="open")
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    effect_key: Mapped[str] = mapped_column(ForeignKey("effects.key"), unique=True)
