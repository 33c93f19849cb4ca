"""What the caller of an FAQ graph chooses."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from fanloom import Context


class FaqContext(Context):
    """The context of an FAQ graph: how its answers are checked against the documents."""

    check_answers: Literal["rules", "model", "off"] = Field(
        "rules",
        title="Check of the answers",
        description="'rules' reports an answer that shares no words with the documents; 'model' lets the evaluator's "
        "model also judge whether it says only what they say; 'off' takes every answer.",
    )
