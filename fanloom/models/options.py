"""Sampling and length, by one name each for all providers."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class ModelOptions(BaseModel):
    """How a model samples, and how much it may write; what is left out is the provider's default."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, title="Model options")

    temperature: float | None = Field(
        None, ge=0, le=2, title="Temperature", description="0 picks the likeliest word each time."
    )
    top_p: float | None = Field(
        None,
        gt=0,
        le=1,
        title="Top p",
        description="Words are drawn from those that make up so much of the likelihood.",
    )
    seed: int | None = Field(
        None, ge=-(2**31), lt=2**31, title="Seed", description="The same seed draws alike, where the provider has one."
    )
    max_tokens: int | None = Field(
        None,
        ge=1,
        title="Answer's length",
        description="Tokens an answer may have; one that is cut off there is asked for again with twice as many.",
    )

    def given(self) -> dict[str, Any]:
        """Return what is set, by name."""
        return self.model_dump(exclude_none=True)

    def over(self, general: ModelOptions | None) -> ModelOptions:
        """Return these options, and for what they leave out those of `general`."""
        return ModelOptions(**{**(general.given() if general else {}), **self.given()})


NO_OPTIONS = ModelOptions()
"""What leaves all to the provider."""
