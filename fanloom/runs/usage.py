"""What a run has used: counted where a model answers, kept in the state, so that it survives a resume."""

from __future__ import annotations

import math
import threading
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from typing_extensions import TypedDict

from fanloom.models.names import is_local
from fanloom.runs.prices import cost_usd

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage


_CHARACTERS_A_TOKEN = 4
# How LangChain's packages count what a call wrote to the prompt cache: in all, or by how long it stays there.
_CACHE_WRITES = ("cache_creation", "ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")
# No answer has read or written so many; a checkpoint holds no number of more than 64 bits.
_MOST_TOKENS = 10**12


class ModelUsage(TypedDict):
    """What one model was used for; tokens as its provider counts them, cost in US dollars or None if unknown."""

    model_calls: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    """The part of `input_tokens` that the provider read from its prompt cache."""
    cost_usd: float | None


class Usage(ModelUsage):
    """What a run has used, in all, by model and by step."""

    estimated_calls: int
    """Of `model_calls`, those of which the provider counted no tokens: theirs are an estimate, and their cost None."""
    unanswered_calls: int
    """Requests that were sent and got no answer; a provider may charge for them, and nobody knows what."""
    hedged: int
    """Second requests that were sent because the first was slow; the one that lost is among `unanswered_calls`."""
    cache_saved_usd: float
    """What it would have cost more without the providers' prompt caches, as far as prices are known."""
    by_model: dict[str, ModelUsage]
    by_step: dict[str, ModelUsage]
    """By the name of each step."""


def no_usage() -> Usage:
    """Return the usage of a run that has called no model."""
    return {
        **_nothing(),
        "estimated_calls": 0,
        "unanswered_calls": 0,
        "hedged": 0,
        "cache_saved_usd": 0.0,
        "by_model": {},
        "by_step": {},
    }


def add_usage(left: Usage | None, right: Usage | None) -> Usage:
    """Add two usages; a cost that is unknown on either side is unknown in the sum."""
    left, right = left or no_usage(), right or no_usage()
    # A thread of an older version has counted none of those that are asked for with a default.
    return {
        **_add(left, right),
        "estimated_calls": left.get("estimated_calls", 0) + right.get("estimated_calls", 0),
        "unanswered_calls": left.get("unanswered_calls", 0) + right.get("unanswered_calls", 0),
        "hedged": left.get("hedged", 0) + right.get("hedged", 0),
        "cache_saved_usd": left.get("cache_saved_usd", 0.0) + right.get("cache_saved_usd", 0.0),
        "by_model": _merged(left["by_model"], right["by_model"]),
        "by_step": _merged(left.get("by_step", {}), right.get("by_step", {})),
    }


class Tokens(NamedTuple):
    """The tokens of one answer as its provider counts them; `cached` and `written` (to the cache) are part of input."""

    input: int
    output: int
    cached: int
    written: int


def tokens_of(message: AIMessage) -> Tokens:
    """Return what the provider has counted of an answer; what is missing, or no number of tokens, is 0."""
    counted = _counts(message.usage_metadata)
    read, made = _number(counted.get("input_tokens")), _number(counted.get("output_tokens"))
    if not (details := _counts(counted.get("input_token_details"))):
        return Tokens(read, made, 0, 0)
    written = sum(_number(details.get(name)) for name in _CACHE_WRITES)
    return Tokens(read, made, _number(details.get("cache_read")), written)


