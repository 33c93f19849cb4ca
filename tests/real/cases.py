"""What the graphs are given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.faq_writer import SOURCES
from tests.real import promises

_QUERY = "I have a question about invoice #INV-7890. I would like to return the SuperWidget 5000, it is too loud."
_TOPIC = {"task": "Say what tides are, for a school paper.", "context": {"audience": "pupils"}}
_CODE = {"task": "Document the function add(a, b), which adds two numbers.", "context": {"language": "Python"}}


class Case(NamedTuple):
    """A graph by its id, one input for it, what it promises, and what its context has beside the model."""

    graph: str
    given: Mapping[str, Any]
    promise: promises.Promise
    context: Mapping[str, Any] = {}


_FAQ = {"sources": SOURCES, "n_questions": 2}
_CUSTOMER = {"customer_id": "C-1001"}
_NO_RETURNS = (
    "The Blue Kettle leaks and burned my hand.",
    "Is the Blue Kettle dishwasher safe? And thank you for invoice INV-7890!",
    "I sent the SuperWidget 5000 back last week. Where is my order A-12345?",
)
SHORT = [
    *(Case(graph, _FAQ, promises.faq) for graph in ("faq_one_shot", "faq_chain", "faq_parallel")),
    Case("support_router", {"query": "I was charged twice for my order."}, promises.router),
    Case("support_desk", {"query": _QUERY}, promises.desk, _CUSTOMER),
    Case("content_variations", _TOPIC, promises.orchestrator),
    Case("tech_docs", _CODE, promises.orchestrator),
    Case(
        "refine", {"task": "Say what tides are.", "criteria": ["It is one sentence."], "max_rounds": 2}, promises.refine
    ),
]
LONG = [
    *SHORT,
    *(Case(graph, {**_FAQ, "n_questions": 5}, promises.faq) for graph in ("faq_one_shot", "faq_chain", "faq_parallel")),
    Case("support_router", {"query": "The screen of my lamp stays dark."}, promises.router),
    Case("support_router", {"query": "When do you open?"}, promises.router),
    Case("support_desk", {"query": "Where is my order A-12345?"}, promises.desk, _CUSTOMER),
    Case("support_desk", {"query": "Please call me back. And where is A-99999?"}, promises.desk, _CUSTOMER),
    *(Case("support_desk", {"query": query}, promises.desk_without_return, _CUSTOMER) for query in _NO_RETURNS),
]
