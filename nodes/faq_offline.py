"""The understudies of the FAQ steps, in the form in which the steps answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nodes.faq_understudy import answer_question, draw_questions, find_sources

Sources = Sequence[Mapping[str, str]]


def write_faq(sources: Sources, n_questions: int, already: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Draw questions from the documents, answer each from them, and name where the answer stands."""
    return [_faq(question, sources) for question in draw_questions(sources, n_questions, already)]


def _faq(question: str, sources: Sources) -> dict[str, Any]:
    answer = answer_question(question, sources)
    return {"question": question, "answer": answer, "sources": find_sources(question, answer, sources)}
