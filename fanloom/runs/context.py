"""What the caller chooses for a run: `graph.invoke(input, context={...})`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema

from fanloom.errors import InvalidContext, UserError
from fanloom.models import names as spec
from fanloom.models.options import ModelOptions
from fanloom.settings import settings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

Role = Literal["planner", "worker", "synthesizer", "evaluator"]
"""What a step does in its workflow; the context gives each role its model."""
MAX_WIDTH = 1000


def _check_model(value: Any) -> Any:
    if isinstance(value, str):
        spec.parse(value)
        return value.strip()
    if value is None or hasattr(value, "ainvoke"):
        return value
    raise ValueError(f"a model is a name such as 'offline' or 'provider:model', or a chat model, not {value!r}")


if TYPE_CHECKING:
    ModelChoice: TypeAlias = str | BaseChatModel | None
else:
    ModelChoice = Annotated[
        Any,
        AfterValidator(_check_model),
        WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "null"}]}),
    ]


class Context(BaseModel):
    """What the caller chooses for a run. Explicit context beats FANLOOM_* variables beats these defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, title="Context")

    model: ModelChoice = Field(
        None,
        title="Model",
        description="Model for every role: 'offline' or 'provider:model', such as 'google_genai:gemini-2.5-flash'. "
        "Default: FANLOOM_MODEL, else 'offline'.",
    )
    planner_model: ModelChoice = Field(None, title="Planner model", description="Model that plans. Default: model.")
    worker_model: ModelChoice = Field(None, title="Worker model", description="Model that does tasks. Default: model.")
    synthesizer_model: ModelChoice = Field(
        None, title="Synthesizer model", description="Model that writes the final answer. Default: model."
    )
    evaluator_model: ModelChoice = Field(
        None, title="Evaluator model", description="Model that judges drafts. Default: model."
    )
    fallback_model: ModelChoice = Field(
        None,
        title="Fallback model",
        description="Model used when the first stays unavailable or keeps answering badly. "
        "Default: FANLOOM_FALLBACK_MODEL, else none.",
    )
    model_options: ModelOptions | None = Field(
        None,
        title="Model options",
        description="Temperature, top_p, seed and max_tokens for every role. Default: the provider's.",
    )
    planner_options: ModelOptions | None = Field(
        None, title="Planner options", description="Options of the planner's model, over model_options."
    )
    worker_options: ModelOptions | None = Field(
        None, title="Worker options", description="Options of the workers' model, over model_options."
    )
    synthesizer_options: ModelOptions | None = Field(
        None, title="Synthesizer options", description="Options of the synthesizer's model, over model_options."
    )
    evaluator_options: ModelOptions | None = Field(
        None, title="Evaluator options", description="Options of the evaluator's model, over model_options."
    )
    max_concurrency: int = Field(
        32, ge=1, le=MAX_WIDTH, title="Concurrency", description="Model calls in flight in one run."
    )
    timeout_s: float = Field(
        60,
        gt=0,
        le=3600,
        title="Time-out (s)",
        description="Seconds one model call may take, our own queue not counted.",
    )
    max_attempts: int = Field(
        3, ge=1, le=20, title="Attempts", description="Requests one model call may make, all layers together."
    )
    cache_first: bool = Field(
        False,
        title="Fill the cache first",
        description="Make the first call over a shared prompt prefix alone, so that the others read the provider's "
        "prompt cache: slower by one call, cheaper for a wide fan-out over long documents.",
    )
    max_tasks: int = Field(
        50, ge=1, le=100_000, title="Tasks", description="Widest fan-out; what exceeds it is skipped and reported."
    )
    max_model_calls: int | None = Field(
        None,
        ge=0,
        title="Budget: model calls",
        description="Model calls one run may send, answered or not. Default: no limit.",
    )
    max_total_tokens: int | None = Field(
        None, ge=0, title="Budget: tokens", description="Tokens in and out one run may use. Default: no limit."
    )
    max_cost_usd: float | None = Field(
        None, ge=0, title="Budget: cost (USD)", description="What one run may cost. Default: no limit."
    )
    on_failure: Literal["collect", "fail_fast"] = Field(
        "collect",
        title="When a task fails",
        description="'collect' does the other tasks and reports the failure; 'fail_fast' ends the run.",
    )

    on_auth_error: Literal["fallback", "fail"] = Field(
        "fallback",
        title="When a key is refused",
        description="What a call does whose model refuses the credentials or does not exist any more: 'fallback' "
        "asks the fallback model, if there is one; 'fail' ends the call.",
    )

    def __init__(self, **given: Any) -> None:
        """Check the fields. Raises InvalidContext, naming the field."""
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise InvalidContext(_explain(error, type(self))) from None

    @classmethod
    def of(cls, given: Any) -> Self:
        """Make a context from what a run was given: an instance, a mapping, None, or an object with such fields."""
        if isinstance(given, cls):
            return given
        if given is None:
            return cls()
        if isinstance(given, Mapping):
            return cls(**given)
        found = _fields_of(given, cls)
        if not found:
            raise InvalidContext(f"a context is a dict or a {cls.__name__}, not {given!r}")
        return cls(**found)

    @classmethod
    def fitting(cls, given: Any) -> Self:
        """Make a context of what fits of another graph's: the fields of the same names whose values are valid."""
        if isinstance(given, cls):
            return given
        named = given if isinstance(given, Mapping) else _fields_of(given, cls)
        found = {name: named[name] for name in cls.model_fields if name in named}
        return cls(**{name: value for name, value in found.items() if cls._takes(name, value)})

    @classmethod
    def _takes(cls, name: str, value: Any) -> bool:
        try:
            cls(**{name: value})
        except InvalidContext:
            return False
        return True

    def model_for(self, role: Role) -> str | BaseChatModel:
        """Return the model of a role: its own, else `model`, else that of the settings."""
        return getattr(self, f"{role}_model") or self.model or settings().model

    def options_for(self, role: Role) -> ModelOptions:
        """Return the options of a role: its own, and for what they leave out `model_options`."""
        own: ModelOptions | None = getattr(self, f"{role}_options")
        return (own or ModelOptions()).over(self.model_options)

    def fallback(self) -> str | BaseChatModel | None:
        """Return the fallback model, if the context or the settings name one."""
        return self.fallback_model or settings().fallback_model


def _fields_of(given: Any, context: type[Context]) -> dict[str, Any]:
    return {name: getattr(given, name) for name in context.model_fields if hasattr(given, name)}


def _explain(error: ValidationError, context: type[Context]) -> str:
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        whole, _, option = field.rpartition(".")
        if whole:
            return f"context field {whole!r} has no {option!r}; it has {', '.join(ModelOptions.model_fields)}."
        return f"context has no field {field!r}; its fields are {', '.join(context.model_fields)}."
    cause = first.get("ctx", {}).get("error")
    reason = str(cause) if isinstance(cause, UserError) else f"{first['msg']}, not {first['input']!r}."
    return f"context field {field!r}: {reason}"
