"""A logged run as OpenTelemetry spans and as a trace that Perfetto opens."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanloom.runlog.otlp import otlp_request
from fanloom.runlog.perfetto import perfetto_trace
from fanloom.runlog.span_tree import Span, spans_of

MODEL = {"gen_ai.request.model": "m", "gen_ai.provider.name": "p"}
EVENTS: list[dict[str, Any]] = [
    {"type": "run.started", "run": "r1", "graph": "faq", "thread": "t"},
    {"type": "node.started", "id": "n1", "node": "answer", "task": "t1"},
    {"type": "call.started", "id": "c1", "task": "t1", "step": "answer_question"},
    {"type": "wait.started", "id": "w1", "call": "c1", "reason": "run_slot"},
    {"type": "wait.ended", "id": "w1"},
    {"type": "attempt.started", "call": "c1", "n": 1, **MODEL},
    {"type": "attempt.ended", "call": "c1", "n": 1, "outcome": "throttled", "http.response.status_code": 429},
    {"type": "attempt.started", "call": "c1", "n": 2, **MODEL},
    {"type": "attempt.ended", "call": "c1", "n": 2, "outcome": "ok", "gen_ai.usage.input_tokens": 7, "cost_usd": 0.5},
    {"type": "call.ended", "id": "c1", "result": "ok"},
    {"type": "node.ended", "id": "n1"},
    {"type": "outcome", "task_id": "t1", "status": "failed", "error": {"kind": "x"}},
    {"type": "something.new", "id": "?"},
    {"type": "run.ended", "status": "done"},
]


def numbered(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"seq": n, "t": 1_000 + n, "mono": 1000 * n, **event} for n, event in enumerate(events)]


def test_the_spans_hang_together() -> None:
    spans = {span.key: span for span in spans_of(numbered(EVENTS))}
    above = {key: span.parent for key, span in spans.items()}
    assert above == {
        "run": "",
        "node:n1": "run",
        "call:c1": "node:n1",
        "wait:w1": "call:c1",
        "attempt:c1:1": "call:c1",
        "attempt:c1:2": "call:c1",
    }
    assert [span.key for span in spans.values() if not span.is_good] == ["node:n1", "attempt:c1:1"]
    assert all(span.end is not None and span.end >= span.start for span in spans.values())


def test_a_collector_reads_them() -> None:
    request = otlp_request(numbered(EVENTS))
    again = type(request).FromString(request.SerializeToString())
    spans = {span.name: span for span in again.resource_spans[0].scope_spans[0].spans}
    root, call = spans["invoke_workflow faq"], spans["chat answer_question"]
    assert (len(root.trace_id), len(root.span_id), root.parent_span_id) == (16, 8, b"")
    assert {span.trace_id for span in spans.values()} == {root.trace_id}
    assert spans["answer"].parent_span_id == root.span_id
    assert call.parent_span_id == spans["answer"].span_id
    told = {each.key: each.value for each in spans["fanloom.attempt"].attributes}
    assert (told["gen_ai.request.model"].string_value, told["gen_ai.usage.input_tokens"].int_value) == ("m", 7)
    assert told["fanloom.cost_usd"].double_value == 0.5
    named = {each.key: each.value.string_value for each in root.attributes}
    assert (named["gen_ai.agent.name"], named["gen_ai.conversation.id"]) == ("faq", "t")
    assert call.start_time_unix_nano == 1_000_000_000 + 2_000_000


def test_perfetto_has_a_lane_for_each_task() -> None:
    trace = perfetto_trace(numbered(EVENTS))
    assert json.loads(json.dumps(trace)) == trace
    lanes = {each["tid"]: each["args"]["name"] for each in trace["traceEvents"] if each["ph"] == "M"}
    bars = {each["name"]: (lanes[each["tid"]], each["dur"]) for each in trace["traceEvents"] if each["ph"] == "X"}
    assert bars["invoke_workflow faq"] == ("run", 13_000)
    assert bars["chat answer_question"] == ("t1", 7_000)
    assert bars["fanloom.wait run_slot"] == ("t1", 1_000)


@given(st.lists(st.sampled_from(EVENTS), max_size=30))
def test_any_part_of_a_log_can_be_read(events: list[dict[str, Any]]) -> None:
    spans = spans_of(numbered(events))
    keys = {span.key for span in spans}
    assert all(isinstance(span, Span) and span.parent in {*keys, "", "run"} for span in spans)
    perfetto_trace(numbered(events))
    otlp_request(numbered(events))


def test_what_goes_on_is_left_out_of_an_export() -> None:
    begun = otlp_request(numbered(EVENTS[:3]))
    assert not begun.resource_spans[0].scope_spans[0].spans
    assert perfetto_trace(numbered(EVENTS[:3]))["traceEvents"][-1]["dur"] == 0


@pytest.mark.parametrize("value", [None, True, 3, 0.5, "x" * 10_000, ["a"], {"b": 1}])
def test_any_fact_is_an_attribute_or_left_out(value: Any) -> None:
    events = [*EVENTS[:-1], {**EVENTS[-1], "fact": value}]
    (resource,) = otlp_request(numbered(events)).resource_spans
    told = {each.key: each.value for each in resource.scope_spans[0].spans[0].attributes}
    assert ("fanloom.fact" in told) == (value is not None)
    assert value is None or len(told["fanloom.fact"].SerializeToString()) < 5000
