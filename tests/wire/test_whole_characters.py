"""What JSON can say and no database keeps: an answer with it is an answer, and a thread can be written down."""

from __future__ import annotations

from typing import Any

import pytest

from fanloom import LLMStep, OutputModel, Prompt, open_checkpointer
from tests.wire.provider import FakeProvider, Reply, Request
from tests.wire.steps import PLAIN, PROMPTS, QUESTION, one_step


class Said(OutputModel):
    """Texts."""

    first: str
    others: list[str]


GRAPHS = {"plain": PLAIN, "typed": LLMStep("ask", Prompt(PROMPTS / "ask.md"), Said)}
ODD = "a\x00b \ud800 c"
CLEAN = "ab \ufffd c"


@pytest.mark.parametrize("shape", GRAPHS)
def test_an_answer_with_what_no_database_keeps_is_kept_without(
    wire: FakeProvider, both: str, postgres_url: str, shape: str
) -> None:
    wire.reply = Reply(text=ODD) if shape == "plain" else Reply(data={"first": ODD, "others": [ODD, "d"]})
    thread = {"configurable": {"thread_id": "t"}}
    with open_checkpointer(postgres_url) as saver:
        graph = one_step(GRAPHS[shape], checkpointer=saver)
        result = graph.invoke({"question": QUESTION}, thread, context={"model": both, "max_attempts": 1})
        kept = graph.get_state(thread).values["answer"]
    assert kept == result["answer"] == (CLEAN if shape == "plain" else {"first": CLEAN, "others": [CLEAN, "d"]})


def test_the_model_can_be_shown_what_it_said(wire: FakeProvider, both: str) -> None:
    answers: list[Any] = [Reply(text=ODD), Reply(data={"first": "a", "others": []})]
    wire.reply = lambda request: answers.pop(0)
    result = one_step(GRAPHS["typed"]).invoke({"question": QUESTION}, context={"model": both})
    repair: Request = wire.requests[1]
    assert (result["answer"]["first"], CLEAN in repair.text) == ("a", True)
