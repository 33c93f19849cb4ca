"""The nodes that the FAQ graphs share: what goes in is checked, the questions are written, the FAQ is put together."""

from __future__ import annotations

from typing import Any

from langgraph.runtime import Runtime

from fanloom import Context, Count, InvalidInput, Outcome, RunError, failures, new_run, not_done, settle, status_of
from fanloom import check_input as checked
from nodes.faq.checks import distinct, planned, title_key
from nodes.faq.state import Answered, Faq, FaqInput, FaqState
from nodes.faq.steps import GENERATE_QUESTIONS, MORE_QUESTIONS


async def check_input(state: FaqState) -> dict[str, Any]:
    """Check the documents and the number of questions, and begin a new run. Raises InvalidInput, naming the field."""
    given = checked(FaqInput, state)
    titles: set[str] = set()
    for source in given["sources"]:
        if (title := title_key(source["title"])) in titles:
            raise InvalidInput(f"input field 'sources': two documents have the title {source['title']!r}.")
        titles.add(title)
    return {**new_run(), "wanted": given.get("n_questions", 10)}


async def generate_questions(state: FaqState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Ask for the questions; what is missing, or a duplicate, is asked for once more."""
    wanted, sources = state["wanted"], state["sources"]
    exactly = {"questions": Count(wanted, wanted, enforced=False)}
    asked = await GENERATE_QUESTIONS.within(exactly).run(runtime, sources=sources, n_questions=wanted)
    questions, shortage = distinct(asked.questions), ""
    if missing := max(0, wanted - len(questions)):
        try:
            # Not exactly so many: the documents may answer no more.
            most = {"questions": Count(most=missing, enforced=False)}
            about = {"sources": sources, "n_questions": missing, "already": questions}
            more = await MORE_QUESTIONS.within(most).run(runtime, **about)
            questions = distinct([*questions, *more.questions])
        except RunError as error:
            # The questions that are there have been paid for, so they are answered.
            shortage = str(error)
    return {"questions": planned(questions[:wanted]), "shortage": shortage}


async def collect(state: FaqState) -> dict[str, Any]:
    """Put the FAQ together in the order of its questions, and report what is not there."""
    plan = [question["task_id"] for question in state["questions"]]
    outcomes = settle(plan, state["outcomes"])
    made = [outcome for outcome in outcomes if outcome["status"] == "done"]
    faqs = [_faq(outcome["result"]) for outcome in made]
    unclear = [_unclear(outcome) for outcome in made if outcome["result"]["problem"]]
    return {"faqs": faqs, "failures": [*failures(outcomes), *unclear, *_missing(state)]}


def _faq(result: Answered) -> Faq:
    return Faq(question=result["question"], answer=result["answer"], sources=result["sources"])


def _unclear(outcome: Outcome) -> Outcome:
    """Report the sources of an answer that is there as a task of their own that is not done."""
    result: Answered = outcome["result"]
    problem = result["problem"]
    assert problem is not None, "collect asks for answers with a problem only"
    return not_done(
        f"{outcome['task_id']}.sources",
        "find_sources",
        **problem,
        status=status_of(problem),
        result=result["sources"],
        attempts=outcome["attempts"],
        seconds=outcome["seconds"],
    )


def _missing(state: FaqState) -> list[Outcome]:
    have, wanted = len(state["questions"]), state["wanted"]
    message = f"{have} of {wanted} distinct questions could be drawn from the documents. {state['shortage']}".strip()
    return [
        not_done(f"q{number}", "generate_questions", message, kind="shortage") for number in range(have + 1, wanted + 1)
    ]
