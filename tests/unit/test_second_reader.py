"""The second reader: what it is asked, what it may say, and how often the rules of the offline model are right."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from fanloom import Entailment, entailed, grounded
from fanloom.grounding.second_reading import read_again

PAIRS = Path(__file__).parents[2] / "evals" / "second_reader" / "entailment.jsonl"
PATTERNS = Path(__file__).parents[2] / "docs" / "patterns.md"


def test_the_pairs_are_enough_and_the_page_tells_how_many_are_right() -> None:
    pairs = [json.loads(line) for line in PAIRS.read_text(encoding="utf-8").splitlines()]
    assert len(pairs) >= 120
    assert set(Counter(pair["kind"] for pair in pairs)) == {"true", "false", "inverted", "promising"}
    said = [read_again(pair["text"], pair["documents"])["verdict"] == "entailed" for pair in pairs]
    right = sum(yes == (pair["entailed"] == "yes") for yes, pair in zip(said, pairs, strict=True))
    told = f"of {len(pairs)} written pairs in `evals/second_reader/` it judges {100 * right / len(pairs):.1f} % right"
    assert told in PATTERNS.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Thanks for asking about your order A-12345!", "entailed"),
        ("Thank you for your patience.", "entailed"),
        ("Sorry: 500 EUR", "not_stated"),
        ("Happy to refund it!", "not_stated"),
        ("Thanks, about your order: paid!", "not_stated"),
    ],
)
def test_a_courtesy_that_names_an_effect_is_none(text: str, verdict: str) -> None:
    assert read_again(text, ["Order A-12345 is delayed. The carrier is Swift Parcel."])["verdict"] == verdict


async def test_a_blank_text_needs_no_judge() -> None:
    assert await entailed(None, " \n", ["Two a day."]) == Entailment(verdict="entailed")


@pytest.mark.parametrize(
    ("document", "said", "unsaid"),
    [
        ("退货政策商品可在30天内退货。退款需要5天。", "退款要五天。", "香蕉是黄色的。"),
        ("返品は30日以内に可能です。", "30日以内であれば返品できます。", "バナナは黄色い。"),
    ],
)
def test_a_script_without_blanks_is_read_too(document: str, said: str, unsaid: str) -> None:
    assert grounded(said, [document])
    assert not grounded(unsaid, [document])


@pytest.mark.parametrize(
    ("text", "is_grounded"),
    [
        ("Tides are caused by the moon.", True),
        ("Tides? 17 of them.", True),
        ("Bananas are yellow.", False),
        ("Yes.", False),
        ("", False),
    ],
)
def test_what_shares_nothing_with_the_documents_is_not_grounded(text: str, is_grounded: bool) -> None:
    assert grounded(text, ["Tides are caused by the pull of the moon."]) is is_grounded
