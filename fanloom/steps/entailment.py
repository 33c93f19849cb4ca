"""A second reader: does a text say only what its documents say? The evaluator's model judges."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from fanloom.grounding.second_reading import read_again
from fanloom.models.output_model import OutputModel
from fanloom.steps.prompt import Prompt
from fanloom.steps.step import LLMStep

if TYPE_CHECKING:
    from langgraph.runtime import Runtime


class Entailment(OutputModel):
    """Whether a text says only what its documents say."""

    verdict: Literal["entailed", "contradicted", "not_stated"] = Field(description="What the text is to its documents.")
    words: str = Field("", description="The words of the text that decided it; empty if it is entailed.")


ENTAILED = LLMStep(
    "entailed",
    prompt=Prompt(Path(__file__).with_name("entailment.md")),
    output=Entailment,
    role="evaluator",
    understudy=read_again,
)


async def entailed(runtime: Runtime[Any] | None, text: str, documents: Sequence[str]) -> Entailment:
    """Let the evaluator's model judge whether a text says only what its documents say.

    A blank text says nothing, and is judged without a call. The offline model judges by words alone. Raises as a step
    does; a judge that gives no verdict has approved of nothing.
    """
    if not text.strip():
        return Entailment(verdict="entailed")
    return await ENTAILED.run(runtime, text=text, documents=list(documents))
