"""The promises that `make real` looks at: a result that breaks one is seen to."""

from __future__ import annotations

from typing import Any

import pytest

from fanloom.runs.outcome import done
from nodes.support_desk.points import points
from tests.real.promises import Promise, desk, desk_without_return, faq, orchestrator, refine, router

SOURCES = {"sources": [{"title": "Tides", "content": "x"}], "n_questions": 1}
FAQ = {"question": "Why?", "answer": "So.", "sources": ["Tides"]}
FAILED = {"status": "failed", "result": None, "error": {"kind": "not_data", "message": "m", "retryable": False}}
DONE = {"status": "done", "result": {"rma_number": "RMA-12"}, "error": None}
QUERY = {"query": "Where is A-12345?"}
RETURNED = {**DONE, "worker": "ProductReturn"}
ORDER = {"order_id": "A-12345", "order_status": "shipped", "carrier": None, "tracking_number": None}
SENT: Any = {
    "tasks": [{"task_id": "t1", "type": "StatusUpdate", "order_id": "A-12345"}],
    "outcomes": [done("t1", "StatusUpdate", {**ORDER, "expected_delivery": "2026-11-28"})],
}
TOLD = points(SENT["tasks"], SENT["outcomes"])[0]["happened"]
DOCUMENT = {"worker_results": [{"result": "x"}], "final": "x", "failures": []}
LOOP = {"result": "b", "rounds": [{"draft": "a"}, {"draft": "b"}]}

CASES: list[tuple[Promise, Any, Any, set[str]]] = [
    (faq, SOURCES, {"faqs": [FAQ], "failures": []}, set()),
    (faq, SOURCES, {"faqs": [], "failures": [FAILED]}, set()),
    (faq, SOURCES, {"faqs": [], "failures": []}, {"exact n or a reported shortage"}),
    (faq, SOURCES, {"faqs": [FAQ, FAQ], "failures": [FAILED]}, {"exact n or a reported shortage"}),
    (faq, SOURCES, {"faqs": [{**FAQ, "sources": ["Moon"]}], "failures": []}, {"no invented title"}),
    (faq, SOURCES, {"faqs": [{**FAQ, "answer": " "}], "failures": []}, {"no empty answer"}),
    (router, QUERY, {"intent": "Billing Inquiry", "response": "Yes."}, set()),
    (router, QUERY, {"intent": "Sales", "response": ""}, {"a known intent", "no empty answer"}),
    (desk, QUERY, {"response": "A-12345: RMA-12", "outcomes": [DONE, FAILED]}, set()),
    (desk, QUERY, {"response": "A-12345", "outcomes": [DONE]}, {"every effect's id in the reply"}),
    (desk, QUERY, {"response": "RMA-12 and INV-77", "outcomes": [DONE]}, {"no invented identifier"}),
    (desk, QUERY, {"response": "x", "outcomes": [{**FAILED, "error": {"kind": "error"}}]}, {"typed errors"}),
    (desk, QUERY, {"response": "x", "outcomes": [{**FAILED, "status": "lost"}]}, {"typed errors"}),
    (desk, QUERY, {**SENT, "response": f"Hello!\n\n{TOLD}\n\nKind regards"}, set()),
    (desk, QUERY, {**SENT, "response": f"Hello! We refunded you.\n\n{TOLD}"}, {"nothing false in the reply"}),
    (desk_without_return, QUERY, {**SENT, "response": TOLD}, set()),
    (desk_without_return, QUERY, {"response": "RMA-12", "outcomes": [RETURNED]}, {"no return that nobody asked for"}),
    (orchestrator, {}, DOCUMENT, set()),
    (orchestrator, {}, {**DOCUMENT, "final": ""}, {"no empty answer"}),
    (orchestrator, {}, {**DOCUMENT, "worker_results": []}, {"no task disappears"}),
    (refine, {"max_rounds": 2}, LOOP, set()),
    (refine, {"max_rounds": 1}, LOOP, {"bounded rounds"}),
    (refine, {"max_rounds": 2}, {**LOOP, "result": "c"}, {"the result is a draft"}),
]


@pytest.mark.parametrize(("promise", "given", "result", "broken"), CASES)
def test_a_broken_promise_is_seen(promise: Promise, given: Any, result: Any, broken: set[str]) -> None:
    assert {name for name, kept in promise(given, result).items() if not kept} == broken
