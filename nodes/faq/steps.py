"""The model calls of the FAQ graphs. All share the rules and the documents as their prompts' common prefix."""

from __future__ import annotations

from pydantic import Field

from fanloom import LLMStep, OutputModel, Prompt
from prompts import path


class QuestionList(OutputModel):
    """The questions, most important first."""

    questions: list[str] = Field(description="The questions, one string each.")


class SourceList(OutputModel):
    """The documents in which an answer stands."""

    sources: list[str] = Field(description="Titles of documents, exactly as given.")


class FaqItem(OutputModel):
    """A question with its answer."""

    question: str = Field(description="The question.")
    answer: str = Field(description="The answer, one to three sentences.")
    sources: list[str] = Field(description="Titles of the documents in which the answer stands, exactly as given.")


class FaqList(OutputModel):
    """The whole FAQ, most important questions first."""

    faqs: list[FaqItem] = Field(description="The questions with their answers and sources.")


def _prompt(step: str) -> Prompt:
    return Prompt(path("faq/documents.md"), path(f"faq/{step}.md"), system=path("faq/system.md"))


GENERATE_QUESTIONS = LLMStep(
    "generate_questions",
    prompt=_prompt("generate_questions"),
    output=QuestionList,
    role="planner",
    understudy="understudies.faq:draw_questions",
)
MORE_QUESTIONS = LLMStep(
    "more_questions",
    prompt=_prompt("more_questions"),
    output=QuestionList,
    role="planner",
    understudy="understudies.faq:draw_questions",
)
ANSWER_QUESTION = LLMStep(
    "answer_question",
    prompt=_prompt("answer_question"),
    output=str,
    understudy="understudies.faq:answer_question",
)
FIND_SOURCES = LLMStep(
    "find_sources",
    prompt=_prompt("find_sources"),
    output=SourceList,
    understudy="understudies.faq:find_sources",
)
FIND_SOURCES_AGAIN = LLMStep(
    "find_sources_again",
    prompt=_prompt("find_sources_again"),
    output=SourceList,
    understudy="understudies.faq:find_sources",
)
WRITE_FAQ = LLMStep(
    "write_faq",
    prompt=_prompt("write_faq"),
    output=FaqList,
    role="synthesizer",
    understudy="understudies.faq:write_faq",
)
WRITE_MORE_FAQ = LLMStep(
    "write_more_faq",
    prompt=_prompt("write_more_faq"),
    output=FaqList,
    role="synthesizer",
    understudy="understudies.faq:write_faq",
)
