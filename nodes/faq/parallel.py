"""The worker of the parallel FAQ."""

from __future__ import annotations

from langgraph.runtime import Runtime

from fanloom import Context
from nodes.faq.checks import from_documents, sourced
from nodes.faq.state import Answered, QuestionState
from nodes.faq.steps import ANSWER_QUESTION


async def answer_question(state: QuestionState, runtime: Runtime[Context]) -> Answered:
    """Answer one question from the documents, then find its sources."""
    question, sources = state["question"], state["sources"]
    answer = await ANSWER_QUESTION.run(runtime, question=question, sources=sources)
    return await sourced(runtime, question, await from_documents(runtime, answer, sources), sources)
