"""The support router with several votes on where a message goes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from fanloom import BudgetExceeded, InvalidContext, ModelRefused
from graphs.support_router import graph
from tests.fakes import Meeting, ScriptedModel

QUERY = {"query": "I was charged twice for March."}
BILLING, TECHNICAL, GENERAL = "Billing Inquiry", "Technical Support", "General Question"


class Denied(Exception):
    status_code = 403


def routed(*labels: Any, gate: Any = None, **context: Any) -> dict[str, Any]:
    said: Iterator[Any] = iter(labels)

    def reply(prompt: str) -> Any:
        if not re.search(r"Decide what kind of message|could not be used", prompt):
            return "An answer."
        label = next(said)
        return label if isinstance(label, Exception) else {"intent": label}

    model = ScriptedModel(reply=reply, gate=gate)
    result: dict[str, Any] = graph.invoke(QUERY, context={"model": model, **context})
    result["model"] = model
    return result


# What the votes say; where the message goes; the tally.
POLLS = [
    ([BILLING], BILLING, {BILLING: 1}),
    ([BILLING, BILLING, BILLING], BILLING, {BILLING: 3}),
    ([TECHNICAL, BILLING, BILLING], BILLING, {BILLING: 2, TECHNICAL: 1}),
    ([GENERAL, TECHNICAL, BILLING], GENERAL, {GENERAL: 1, TECHNICAL: 1, BILLING: 1}),
]


@pytest.mark.parametrize(("labels", "intent", "tally"), POLLS)
def test_the_majority_decides_and_the_tally_says_how(labels: list[str], intent: str, tally: dict[str, int]) -> None:
    result = routed(*labels, votes=len(labels))
    assert (result["intent"], list(result["tally"].items())) == (intent, list(tally.items()))
    assert result["usage"]["model_calls"] == len(labels) + 1


def test_the_votes_are_asked_at_once() -> None:
    votes = Meeting(5)

    async def gate() -> None:
        await votes()

    assert routed(*[BILLING] * 5, votes=5, gate=gate)["model"].peak == 5


def test_votes_that_fail_are_left_out_and_the_trace_says_so() -> None:
    result = routed(Denied("no"), TECHNICAL, TECHNICAL, votes=3)
    assert (result["intent"], result["tally"]) == (TECHNICAL, {TECHNICAL: 2})
    said = iter([TECHNICAL, Denied("no"), TECHNICAL])

    def reply(prompt: str) -> Any:
        if "Decide what kind of message" not in prompt:
            return "An answer."
        label = next(said)
        return label if isinstance(label, Exception) else {"intent": label}

    context = {"model": ScriptedModel(reply=reply), "votes": 3}
    (told,) = graph.stream(QUERY, context=context, stream_mode="custom")
    assert told["message"] == "Technical Support: 2 of 3 votes, 1 failed (auth)"


def test_if_all_votes_fail_the_first_error_decides() -> None:
    with pytest.raises(ModelRefused):
        routed(Denied("no"), Denied("no"), Denied("no"), votes=3)
    none = routed(*["Complaint"] * 6, votes=3)
    assert (none["intent"], none["tally"]) == (GENERAL, {})


def test_a_budget_holds_among_the_votes() -> None:
    with pytest.raises(BudgetExceeded):
        routed(*[BILLING] * 3, votes=3, max_model_calls=2)


@pytest.mark.parametrize("votes", [0, 16, "many"])
def test_the_number_of_votes_is_bounded(votes: Any) -> None:
    model = ScriptedModel(reply=str)
    with pytest.raises(InvalidContext, match="votes"):
        graph.invoke(QUERY, context={"model": model, "votes": votes})
    assert model.asked == []


def test_offline_all_votes_say_the_same() -> None:
    result = graph.invoke(QUERY, context={"model": "offline", "votes": 3})
    assert (result["intent"], result["tally"]) == (BILLING, {BILLING: 3})
