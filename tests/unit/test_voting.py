from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pytest
from langchain_core.outputs import ChatGeneration, ChatResult
from langgraph.graph import END, START
from langgraph.runtime import Runtime
from pydantic import PrivateAttr

from fanloom import (
    BadModelOutput,
    Context,
    InvalidContext,
    LLMStep,
    ModelRefused,
    OutputModel,
    Prompt,
    RunState,
    StateGraph,
    UserError,
    Vote,
    vote,
)
from tests.fakes import Meeting, ScriptedModel, _message

COLOURS = Literal["red", "green", "blue"]


class Answer(OutputModel):
    """A colour, and who says so."""

    colour: COLOURS
    voter: int


class Denied(Exception):
    status_code = 403


class State(RunState, total=False):
    """What the polling graph keeps."""

    votes: int
    vote: Any


@pytest.fixture
def step(tmp_path: Path) -> LLMStep[Answer]:
    (tmp_path / "ask.md").write_text("Which colour?")
    return LLMStep("ask", Prompt(tmp_path / "ask.md"), Answer)


class Voters(ScriptedModel):
    """Answer the votes in the order in which they are asked, each once the vote that stands in `after` has ended."""

    answers: Sequence[Any]
    after: dict[int, int] = {}
    _ended: Any = PrivateAttr(default_factory=lambda: defaultdict(asyncio.Event))

    async def _agenerate(self, messages: Any, *args: Any, **kwargs: Any) -> ChatResult:
        number, self._in_flight = len(self._asked), self._in_flight + 1
        self._asked.append(messages[-1].text)
        self._peak = max(self._peak, self._in_flight)
        try:
            if self.gate is not None:
                await self.gate()
            if number in self.after:
                await asyncio.wait_for(self._ended[self.after[number]].wait(), 20)
            said = self.answers[number % len(self.answers)]
            reply = said if isinstance(said, Exception) else {"colour": said, "voter": number}
            return ChatResult(generations=[ChatGeneration(message=_message(reply, kwargs["tools"]))])
        finally:
            self._in_flight -= 1
            self._ended[number].set()


def voters(*answers: Any, **more: Any) -> Voters:
    return Voters(reply=str, answers=answers, **more)


