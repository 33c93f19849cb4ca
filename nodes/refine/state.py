"""What goes into the refining loop, through it and out of it."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypeAlias

from langgraph.channels import EphemeralValue
from pydantic import Field
from typing_extensions import TypedDict

from fanloom import Outcome, RunState, Usage, grown, stored_once
from nodes.text import ProperText

MAX_TASK = 100_000
MAX_CRITERION = 2_000
MAX_CRITERIA = 50
MAX_ROUNDS = 20

Verdict: TypeAlias = Literal["pass", "needs_improvement", "not_evaluated"]


class RefineInput(TypedDict):
    """What to write, and what it has to meet."""

    task: Annotated[ProperText, Field(max_length=MAX_TASK, description="What to write, up to 100,000 characters.")]
    criteria: Annotated[
        list[Annotated[ProperText, Field(max_length=MAX_CRITERION)]],
        Field(min_length=1, max_length=MAX_CRITERIA, description="What the text has to meet, 1 to 50 criteria."),
    ]
    max_rounds: NotRequired[
        Annotated[
            int,
            Field(
                ge=1,
                le=MAX_ROUNDS,
                strict=True,
                description="How many drafts are evaluated at most, 1 to 20.",
                json_schema_extra={"default": 3},
            ),
        ]
    ]


class Judged(TypedDict):
    """What was said of a draft as to one criterion."""

    criterion: str
    met: bool
    feedback: str


class Round(TypedDict):
    """A draft, and how it was judged; without feedback if the evaluator failed (`not_evaluated`)."""

    draft: str
    verdict: Verdict
    feedback: list[Judged]


class RefineOutput(TypedDict):
    """The best draft, whether it passed, how it came about, what failed on the way, and what it cost."""

    result: str
    accepted: bool
    rounds: list[Round]
    failures: list[Outcome]
    usage: Usage


class RefineState(RunState, total=False):
    """The state of the loop. Texts are stored where they are written, not again at every step.

    `max_rounds` is what this run was given, if it was; a thread does not remember it for the next run.
    """

    task: Annotated[str, stored_once()]
    criteria: Annotated[list[str], stored_once()]
    max_rounds: Annotated[int, EphemeralValue(int)]
    rounds_allowed: int
    draft: Annotated[str, stored_once()]
    rounds: Annotated[list[Round], grown()]
    result: str
    accepted: bool
    failures: list[Outcome]
