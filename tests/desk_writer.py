"""A model that works at the support desk as it is told to: the same scripted and for a provider at the wire."""

from __future__ import annotations

import re
from typing import Any

from fanloom.steps.prompt import unescape

EXAMPLE = (
    "Hello, I have a question about invoice #INV-7890, it seems higher than I expected. I would like to return the "
    "'SuperWidget 5000' I bought, because it is not compatible with my system. And please give me an update on order "
    "#A-12345. Thanks!"
)


def bill(number: str | None = "#INV-7890") -> dict[str, Any]:
    return {"type": "BillingInquiry", "invoice_number": number}


def back(product: str | None = "SuperWidget 5000", reason: str | None = "not compatible") -> dict[str, Any]:
    return {"type": "ProductReturn", "product_name": product, "reason_for_return": reason}


def where(order: str | None = "#A-12345") -> dict[str, Any]:
    return {"type": "StatusUpdate", "order_id": order}


def other(summary: str = "Change the address.") -> dict[str, Any]:
    return {"type": "Other", "summary": summary}


def plan(*tasks: dict[str, Any]) -> dict[str, Any]:
    return {"tasks": list(tasks)}


def honest(prompt: str) -> dict[str, Any]:
    """Write the reply that the points in the prompt ask for."""
    points = re.findall(r"<id>(.*?)</id>.*?<happened>\s*(.*?)\s*</happened>", prompt, re.DOTALL)
    parts = [{"id": name, "text": f"Here you are. {unescape(happened)}"} for name, happened in points]
    return {"greeting": "Hello and thank you!", "parts": parts, "closing": "All the best, your support team"}


class Writer:
    """A model that does each step of the desk as it is told to, by the words that only this step's prompt has."""

    def __init__(self, **steps: Any) -> None:
        self.steps = {**DEFAULTS, **steps}
        self.calls: list[str] = []
        self.prompts: list[str] = []

    def __call__(self, prompt: str) -> Any:
        step = next(name for name, mark in MARKS.items() if mark in prompt)
        self.calls.append(step)
        self.prompts.append(prompt)
        made = self.steps[step]
        return made(prompt) if callable(made) else made


MARKS = {
    "repair": "could not be used",
    "plan_again": "Your last list named",
    "plan": "List what the customer wants done",
    "concern": "concern about this invoice?",
    "reply_again": "Your last reply cannot be sent",
    "reply": "Write the reply to a customer",
}

DEFAULTS: dict[str, Any] = {
    "plan": plan(bill(), back(), where()),
    "plan_again": plan(bill(), back(), where()),
    "concern": "It seems higher than I expected.",
    "reply": honest,
    "reply_again": honest,
}