async def polled(step: LLMStep[Answer], k: int, model: Any, **context: Any) -> tuple[Vote[Answer], dict[str, Any]]:
    votes: list[Vote[Answer]] = []

    async def poll(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
        votes.append(await vote(step, runtime, k, choice=lambda answer: answer.colour))
        return {}

    builder = StateGraph(State, context_schema=Context)
    builder.add_node("poll", poll)
    builder.add_edge(START, "poll")
    builder.add_edge("poll", END)
    result = await builder.compile().ainvoke({}, context={"model": model, **context})
    return votes[0], result


# What the voters say in turn; the choice; the tally; whose answer it is.
VOTES = [
    (["red"], "red", {"red": 1}, 0),
    (["red", "green", "green"], "green", {"green": 2, "red": 1}, 1),
    (["red", "green", "blue"], "red", {"red": 1, "green": 1, "blue": 1}, 0),
    (["green", "red", "red", "green"], "green", {"green": 2, "red": 2}, 0),
    (["blue", "green", "red", "red", "green"], "green", {"green": 2, "red": 2, "blue": 1}, 1),
    (["red"] * 15, "red", {"red": 15}, 0),
]


@pytest.mark.parametrize(("said", "choice", "tally", "voter"), VOTES)
async def test_the_majority_wins_and_on_a_tie_the_first_vote(
    step: LLMStep[Answer], said: list[str], choice: str, tally: dict[str, int], voter: int
) -> None:
    model = voters(*said)
    made, result = await polled(step, len(said), model)
    assert (made.choice, list(made.tally.items()), made.failed) == (choice, list(tally.items()), [])
    assert (made.answer.colour, made.answer.voter) == (choice, voter)
    assert len(model.asked) == result["usage"]["model_calls"] == len(said)


async def test_the_order_in_which_the_answers_come_changes_nothing(step: LLMStep[Answer]) -> None:
    # The first vote ends last, the last one first.
    made, _ = await polled(step, 4, voters("red", "green", "red", "green", after={0: 1, 1: 2, 2: 3}))
    assert (made.choice, list(made.tally), made.answer.voter) == ("red", ["red", "green"], 0)


async def test_the_votes_are_in_flight_at_once(step: LLMStep[Answer]) -> None:
    model = voters("red", gate=Meeting(7))
    made, _ = await polled(step, 7, model)
    assert (model.peak, made.tally) == (7, {"red": 7})


async def test_votes_that_fail_are_left_out_and_told(step: LLMStep[Answer]) -> None:
    made, _ = await polled(step, 4, voters(Denied("no"), "red", "blue", Denied("never")))
    assert (made.choice, made.tally) == ("red", {"red": 1, "blue": 1})
    assert [(error["kind"], error["retryable"]) for error in made.failed] == [("auth", False)] * 2
    assert ["no" in made.failed[0]["message"], "never" in made.failed[1]["message"]] == [True, True]


async def test_if_all_fail_the_first_votes_error_is_raised(step: LLMStep[Answer]) -> None:
    with pytest.raises(ModelRefused, match="first"):
        await polled(step, 3, voters(Denied("first"), Denied("second"), Denied("third"), after={0: 2}))
    with pytest.raises(BadModelOutput):
        await polled(step, 1, voters("pink"))


@pytest.mark.parametrize("k", [0, -1, 101, "3", 2.5, 3.0, True, None])
async def test_the_number_of_votes_is_bounded(step: LLMStep[Answer], k: Any) -> None:
    model = voters("red")
    with pytest.raises(UserError, match="1 to 100 votes"):
        await polled(step, k, model)
    assert model.asked == []


async def test_a_hundred_votes_keep_to_the_width_of_the_run(step: LLMStep[Answer]) -> None:
    colours = ["red", "green"] * 50
    model = voters(*colours, gate=lambda: asyncio.sleep(0))
    made, _ = await polled(step, 100, model, max_concurrency=5)
    assert model.peak == 5
    assert made.tally == {"red": 50, "green": 50}


async def test_votes_that_can_change_nothing_are_not_asked_and_none_is_cancelled(step: LLMStep[Answer]) -> None:
    one_by_one = voters("red")
    made, result = await polled(step, 9, one_by_one, max_concurrency=1)
    assert made.tally == {"red": 5}
    assert len(one_by_one.asked) == result["usage"]["model_calls"] == 5
    # Two more are in flight when the third settles it: they are awaited and counted.
    at_once = voters("red", gate=Meeting(5))
    made, result = await polled(step, 5, at_once)
    assert made.tally == {"red": 5}
    assert result["usage"]["model_calls"] == 5


async def test_a_tie_that_is_still_open_is_voted_on(step: LLMStep[Answer]) -> None:
    model = voters("red", "red", "green", "green", "green")
    made, _ = await polled(step, 5, model, max_concurrency=1)
    assert (made.choice, made.tally) == ("green", {"green": 3, "red": 2})


async def test_the_budget_holds(step: LLMStep[Answer]) -> None:
    made, result = await polled(step, 5, voters("red"), max_model_calls=2)
    assert made.tally == {"red": 2}
    assert {error["kind"] for error in made.failed} == {"budget"}
    assert len(made.failed) == 3
    assert result["usage"]["model_calls"] == 2


async def test_what_the_caller_can_mend_surfaces_at_once_and_bare(step: LLMStep[Answer]) -> None:
    with pytest.raises(InvalidContext):
        await polled(step, 3, "offline", max_cost_usd="much")
    with pytest.raises(UserError, match="does not use 'colour'"):
        await vote(step, None, 3, choice=lambda answer: answer.colour, colour="red")


async def test_a_choice_that_cannot_be_made_surfaces_bare(step: LLMStep[Answer]) -> None:
    def broken(answer: Answer) -> str:
        raise KeyError(answer.colour)

    runtime: Any = Runtime(context=Context(model=voters("red")))
    with pytest.raises(KeyError, match="red"):
        await vote(step, runtime, 3, choice=broken)


@pytest.mark.parametrize("made", [None, True, 7, ["red"], {"colour": "red"}], ids=repr)
async def test_a_choice_that_is_no_text_is_the_callers_to_mend(step: LLMStep[Answer], made: Any) -> None:
    runtime: Any = Runtime(context=Context(model=voters("red")))
    with pytest.raises(UserError, match="not a text; return a str"):
        await vote(step, runtime, 3, choice=lambda answer: made)


async def test_cancelled_it_leaves_no_vote_behind(step: LLMStep[Answer]) -> None:
    begun = asyncio.Event()

    async def hangs() -> None:
        if len(model.asked) == 4:
            begun.set()
        await asyncio.Event().wait()

    model = voters("red", gate=hangs)
    before = asyncio.all_tasks()
    runtime: Any = Runtime(context=Context(model=model))
    task = asyncio.create_task(vote(step, runtime, 4, choice=lambda answer: answer.colour))
    await asyncio.wait_for(begun.wait(), 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() == before
