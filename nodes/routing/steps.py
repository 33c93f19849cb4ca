"""The model calls of the support router. All share the rules; the message comes last."""

from __future__ import annotations

import re
from typing import Any, get_args

from pydantic import Field, field_validator

from fanloom import LLMStep, OutputModel, Prompt
from nodes.routing import replies
from nodes.routing.state import Intent
from nodes.routing.understudy import intent_of
from prompts import path


def _key(label: str) -> str:
    return re.sub(r"[\W_]+", "", label).casefold()


_LABELS = {_key(label): label for label in get_args(Intent)}


class Classification(OutputModel):
    """What the customer's message is about."""

    intent: Intent = Field(description="The one kind of message that fits best, written exactly as it is listed.")

    @field_validator("intent", mode="before")
    @classmethod
    def _as_listed(cls, label: Any) -> Any:
        """Forgive case, spacing and punctuation; another label stays as it is, and is refused."""
        return _LABELS.get(_key(label), label) if isinstance(label, str) else label


def _prompt(step: str) -> Prompt:
    return Prompt(path(f"support_router/{step}.md"), system=path("support_router/system.md"))


CLASSIFY = LLMStep(
    "classify",
    prompt=_prompt("classify"),
    output=Classification,
    role="planner",
    understudy=lambda query: Classification(intent=intent_of(query)),
)
TECHNICAL_SUPPORT = LLMStep(
    "technical_support",
    prompt=_prompt("technical_support"),
    output=str,
    understudy=replies.technical_support,
)
BILLING_INQUIRY = LLMStep(
    "billing_inquiry",
    prompt=_prompt("billing_inquiry"),
    output=str,
    understudy=replies.billing_inquiry,
)
GENERAL_QUESTION = LLMStep(
    "general_question",
    prompt=_prompt("general_question"),
    output=str,
    understudy=replies.general_question,
)
