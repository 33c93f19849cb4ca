"""A run as OpenTelemetry spans, sent to a collector: Phoenix, Langfuse, Logfire, Jaeger and others show it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from fanloom.errors import MissingPackage
from fanloom.runlog.span_tree import Span, spans_of

if TYPE_CHECKING:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

# Attributes are those of the GenAI semantic conventions 0.1.0, which build on this schema. There an inference span
# covers all retries, so what is below it has names of ours.
SCHEMA_URL = "https://opentelemetry.io/schemas/1.45.0"
_LONGEST = 4000
_ERROR, _INTERNAL, _CLIENT = 2, 1, 3
_OPERATIONS = {"run": "invoke_workflow", "call": "chat"}


def otlp_request(events: Iterable[dict[str, Any]]) -> ExportTraceServiceRequest:
    """Return the export of a run's events; a span that goes on is left out.

    Raises MissingPackage if `fanloom[otlp]` is not installed.
    """
    try:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    except ImportError:
        raise MissingPackage('OTLP needs its messages; run: pip install "fanloom[otlp]"') from None
    listed = list(events)
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add(schema_url=SCHEMA_URL)
    _set(resource.resource.attributes, {"service.name": "fanloom"})
    scope = resource.scope_spans.add(schema_url=SCHEMA_URL)
    scope.scope.name = "fanloom"
    first = listed[0] if listed else {}
    # Events have a wall clock too; that of the first one places the monotonic one.
    offset = first.get("t", 0) * 1_000_000 - first.get("mono", 0) * 1000
    for span in spans_of(listed):
        if span.end is not None:
            _fill(scope.spans.add(), span, str(first.get("run", "")), first, offset)
    return request


def _fill(made: Any, span: Span, run: str, first: dict[str, Any], offset: int) -> None:
    made.trace_id = sha256(run.encode()).digest()[:16]
    made.span_id = _id(run, span.key)
    made.parent_span_id = _id(run, span.parent) if span.parent else b""
    made.name = span.name
    made.kind = _CLIENT if span.kind == "call" else _INTERNAL
    made.start_time_unix_nano = span.start * 1000 + offset
    made.end_time_unix_nano = (span.end or span.start) * 1000 + offset
    if not span.is_good:
        made.status.code, made.status.message = _ERROR, str(span.facts.get("error") or span.facts.get("outcome"))
    _set(made.attributes, _attributes(span, first))


def _attributes(span: Span, first: dict[str, Any]) -> dict[str, Any]:
    own = {name if "." in name else f"fanloom.{name}": value for name, value in span.facts.items() if value is not None}
    if operation := _OPERATIONS.get(span.kind):
        own["gen_ai.operation.name"] = operation
        own["gen_ai.conversation.id"] = first.get("thread")
    if span.kind == "run":
        own["gen_ai.agent.name"] = first.get("graph")
    return own


def _set(attributes: Any, values: dict[str, Any]) -> None:
    for name, value in values.items():
        if value is None:
            continue
        one = attributes.add(key=name).value
        if isinstance(value, bool):
            one.bool_value = value
        elif isinstance(value, int):
            one.int_value = value
        elif isinstance(value, float):
            one.double_value = value
        else:
            one.string_value = (value if isinstance(value, str) else json.dumps(value))[:_LONGEST]


def _id(run: str, key: str) -> bytes:
    return sha256(f"{run}:{key}".encode()).digest()[:8]
