"""A person decides about a return, while the run waits."""

from __future__ import annotations

import re
from typing import Any, Literal

from langgraph.runtime import Runtime
from langgraph.types import interrupt
from pydantic import BaseModel, Field, ValidationError, model_validator
from sqlalchemy.ext.asyncio import AsyncSession

from fanloom import Declined, RunError, effect_key
from nodes.support_desk.results import Purchase
from nodes.support_desk.store import database
from nodes.support_desk.words import WORDS

_MOST_QUESTIONS = 5
_YES, _NO = (re.compile(WORDS[name]) for name in ("yes", "no"))


class Approval(BaseModel):
    """Whether the return is accepted."""

    decision: Literal["approve", "decline"] = Field(description="Whether the product may come back.")
    reason: str = Field("", max_length=1_000, description="Why not; the customer reads it.")

    @model_validator(mode="before")
    @classmethod
    def _plain_answer(cls, answer: Any) -> Any:
        """Take a bare yes or no for an answer too."""
        said = str(answer).strip().casefold() if isinstance(answer, str | bool) else ""
        if _YES.fullmatch(said) or _NO.fullmatch(said):
            return {"decision": "approve" if _YES.fullmatch(said) else "decline"}
        return answer


async def approve(runtime: Runtime[Any], purchase: Purchase, customer_id: str, reason: str) -> None:
    """Wait until a person approves a return. Raises Declined with the person's reason.

    Where several people answer, at once or one after the other, the first answer counts for all of them.
    """
    answer = ask(purchase, customer_id, reason).model_dump()

    async def note(_session: AsyncSession) -> dict[str, str]:
        return answer

    decided = await database().once(await effect_key(runtime, "decision"), note)
    if decided["decision"] == "decline":
        raise Declined(decided["reason"].strip())


def ask(purchase: Purchase, customer_id: str, reason: str) -> Approval:
    """Return a person's answer; one of another form is asked for again."""
    question: dict[str, Any] = {
        "question": f"May {customer_id} return {purchase['product_name']} "
        f"({purchase['price']:.2f} {purchase['currency']})?",
        "customer_id": customer_id,
        "product_name": purchase["product_name"],
        "order_id": purchase["order_id"],
        "price": purchase["price"],
        "currency": purchase["currency"],
        "reason_for_return": reason,
    }
    for _ in range(_MOST_QUESTIONS):
        answer = interrupt(question, response_schema=Approval.model_json_schema())
        try:
            return Approval.model_validate(answer)
        except ValidationError:
            question = {**question, "problem": 'the answer must be {"decision": "approve" or "decline", "reason": ...}'}
    raise RunError("nobody gave an answer that can be used about this return", kind="no_decision", retryable=True)
