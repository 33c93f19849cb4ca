"""What goes into an FAQ graph, through it and out of it."""

from __future__ import annotations

from typing import Annotated, NotRequired

from langgraph.channels import EphemeralValue
from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from fanloom import Outcome, OutcomeError, RunState, Usage, stored_once
from nodes.text import ProperText

MAX_SOURCES = 1_000
MAX_CONTENT = 1_000_000
MAX_QUESTIONS = 200


@with_config(ConfigDict(extra="forbid"))
class Source(TypedDict):
    """One document."""

    title: Annotated[ProperText, Field(max_length=500, description="Its title, unlike any other.")]
    content: Annotated[
        ProperText,
        Field(max_length=MAX_CONTENT, description="Its text, plain or Markdown, up to 1,000,000 characters."),
    ]


class FaqInput(TypedDict):
    """What the FAQ is made from."""

    sources: Annotated[list[Source], Field(min_length=1, max_length=MAX_SOURCES, description="The documents.")]
    n_questions: NotRequired[
        Annotated[
            int,
            Field(
                ge=1,
                le=MAX_QUESTIONS,
                strict=True,
                description="How many questions, 1 to 200.",
                json_schema_extra={"default": 10},
            ),
        ]
    ]


class Faq(TypedDict):
    """A question, its answer, and the titles of the documents in which the answer stands."""

    question: str
    answer: str
    sources: list[str]


class FaqOutput(TypedDict):
    """The FAQ, what of it could not be made, and what it cost."""

    faqs: list[Faq]
    failures: list[Outcome]
    usage: Usage


class Question(TypedDict):
    """One planned task: a question to be answered."""

    task_id: str
    question: str


class Answered(Faq):
    """The result of a task; `problem` says what is wrong with the sources, if anything is."""

    problem: OutcomeError | None


class Draft(TypedDict):
    """An answer whose sources are still to be found, and what it took."""

    answer: str
    attempts: int
    seconds: float


class FaqState(RunState, total=False):
    """The state of an FAQ graph. The documents are stored once, not at every step.

    `n_questions` is what this run was given, if it was; a thread does not remember it for the next run.
    """

    sources: Annotated[list[Source], stored_once()]
    n_questions: Annotated[int, EphemeralValue(int)]
    wanted: int
    questions: list[Question]
    shortage: str
    draft: Draft | None
    faqs: list[Faq]
    failures: list[Outcome]


class QuestionState(TypedDict):
    """What a parallel worker sees: its question, and the documents by reference."""

    task_id: str
    question: str
    sources: list[Source]