def _counts(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


def _number(found: Any) -> int:
    return found if type(found) is int and 0 < found <= _MOST_TOKENS else 0


def is_counted(message: AIMessage) -> bool:
    """Say whether the provider has counted the tokens of an answer: those it read, and those it wrote if any."""
    read, made, *_ = tokens_of(message)
    return bool(read and (made or not (message.text or message.tool_calls or message.invalid_tool_calls)))


def usage_of(model: str, message: AIMessage, prompt_tokens: int = 0) -> ModelUsage:
    """Return what one answer of a model used, from the message's usage metadata.

    Where the provider counted nothing, tokens are estimated, those of the prompt by the caller; the cost is None.
    """
    if not is_counted(message):
        return _estimate(model, message, prompt_tokens)
    tokens = tokens_of(message)
    return {
        "model_calls": 1,
        "input_tokens": tokens.input,
        "output_tokens": tokens.output,
        "cached_tokens": tokens.cached,
        "cost_usd": cost_usd(model, *tokens),
    }


def _saved(model: str, used: ModelUsage) -> float:
    if not used["cached_tokens"] or used["cost_usd"] is None:
        return 0.0
    return (cost_usd(model, used["input_tokens"], used["output_tokens"]) or 0.0) - used["cost_usd"]


def _estimate(model: str, message: AIMessage, prompt_tokens: int) -> ModelUsage:
    tokens = tokens_of(message)
    written = sum(len(str(call.get("args"))) for call in (*message.tool_calls, *message.invalid_tool_calls))
    return ModelUsage(
        model_calls=1,
        input_tokens=tokens.input or prompt_tokens,
        output_tokens=tokens.output or -(-(len(message.text) + written) // _CHARACTERS_A_TOKEN),
        cached_tokens=0,
        cost_usd=0.0 if is_local(model) else None,
    )


@dataclass(eq=False)
class Meter:
    """What the model calls of one node have used so far, those of the graphs that it calls among them.

    `attempts` is the most requests that one call has needed, `begun` when the first call could begin, on the clock of
    `time.monotonic`. `above` is the meter of the node that has called this node's graph, if one has.
    """

    above: Meter | None = None
    usage: Usage = field(default_factory=no_usage)
    attempts: int = 0
    begun: float = math.inf

    def record(self, model: str, step: str, used: ModelUsage, *, estimated: bool = False) -> None:
        """Count one answer."""
        self._tell(
            {
                **used,
                "estimated_calls": int(estimated),
                "unanswered_calls": 0,
                "hedged": 0,
                "cache_saved_usd": _saved(model, used),
                "by_model": {model: used},
                "by_step": {step: used},
            }
        )

    def unanswered(self) -> None:
        """Count one request that got no answer."""
        self._tell({**no_usage(), "unanswered_calls": 1})

    def hedged(self) -> None:
        """Count one second request."""
        self._tell({**no_usage(), "hedged": 1})

    def _tell(self, usage: Usage) -> None:
        with _lock:
            for each in self.nested:
                each.add(usage)

    def add(self, usage: Usage) -> None:
        """Count what was used."""
        self.usage = add_usage(self.usage, usage)

    def attempted(self, attempts: int) -> None:
        """Note how many requests a call has made so far."""
        for each in self.nested:
            each.attempts = max(each.attempts, attempts)

    def take_over(self, other: Meter) -> None:
        """Count what another one has counted so far, and from now on all that it counts."""
        with _lock:
            self.add(other.usage)
            self.attempts = max(self.attempts, other.attempts)
            other.above = self

    @property
    def nested(self) -> tuple[Meter, ...]:
        """The meters that count what this one counts: the outermost first, and this one last."""
        return (self,) if self.above is None else (*self.above.nested, self)


# The graphs that a node calls may run in other threads than the node.
_lock = threading.Lock()
METER: ContextVar[Meter | None] = ContextVar("fanloom_meter", default=None)


def meter() -> Meter:
    """Return the meter of the node that is running, or one that nobody reads."""
    return METER.get() or Meter()


def _merged(left: dict[str, ModelUsage], right: dict[str, ModelUsage]) -> dict[str, ModelUsage]:
    both = {name: _add(left[name], right[name]) for name in left if name in right}
    return {**left, **right, **both}


def _nothing() -> ModelUsage:
    return {"model_calls": 0, "input_tokens": 0, "output_tokens": 0, "cached_tokens": 0, "cost_usd": 0.0}


def _add(left: ModelUsage, right: ModelUsage) -> ModelUsage:
    a, b = left["cost_usd"], right["cost_usd"]
    return {
        "model_calls": left["model_calls"] + right["model_calls"],
        "input_tokens": left["input_tokens"] + right["input_tokens"],
        "output_tokens": left["output_tokens"] + right["output_tokens"],
        "cached_tokens": left["cached_tokens"] + right["cached_tokens"],
        "cost_usd": None if a is None or b is None else a + b,
    }
