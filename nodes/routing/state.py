"""What goes into the support router, through it and out of it."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field
from typing_extensions import TypedDict

from fanloom import Context, RunState, Usage, stored_once
from nodes.text import ProperText

MAX_QUERY = 200_000

Intent: TypeAlias = Literal["Technical Support", "Billing Inquiry", "General Question"]


class RouterContext(Context):
    """The context of the router: how many votes decide where a message goes."""

    votes: int = Field(
        1,
        ge=1,
        le=15,
        title="Votes",
        description="How often the message is classified, all at once; the majority decides. More than one costs as "
        "many calls, and helps only with a model that does not always say the same.",
    )


class RouterInput(TypedDict):
    """What the customer wants to know."""

    query: Annotated[
        ProperText,
        Field(max_length=MAX_QUERY, description="The customer's message, up to 200,000 characters."),
    ]


class RouterOutput(TypedDict):
    """What the message is about, the answer to it, how the votes on it fell, and what it cost."""

    intent: Intent
    response: str
    tally: dict[str, int]
    usage: Usage


class Routing(TypedDict):
    """Where a message was sent, and why."""

    intent: Intent
    reason: str


class RouterState(RunState, total=False):
    """The state of the router. The message is stored once, not at every step."""

    query: Annotated[str, stored_once()]
    intent: Intent
    tally: dict[str, int]
    routing: Routing
    response: str
