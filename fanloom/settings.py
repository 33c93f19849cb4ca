"""What the machine provides: the FANLOOM_* variables, read here and nowhere else, when they are needed."""

from __future__ import annotations

import os
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError
from pydantic_core import PydanticCustomError

from fanloom.errors import InvalidSettings
from fanloom.redaction import is_clear, show_url

_LIMIT_STORES = ("postgresql", "postgres", "redis", "rediss")
_LIMITS_FORM = "limits are shared by postgresql://USER:PASSWORD@HOST:PORT/DATABASE or redis://HOST:PORT/0"
PREFIX = "FANLOOM_"
Hidden = Literal["all", "inputs", "outputs", "pii"]
"""What is kept out of traces."""


def _listed(given: str) -> list[str]:
    return [part.strip() for part in given.split(",") if part.strip()]


def _shared_by(url: str) -> str:
    """Raise where no limits can be shared; what it says must not hold the password."""
    if url.partition("://")[0] not in _LIMIT_STORES or "://" not in url:
        raise PydanticCustomError("limits_url", _LIMITS_FORM)
    if not is_clear(url):
        raise PydanticCustomError("limits_url", "write special characters of the user and the password percent-encoded")
    return url


def _fraction(given: str) -> float:
    # Slow to import, and seldom needed.
    from fractions import Fraction

    try:
        return float(Fraction(given))
    except (ValueError, ZeroDivisionError):
        raise PydanticCustomError("limits_share", "write a fraction of 1, as in 1/3 or 0.25") from None


class Settings(BaseModel):
    """The settings of this process; each field is the variable `FANLOOM_<FIELD>`."""

    home: str = ""
    """The folder in which the relative paths of SQLite files begin. Default: the current one."""
    model: str = "offline"
    """The model of a run whose context names none."""
    fallback_model: str | None = None
    """The fallback model of a run whose context names none."""
    max_concurrency: int = Field(64, ge=1, le=1000)
    """Model calls in flight in this process, per model."""
    rpm: int | None = Field(None, ge=1)
    """Requests a minute, per model. Default: no limit."""
    tpm: int | None = Field(None, ge=1)
    """Tokens a minute, in and out, per model. Default: no limit."""
    limits_url: Annotated[str | None, AfterValidator(_shared_by)] = None
    """Where processes share those limits: postgresql://... or redis://... Default: each has its own."""
    batch_s3: str | None = None
    """Where Bedrock's batch mode reads and writes, as in s3://BUCKET/PREFIX."""
    batch_role: str | None = None
    """The ARN of the role by which it may."""
    limits_share: Annotated[float | None, BeforeValidator(_fraction)] = Field(None, gt=0, le=1)
    """This process's share of the limits while that store is away, as in 1/3. Default: what it had last."""
    api_keys: str | None = None
    """The keys that our server knows: JSON, or the path of a JSON file."""
    url: str | None = None
    """The LangGraph server that the command line works on."""
    api_key: str | None = None
    """The key by which that server knows the command line."""
    database_url: str = "sqlite+aiosqlite:///.fanloom/support.db"
    """The support desk's database, SQLite or PostgreSQL."""
    checkpoint_url: str = "sqlite:///.fanloom/checkpoints.db"
    """Where threads and long-term memory are kept; see `open_checkpointer` for the forms."""
    trace_redact: Annotated[frozenset[Hidden], BeforeValidator(_listed)] = frozenset()
    """What is kept out of traces, with commas between: `all`, `inputs`, `outputs`, `pii`."""
    run_log: Literal["off", "facts", "all"] | None = None
    """What is written down of runs: nothing, events without contents, or all. Default: all where a thread is kept."""
    run_log_keep: str = "30d,2GB"
    """How long logs are kept and how large they may grow in all; `forever` deletes none."""
    otlp_endpoint: str | None = None
    """Where runs are sent as OpenTelemetry spans when they have ended, as in http://127.0.0.1:4318."""
    cache: bool = False
    """Whether answers of models are kept in `.fanloom/answers.db`, and taken from there: for development."""
    webhooks: bool = False
    """Whether our server calls the webhook of a run; never an address inside a network."""

    @classmethod
    def current(cls) -> Settings:
        """Read the settings from the environment. Raises InvalidSettings, naming the variable."""
        return settings()


def settings() -> Settings:
    """Read the settings from the environment; a variable that is empty counts as not set.

    Raises InvalidSettings, naming the variable.
    """
    given = {name: os.environ.get(PREFIX + name.upper()) for name in Settings.model_fields}
    try:
        return Settings.model_validate({name: value for name, value in given.items() if value})
    except ValidationError as error:
        raise InvalidSettings(_explain(error.errors()[0])) from None


def in_home(path: str) -> str:
    """Return the path of a file or folder, from where FANLOOM_HOME says if it is relative."""
    return path if path == ":memory:" else os.path.join(settings().home, path)


def _explain(error: Any) -> str:
    variable = PREFIX + str(error["loc"][0]).upper()
    given = show_url(str(error["input"])) if error["type"] == "limits_url" else error["input"]
    return f"{variable}={given!r}: {error['msg']}. Correct or unset the variable."
