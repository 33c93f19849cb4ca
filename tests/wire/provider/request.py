"""A model call as it arrived at the wire, and the log of all of them."""

import threading
import time
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["gemini", "bedrock", "openai"]


@dataclass(eq=False)
class Request:
    """One model call as it arrived at the wire."""

    provider: Kind
    model: str
    path: str
    streaming: bool
    headers: dict[str, str]
    """Names in lower case; keys and signatures are kept, so that tests can look for leaks."""
    body: dict[str, Any]
    system: str = ""
    parts: list[str] = field(default_factory=list)
    """The text blocks of all messages, in order, without the system text."""
    roles: list[str] = field(default_factory=list)
    """The role of each message."""
    schema: dict[str, Any] | None = None
    """The schema the answer must follow: a response schema, or that of the tool the model is forced to use."""
    tool_name: str | None = None
    """The tool the model is forced to use, else the first one it was offered."""
    tools: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The input schema of each tool offered."""
    max_output_tokens: int | None = None
    temperature: float | None = None
    cached_prefixes: list[str] = field(default_factory=list)
    """The text that stands before each Bedrock cachePoint, system text included."""
    started: float = field(default_factory=time.monotonic)
    ended: float | None = None

    @property
    def text(self) -> str:
        """Return the system text and all text blocks, joined by newlines."""
        return "\n".join([self.system, *self.parts] if self.system else self.parts)


class Log:
    """What the provider saw, safe to read from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: list[Request] = []
        self.in_flight = 0
        self.peak = 0

    @property
    def requests(self) -> list[Request]:
        """Return the requests so far, in the order in which they arrived."""
        with self._lock:
            return list(self._requests)

    def begin(self, request: Request) -> None:
        """Record a request that has arrived in full."""
        with self._lock:
            self._requests.append(request)
            self.in_flight += 1
            self.peak = max(self.peak, self.in_flight)

    def end(self, request: Request) -> None:
        """Record that a request was answered or given up."""
        with self._lock:
            request.ended = time.monotonic()
            self.in_flight -= 1

    def clear(self) -> None:
        """Forget the requests; those in flight still count as such."""
        with self._lock:
            self._requests = []
            self.peak = self.in_flight
