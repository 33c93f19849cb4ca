"""What the caller of the support desk chooses."""

from __future__ import annotations

from typing import Any, Literal

from langgraph.runtime import Runtime
from pydantic import Field, field_validator

from fanloom import Context

_NOBODY = ""
_UNSAID = object()


class DeskContext(Context):
    """The context of the support desk: who is asking, and which returns wait for a person."""

    customer_id: str | None = Field(
        None,
        max_length=40,
        title="Customer",
        description="Id of the customer who is asking. It is trusted, and never taken from the message; on a server "
        "with authentication the authenticated user's counts instead.",
    )
    approve_returns_over: float | None = Field(
        None,
        ge=0,
        title="Approve returns over",
        description="A return of a product with a price above this waits for a person. Default: none waits.",
    )

    check_reply: Literal["rules", "model", "off"] = Field(
        "rules",
        title="Check of the reply",
        description="What may stand around code's statements: 'rules' lets a model's own words be courtesies only, "
        "'model' lets the evaluator's model judge them too; 'off' looks at none. Each statement stands in any case.",
    )

    @field_validator("customer_id")
    @classmethod
    def _not_blank(cls, value: str | None) -> str | None:
        return (value or "").strip() or None


def customer_of(runtime: Runtime[Any]) -> str | None:
    """Return who is asking: the server's authenticated user if there is one, else the customer of the context."""
    user = _user(runtime)
    return DeskContext.of(runtime.context).customer_id if user is None else _customer(_said_of(user))


def customer_of_task(runtime: Runtime[Any], planned: str) -> str:
    """Return whose task it is: who was asking when it was planned, even if a clerk resumes the run.

    But a user of whom the server says which customer that is, or that it is none, acts for nobody else: users may write
    the state of their threads through the server's API, and another's id into it.
    """
    user = _user(runtime)
    said = _UNSAID if user is None else _said_of(user)
    return planned if said is _UNSAID else _customer(said) or _NOBODY


def _user(runtime: Runtime[Any]) -> Any:
    user = runtime.server_info.user if runtime.server_info else None
    return user if user is not None and user.is_authenticated else None


def _said_of(user: Any) -> Any:
    """Return what a server says of a user's customer: it has users as mappings, or as objects, as Aegra does."""
    # Not the user's identity: that somebody has signed in does not make a customer of them.
    try:
        return user["customer_id"]
    except KeyError:
        return _UNSAID
    except TypeError:
        return getattr(user, "customer_id", _UNSAID)


def _customer(said: Any) -> str | None:
    return None if said in (None, _UNSAID) else str(said).strip() or None
