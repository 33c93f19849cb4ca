"""An input of each shipped graph, and the pattern that its runs are tagged with."""

from __future__ import annotations

from typing import Any

_SOURCES = [
    {"title": "Tides", "content": "A tide is the rise of the sea. Tides are caused by the moon. A day has two tides."}
]
INPUTS: dict[str, dict[str, Any]] = {
    "faq_one_shot": {"sources": _SOURCES, "n_questions": 2},
    "faq_chain": {"sources": _SOURCES, "n_questions": 2},
    "faq_parallel": {"sources": _SOURCES, "n_questions": 2},
    "support_router": {"query": "The app crashes when I log in."},
    "support_desk": {"query": "Invoice INV-7890 is too high, and I want to send my keyboard back."},
    "content_variations": {"task": "Write about bicycles", "context": {"audience": "children"}},
    "tech_docs": {"task": "Document the export", "context": {"language": "Python"}},
    "refine": {"task": "Write about bicycles", "criteria": ["mentions wheels"]},
}
PATTERNS = {
    "faq_one_shot": "single-call",
    "faq_chain": "chain",
    "faq_parallel": "parallel",
    "support_router": "router",
    "support_desk": "orchestrator-workers",
    "content_variations": "orchestrator-workers",
    "tech_docs": "orchestrator-workers",
    "refine": "evaluator-optimizer",
}


def context(graph: str, model: str) -> dict[str, Any]:
    """Return a context for a graph."""
    return {"model": model} | ({"customer_id": "C-1001"} if graph == "support_desk" else {})
