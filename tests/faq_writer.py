"""A model that writes FAQs as it is told to: the same for a scripted model and for a provider at the wire."""

from __future__ import annotations

import re
from typing import Any

SOURCES = [
    {"title": "Tides", "content": "Tides are caused by the pull of the moon. Spring tides come at new and full moon."},
    {"title": "R&D <2024>", "content": "Research is the search for new knowledge. It costs 3 percent of sales."},
]


class Writer:
    """A model that does each step of the FAQ as it is told to, by the words that only this step's prompt has."""

    def __init__(self, **steps: Any) -> None:
        self.steps = steps
        self.calls: list[str] = []

    def __call__(self, prompt: str) -> Any:
        step = next(name for name, mark in MARKS.items() if re.search(mark, prompt))
        self.calls.append(step)
        made = self.steps[step] if step in self.steps else DEFAULTS[step]
        return made(prompt) if callable(made) else made


MARKS = {
    "repair": r"could not be used",
    "more": r"Write exactly (\d+) further questions",
    "more_faq": r"Write exactly (\d+) further frequently",
    "generate": r"Write exactly (\d+) questions",
    "write": r"Write a list of exactly (\d+)",
    "again": r"no document has such a title",
    "find": r"was answered from the documents",
    "answer": r"Answer this question",
}


def _count(prompt: str) -> int:
    return int(re.findall(r"exactly (\d+)", prompt)[-1])


def question_in(prompt: str) -> str:
    return re.findall(r"<question>\s*(.*?)\s*</question>", prompt)[-1]


def _faqs(prompt: str, name: str = "Q") -> dict[str, Any]:
    numbers = range(1, _count(prompt) + 1)
    return {
        "faqs": [{"question": f"{name}{n}?", "answer": f"Tides to {name}{n}?", "sources": ["Tides"]} for n in numbers]
    }


DEFAULTS: dict[str, Any] = {
    "generate": lambda prompt: {"questions": [f"Q{n}?" for n in range(1, _count(prompt) + 1)]},
    "more": lambda prompt: {"questions": [f"More {n}?" for n in range(1, _count(prompt) + 1)]},
    "write": _faqs,
    "more_faq": lambda prompt: _faqs(prompt, "More "),
    "answer": lambda prompt: f"Tides to {question_in(prompt)}",
    "find": {"sources": ["Tides"]},
    "again": {"sources": ["Tides"]},
}
