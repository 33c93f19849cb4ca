"""What the machine provides: the FANLOOM_* variables, read here and nowhere else, when they are needed."""

from __future__ import annotations

import os
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from fanloom.errors import InvalidSettings

PREFIX = "FANLOOM_"


class Settings(BaseModel):
    """The settings of this process; each field is the variable FANLOOM_<FIELD>.

    `max_concurrency` is in model calls in flight per model, `rpm` in requests and `tpm` in tokens per minute and model.
    """

    model: str = "offline"
    fallback_model: str | None = None
    max_concurrency: int = Field(64, ge=1, le=1000)
    rpm: int | None = Field(None, ge=1)
    tpm: int | None = Field(None, ge=1)
    database_url: str = "sqlite+aiosqlite:///.fanloom/support.db"
    checkpoint_url: str = "sqlite:///.fanloom/checkpoints.db"


def settings() -> Settings:
    """Read the settings from the environment; a variable that is empty counts as not set.

    Raises InvalidSettings, naming the variable.
    """
    given = {name: os.environ.get(PREFIX + name.upper()) for name in Settings.model_fields}
    try:
        return Settings.model_validate({name: value for name, value in given.items() if value})
    except ValidationError as error:
        raise InvalidSettings(_explain(error.errors()[0])) from None


def _explain(error: Any) -> str:
    variable = PREFIX + str(error["loc"][0]).upper()
    return f"{variable}={error['input']!r}: {error['msg']}. Correct or unset the variable."
