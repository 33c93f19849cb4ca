"""The nodes of the support router: say what a message is about, then answer it as that kind of message."""

from __future__ import annotations

from typing import Any

from langgraph.runtime import Runtime
from langgraph.types import StreamWriter

from fanloom import BadModelOutput, LLMStep, Vote, new_run, vote
from fanloom import check_input as checked
from nodes.routing.state import Intent, RouterContext, RouterInput, RouterState, Routing
from nodes.routing.steps import BILLING_INQUIRY, CLASSIFY, GENERAL_QUESTION, TECHNICAL_SUPPORT, Classification


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
