"""A loopback server that speaks the wire protocols of Gemini, Bedrock and OpenAI, well or badly on demand.

with FakeProvider(reply=lambda request: "hello", latency=0.1) as provider:
    provider.enqueue(status(429, hint_seconds=2), truncated_body())
    ...
    assert len(provider.requests) == 3
"""

from .environment import environment, foreign
from .exchange import Answer, Exchange, Fault, Replier
from .faults import hang, reset, stream_cut, stream_error, trickle, truncated_body
from .raw import events, page, raw
from .reply import Reply, default_reply
from .request import Kind, Request
from .schema import smallest
from .server import FakeProvider
from .spoilt import blocked, empty, malformed_tool, max_tokens, prose, recitation, safety, stringified, wrong_shape
from .statuses import after, bad_key, context_overflow, expired_token, no_access, status, unknown_model

__all__ = [
    "Answer",
    "Exchange",
    "FakeProvider",
    "Fault",
    "Kind",
    "Replier",
    "Reply",
    "Request",
    "after",
    "bad_key",
    "blocked",
    "context_overflow",
    "default_reply",
    "empty",
    "environment",
    "events",
    "expired_token",
    "foreign",
    "hang",
    "malformed_tool",
    "max_tokens",
    "no_access",
    "page",
    "prose",
    "raw",
    "recitation",
    "reset",
    "safety",
    "smallest",
    "status",
    "stream_cut",
    "stream_error",
    "stringified",
    "trickle",
    "truncated_body",
    "unknown_model",
    "wrong_shape",
]
