"""A model that plans, writes and combines as it is told to: the same for a scripted model and for a provider."""

from __future__ import annotations

import re
from typing import Any

BOTTLE = {
    "task": "Write a product description for a new eco-friendly water bottle",
    "context": {
        "target_audience": "environmentally conscious millennials",
        "key_features": ["plastic-free", "insulated", "lifetime warranty"],
    },
}
ENDPOINT = {
    "task": "Create documentation for a new REST API endpoint that handles user authentication",
    "context": {
        "api_version": "v2",
        "auth_methods": ["JWT", "OAuth2"],
        "rate_limits": "100 requests per minute",
    },
}
# Prompts of one's own, each with words that no other has.
OWN_PLAN = "PLAN it: $task in at most $max_subtasks."
OWN_WORK = "DO it: $type, $description, $needs."
OWN_COMBINE = "JOIN it: $analysis <all>$parts</all>"


class Writer:
    """A model that does each step as it is told to, by the words that only this step's prompt has."""

    def __init__(self, **steps: Any) -> None:
        self.steps = steps
        self.calls: list[str] = []
        self.prompts: list[str] = []

    def __call__(self, prompt: str) -> Any:
        step = next(name for name, mark in MARKS.items() if re.search(mark, prompt))
        self.calls.append(step)
        self.prompts.append(prompt)
        made = self.steps[step] if step in self.steps else DEFAULTS[step]
        return made(prompt) if callable(made) else made

    def asked(self, step: str) -> list[str]:
        """Return the prompts of a step."""
        return [prompt for name, prompt in zip(self.calls, self.prompts, strict=True) if name == step]


MARKS = {
    "repair": r"could not be used",
    "again": r"cannot be used",
    "plan": r"Divide the task|Divide this technical|PLAN it",
    "combine": r"Put these|JOIN it",
    "work": r"Write one|DO it",
}


def subtask(task_id: str, *needs: str) -> dict[str, Any]:
    """Make a subtask whose type and description name it."""
    return {"id": task_id, "type": f"type {task_id}", "description": f"Write {task_id}.", "depends_on": list(needs)}


def plan(*subtasks: dict[str, Any]) -> dict[str, Any]:
    """Make a plan."""
    return {"analysis": "In parts.", "subtasks": list(subtasks)}


def written_by(prompt: str) -> str:
    """Return the subtask that a worker's prompt is about."""
    return re.findall(r"Write (\w+)\.", prompt)[-1]


def text_of(prompt: str) -> str:
    """Write the part that a worker's prompt asks for."""
    return f"Text of {written_by(prompt)}"


def document(prompt: str) -> dict[str, Any]:
    """Make the document that the parts in a prompt call for."""
    parts = re.findall(r"<id>(.*?)</id>\s*<heading>.*?</heading>\s*<text_?>(.*?)</text_?>", prompt, re.DOTALL)
    sections = [{"id": name, "text": f"Polished: {text.strip()}"} for name, text in parts]
    return {"title": "The title", "introduction": "The beginning.", "sections": sections}


DEFAULTS: dict[str, Any] = {
    "plan": plan(subtask("a"), subtask("b")),
    "work": text_of,
    "combine": document,
    "again": document,
    "repair": plan(subtask("a"), subtask("b")),
}
