"""The links of the FAQ chain: one question after the other, each answered, then its sources found."""

from __future__ import annotations

from time import perf_counter
from typing import Any, Literal

from langgraph.runtime import Runtime

from fanloom import Context, RunError, done, from_error, meter
from nodes.faq.checks import from_documents, sourced
from nodes.faq.state import Draft, FaqState, Question
from nodes.faq.steps import ANSWER_QUESTION


async def answer_question(state: FaqState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Answer the next question from the documents."""
    task, started = _next(state), perf_counter()
    try:
        answer = await ANSWER_QUESTION.run(runtime, question=task["question"], sources=state["sources"])
        answer = await from_documents(runtime, answer, state["sources"])
    except RunError as error:
        if Context.of(runtime.context).on_failure == "fail_fast":
            raise
        attempts, seconds = meter().attempts, perf_counter() - started
        failed = from_error(task["task_id"], "answer_question", error, attempts=attempts, seconds=seconds)
        return {"draft": None, "outcomes": [failed]}
    return {"draft": Draft(answer=answer, attempts=meter().attempts, seconds=perf_counter() - started)}


async def find_sources(state: FaqState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Find the sources of the answer that was just given; with that its task is done."""
    task, draft, started = _next(state), state["draft"], perf_counter()
    assert draft is not None, "after_answer leads here with a draft only"
    result = await sourced(runtime, task["question"], draft["answer"], state["sources"])
    seconds = draft["seconds"] + perf_counter() - started
    attempts = max(draft["attempts"], meter().attempts)
    return {
        "draft": None,
        "outcomes": [done(task["task_id"], "answer_question", result, attempts=attempts, seconds=seconds)],
    }


def after_answer(state: FaqState) -> Literal["find_sources", "answer_question", "collect"]:
    """Go on with the sources; if there is no answer, with the next question."""
    return "find_sources" if state["draft"] else next_question(state)


def next_question(state: FaqState) -> Literal["answer_question", "collect"]:
    """Go on with the next question, if there is one."""
    return "answer_question" if len(state["outcomes"]) < len(state["questions"]) else "collect"


def _next(state: FaqState) -> Question:
    return state["questions"][len(state["outcomes"])]
