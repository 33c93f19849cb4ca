"""The model calls of the support desk."""

from __future__ import annotations

from pydantic import Field

from fanloom import LLMStep, OutputModel, Prompt
from nodes.support_desk.tasks import Plan
from prompts import path


class Part(OutputModel):
    """What the reply says about one point."""

    id: str = Field(description="The id of the point.")
    text: str = Field(description="All of `happened` word for word, and at most one short friendly sentence.")


class Reply(OutputModel):
    """The reply to the customer."""

    greeting: str = Field(description="A friendly greeting, one or two sentences.")
    parts: list[Part] = Field(description="One part for each point, in the order of the points.")
    closing: str = Field(description="A polite closing.")


def _about_the_message(step: str) -> Prompt:
    return Prompt(_file("message"), _file(step), system=_file("system"))


def _file(name: str) -> str:
    return str(path(f"support_desk/{name}.md"))


PLAN_TASKS = LLMStep(
    "plan_tasks",
    prompt=_about_the_message("plan_tasks"),
    output=Plan,
    role="planner",
    understudy="understudies.support_desk:plan_tasks",
)
PLAN_AGAIN = LLMStep(
    "plan_again",
    prompt=_about_the_message("plan_again"),
    output=Plan,
    role="planner",
    understudy="understudies.support_desk:plan_tasks",
)
EXTRACT_CONCERN = LLMStep(
    "extract_concern",
    prompt=_about_the_message("extract_concern"),
    output=str,
    understudy="understudies.support_desk:extract_concern",
)
WRITE_REPLY = LLMStep(
    "write_reply",
    prompt=Prompt(_file("write_reply"), system=_file("system")),
    output=Reply,
    role="synthesizer",
    understudy="understudies.support_desk:write_reply",
)
WRITE_REPLY_AGAIN = LLMStep(
    "write_reply_again",
    prompt=Prompt(_file("write_reply_again"), system=_file("system")),
    output=Reply,
    role="synthesizer",
    understudy="understudies.support_desk:write_reply",
)
