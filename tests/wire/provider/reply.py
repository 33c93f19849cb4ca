"""An answer in no provider's dialect: what it says, how it ended, what it cost, how fast it came."""

from dataclasses import dataclass
from typing import Any

from .request import Request
from .schema import smallest


@dataclass(frozen=True)
class Reply:
    """Text or data for the model to say; with neither it says nothing."""

    text: str | None = None
    data: Any = None
    """Structured data: JSON text where the request has a response schema, else a call of the tool."""
    finish: str = "stop"
    """stop, max_tokens, safety, blocked, recitation, malformed_tool, none, or a provider's own word for it."""
    input_tokens: int | None = None
    """All input tokens, cached included; None counts four characters as one token."""
    output_tokens: int | None = None
    """All output tokens, thinking included; None counts four characters as one token."""
    cached_tokens: int = 0
    thinking_tokens: int = 0
    tool: str | None = None
    """Call this tool instead of the one the request forces or offers first."""
    pieces: int = 3
    """How many pieces a streamed answer is cut into."""
    latency: float | None = None
    """Seconds before the first byte; None takes the provider's own latency."""
    pause: float = 0.0
    """Seconds between the frames of a streamed answer."""


@dataclass(frozen=True)
class Usage:
    """The token counts of one call: cached is part of input, thinking is part of output."""

    input: int
    output: int
    cached: int
    thinking: int

    @property
    def total(self) -> int:
        """Return input and output together."""
        return self.input + self.output


def default_reply(request: Request) -> Reply:
    """Answer with the smallest instance of the schema, or with 'ok' where there is none."""
    return Reply(text="ok") if request.schema is None else Reply(data=smallest(request.schema))


def usage(reply: Reply, request: Request, written: str) -> Usage:
    """Count the tokens of a call wherever the reply does not say."""
    read = _tokens(request.text) if reply.input_tokens is None else reply.input_tokens
    wrote = _tokens(written) + reply.thinking_tokens if reply.output_tokens is None else reply.output_tokens
    return Usage(read, wrote, min(reply.cached_tokens, read), min(reply.thinking_tokens, wrote))


def _tokens(text: str) -> int:
    return -(-len(text) // 4)


def pieces(text: str, count: int) -> list[str]:
    """Cut text into at most `count` pieces of about the same length."""
    size = max(1, -(-len(text) // max(1, count)))
    return [text[start : start + size] for start in range(0, len(text), size)]
