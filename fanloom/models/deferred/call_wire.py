"""The wire of one model call that is not sent: it takes the request, and gives an answer that came another way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


class RequestCaptured(Exception):
    """The client has made its request, to which there is no answer yet."""


@dataclass(frozen=True)
class WireAnswer:
    """The body of a provider's answer, and its HTTP status."""

    status: int
    body: bytes


@dataclass
class CallWire:
    """What the client of one call asks for, and what it is answered; without an answer the call ends there.

    `model` is the model's id and `body` the JSON of the request, as they would have gone to the provider.
    """

    answer: WireAnswer | None = None
    model: str = ""
    body: bytes = b""

    def exchange(self, model: str, body: bytes) -> WireAnswer:
        """Take a request and return its answer. Raises RequestCaptured where there is none."""
        self.model, self.body = model, body
        if self.answer is None:
            raise RequestCaptured
        return self.answer


_WIRE: ContextVar[CallWire | None] = ContextVar("fanloom_call_wire", default=None)


@contextmanager
def on_wire(wire: CallWire) -> Iterator[None]:
    """Let the deferred model that is called in this block speak on a wire."""
    token = _WIRE.set(wire)
    try:
        yield
    finally:
        _WIRE.reset(token)


def current_wire() -> CallWire:
    """Return the wire of the call. Raises LookupError where there is none: a deferred model never reaches a network."""
    if (wire := _WIRE.get()) is None:
        raise LookupError("a deferred model is called on a wire only")
    return wire
