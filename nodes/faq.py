"""The nodes that the FAQ graphs share, and how they check what a model says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from langgraph.runtime import Runtime

from fanloom import (
    Context,
    InvalidInput,
    Outcome,
    OutcomeError,
    RunError,
    error_of,
    failures,
    new_run,
    not_done,
    settle,
    status_of,
    unescape,
)
from fanloom import check_input as checked
from nodes.faq_state import Answered, Faq, FaqInput, FaqState, Question, Source
from nodes.faq_steps import FIND_SOURCES, FIND_SOURCES_AGAIN, GENERATE_QUESTIONS, MORE_QUESTIONS

T = TypeVar("T")


async def check_input(state: FaqState) -> dict[str, Any]:
    """Check the documents and the number of questions, and begin a new run. Raises InvalidInput, naming the field."""
    given = checked(FaqInput, state)
    titles: set[str] = set()
    for source in given["sources"]:
        if (title := _key(source["title"])) in titles:
            raise InvalidInput(f"input field 'sources': two documents have the title {source['title']!r}.")
        titles.add(title)
    return {**new_run(), "wanted": given.get("n_questions", 10)}


async def generate_questions(state: FaqState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Ask for the questions; what is missing, or a duplicate, is asked for once more."""
    wanted, sources = state["wanted"], state["sources"]
    asked = await GENERATE_QUESTIONS.run(runtime, sources=sources, n_questions=wanted)
    questions, shortage = distinct(asked.questions), ""
    if missing := max(0, wanted - len(questions)):
        try:
            more = await MORE_QUESTIONS.run(runtime, sources=sources, n_questions=missing, already=questions)
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


async def sourced(runtime: Runtime[Context], question: str, answer: str, sources: Sequence[Source]) -> Answered:
    """Find the documents in which an answer stands. The answer is kept, whatever happens to its sources."""
    try:
        found = await FIND_SOURCES.run(runtime, question=question, answer=answer, sources=sources)
    except RunError as error:
        return Answered(question=question, answer=answer, sources=[], problem=error_of(error))
    return await with_real_titles(runtime, question, answer, found.sources, sources)


async def with_real_titles(
    runtime: Runtime[Context], question: str, answer: str, named: Sequence[str], sources: Sequence[Source]
) -> Answered:
    """Keep the names that are titles of documents; invented ones are asked about once, then dropped and reported."""
    titles, invented = known_titles(named, sources)
    problem = None
    if invented:
        try:
            about = {"question": question, "answer": answer, "sources": sources, "invented": invented}
            again = await FIND_SOURCES_AGAIN.run(runtime, **about)
            titles, invented = known_titles([*titles, *again.sources], sources)
            problem = _invented(invented) if invented else None
        except RunError as error:
            problem = error_of(error)
    return Answered(question=question, answer=answer, sources=titles, problem=problem)


def planned(questions: Iterable[str]) -> list[Question]:
    """Number the questions as tasks `q1`, `q2`, ..."""
    return [Question(task_id=f"q{number}", question=text.strip()) for number, text in enumerate(questions, 1)]


def distinct(items: Iterable[T], question: Callable[[T], str] = str) -> list[T]:
    """Return the items without blank questions and without those that differ only in case, spacing or punctuation."""
    found: dict[str, T] = {}
    for item in items:
        if key := re.sub(r"[\W_]+", " ", question(item)).strip().casefold():
            found.setdefault(key, item)
    return list(found.values())


def known_titles(named: Iterable[str], sources: Sequence[Source]) -> tuple[list[str], list[str]]:
    """Split names into titles of documents, written as those are, and names that no document has; each once."""
    titles = {_key(source["title"]): source["title"] for source in sources}
    names = {_key(name): name for name in named if name.strip()}
    return [titles[key] for key in names if key in titles], [name for key, name in names.items() if key not in titles]


def _key(title: str) -> str:
    return " ".join(unescape(title).split()).casefold()


def _faq(result: Answered) -> Faq:
    return Faq(question=result["question"], answer=result["answer"], sources=result["sources"])


def _invented(names: Sequence[str]) -> OutcomeError:
    message = f"no document has the title {', '.join(map(repr, names))}; it was dropped from the sources"
    return OutcomeError(kind="invented_sources", message=message, retryable=True)


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
