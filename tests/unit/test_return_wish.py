"""A return opens only for a customer's own words that ask for it, whatever a weak planner makes of the message."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nodes.support_desk.plan_check import verified
from nodes.support_desk.return_wish import asks_clearly, words_of_wish
from nodes.support_desk.tasks import ProductReturn
from nodes.support_desk.wording import sentences_of

_FILE = Path(__file__).parents[1] / "data" / "return_wishes.jsonl"
MESSAGES = [json.loads(line) for line in _FILE.read_text(encoding="utf-8").splitlines()]
PRODUCT = "Blue Kettle"


def opens(message: str, quote: str | None) -> bool:
    planned = ProductReturn(type="ProductReturn", product_name=PRODUCT, reason_for_return="it leaks", quote=quote)
    ((task,), _) = verified([planned], message)
    assert isinstance(task, ProductReturn)
    return asks_clearly(task.quote or "")


@pytest.mark.parametrize("message", [one["message"] for one in MESSAGES if not one["opens"]])
def test_no_words_that_do_not_ask_open_a_return_whatever_is_quoted_of_them(message: str) -> None:
    spans = [message[slice(*place)] for place in sentences_of(message)]
    assert not any(opens(message, quote) for quote in [None, message, *spans])


def test_those_who_ask_are_heard() -> None:
    asking = [one["message"] for one in MESSAGES if one["opens"]]
    heard = [message for message in asking if opens(message, None) and opens(message, message)]
    assert len(asking) >= 120
    assert len(heard) >= 0.95 * len(asking)


def test_a_wish_is_taken_back_for_its_own_product_only() -> None:
    both = "I want to return the lamp. I want to return the Blue Kettle. I'm keeping the lamp."
    assert words_of_wish(None, PRODUCT, both, ["lamp", PRODUCT]) == "I want to return the Blue Kettle."
    assert words_of_wish(None, "lamp", both, ["lamp", PRODUCT]) is None


def test_long_messages_are_read_in_no_time() -> None:
    for text in ("i would " * 20_000, "return " * 20_000, "if " * 40_000, "the kettle needs " * 10_000, "' " * 40_000):
        assert words_of_wish(None, PRODUCT, text) is None or text.startswith("return")
