"""The typed tasks of the support desk: what a customer can want, each with only the fields that it needs."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from fanloom import OutputModel

_QUOTE = "The words of the message in which the customer asks for this, exactly as written; null if there are none."


class BillingInquiry(OutputModel):
    """A question or complaint about an invoice."""

    type: Literal["BillingInquiry"]
    invoice_number: str | None = Field(
        None, description="The invoice number as the customer wrote it; null if the customer gave none."
    )
    quote: str | None = Field(None, description=_QUOTE)


class ProductReturn(OutputModel):
    """A product that the customer wants to send back."""

    type: Literal["ProductReturn"]
    product_name: str | None = Field(
        None, description="The product as the customer called it; null if the customer did not say which."
    )
    reason_for_return: str | None = Field(
        None, description="Why, in the customer's words; null if the customer gave no reason."
    )
    quote: str | None = Field(None, description=_QUOTE)


class StatusUpdate(OutputModel):
    """A question about where an order is."""

    type: Literal["StatusUpdate"]
    order_id: str | None = Field(
        None, description="The order number as the customer wrote it; null if the customer gave none."
    )


class Other(OutputModel):
    """Anything else, which a person will look at."""

    type: Literal["Other"]
    summary: str = Field(description="What the customer wants, in one sentence.")
    quote: str | None = Field(None, description=_QUOTE)


Task: TypeAlias = BillingInquiry | ProductReturn | StatusUpdate | Other


class Plan(OutputModel):
    """Everything the customer asks for, one task each, in the order of the message."""

    tasks: list[Annotated[Task, Field(discriminator="type")]] = Field(
        description="The tasks; several of one type are normal."
    )
