"""The support router: say what a message is about, then answer it as that kind of message."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeAlias, get_args

from langgraph.runtime import Runtime
from langgraph.types import StreamWriter
from pydantic import Field, field_validator
from typing_extensions import TypedDict

from fanloom import (
    BadModelOutput,
    Context,
    LLMStep,
    OutputModel,
    Prompt,
    RunState,
    Usage,
    Vote,
    new_run,
    stored_once,
    vote,
)
from fanloom import check_input as checked
from nodes.text import ProperText
from prompts import path

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


def _key(label: str) -> str:
    return re.sub(r"[\W_]+", "", label).casefold()


_LABELS = {_key(label): label for label in get_args(Intent)}


class Classification(OutputModel):
    """What the customer's message is about."""

    intent: Intent = Field(description="The one kind of message that fits best, written exactly as it is listed.")

    @field_validator("intent", mode="before")
    @classmethod
    def _as_listed(cls, label: Any) -> Any:
        """Forgive case, spacing and punctuation; another label stays as it is, and is refused."""
        return _LABELS.get(_key(label), label) if isinstance(label, str) else label


def _prompt(step: str) -> Prompt:
    # All share the rules; the message comes last.
    return Prompt(path(f"support_router/{step}.md"), system=path("support_router/system.md"))


CLASSIFY = LLMStep(
    "classify",
    prompt=_prompt("classify"),
    output=Classification,
    role="planner",
    understudy="understudies.support_router:classify",
)
TECHNICAL_SUPPORT = LLMStep(
    "technical_support",
    prompt=_prompt("technical_support"),
    output=str,
    understudy="understudies.support_router:technical_support",
)
BILLING_INQUIRY = LLMStep(
    "billing_inquiry",
    prompt=_prompt("billing_inquiry"),
    output=str,
    understudy="understudies.support_router:billing_inquiry",
)
GENERAL_QUESTION = LLMStep(
    "general_question",
    prompt=_prompt("general_question"),
    output=str,
    understudy="understudies.support_router:general_question",
)


async def check_input(state: RouterState) -> dict[str, Any]:
    """Check the message, and begin a new run. Raises InvalidInput for one with nothing in it to read."""
    checked(RouterInput, state)
    return new_run()


async def classify(state: RouterState, runtime: Runtime[RouterContext], writer: StreamWriter) -> dict[str, Any]:
    """Say what the message is about, by the majority of the context's votes.

    Without a usable label, also after repair, it is a general question.
    """
    votes = RouterContext.of(runtime.context).votes
    try:
        made = await vote(CLASSIFY, runtime, votes, choice=lambda answer: answer.intent, query=state["query"])
        routing, tally = Routing(intent=made.answer.intent, reason=_reason(made, votes)), made.tally
    except BadModelOutput as error:
        routing = Routing(intent="General Question", reason=f"no usable label ({error.kind}): {error}")
        tally = {}
    writer({"message": f"{routing['intent']}: {routing['reason']}", "routing": routing})
    return {"intent": routing["intent"], "tally": tally, "routing": routing}


def _reason(made: Vote[Classification], votes: int) -> str:
    if votes == 1:
        return "the model's label"
    failed = f", {len(made.failed)} failed ({made.failed[0]['kind']})" if made.failed else ""
    return f"{made.tally[made.choice]} of {votes} votes{failed}"


def chosen_intent(state: RouterState) -> Intent:
    """Return what the message is about: the edges lead from there."""
    return state["intent"]


async def technical_support(state: RouterState, runtime: Runtime[RouterContext]) -> dict[str, Any]:
    """Ask for what is needed to find the fault, such as the troubleshooting steps already tried."""
    return await _answered(TECHNICAL_SUPPORT, state, runtime)


async def billing_inquiry(state: RouterState, runtime: Runtime[RouterContext]) -> dict[str, Any]:
    """Acknowledge the concern and ask for the account number."""
    return await _answered(BILLING_INQUIRY, state, runtime)


async def general_question(state: RouterState, runtime: Runtime[RouterContext]) -> dict[str, Any]:
    """Apologise for not being sure how to help."""
    return await _answered(GENERAL_QUESTION, state, runtime)


async def _answered(step: LLMStep[str], state: RouterState, runtime: Runtime[RouterContext]) -> dict[str, Any]:
    return {"response": await step.run(runtime, query=state["query"])}
