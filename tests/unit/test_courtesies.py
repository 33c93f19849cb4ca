"""What of a text is courtesy, by lists of any language."""

from __future__ import annotations

from typing import Any

import pytest

from fanloom import Courtesies
from prompts import path

ENGLISH = Courtesies.from_file(path("support_desk/courtesies.toml"))
PROMISES = """
On us.
With our apologies, on us.
Please enjoy it on us.
Please mail it to us.
We mail it to you now.
We respond in a bit.
We write to you in a second.
We help with it now.
I ask my colleagues now.
Our team helping with this now.
All great now.
Thank you - on us.
It now yours.
All for your order.
We gladly bring it to you.
Sorry: our mistake.
Please start the return now.
Your loyalty matters: enjoy.
We value it at more.
You asked, we answer.
Through us only.
Now on us.
I checking it now.
We thank you and write to you in a second.
We appreciate it and gladly respond now.
"""
# Written by hand for this test: a few words of another language.
GERMAN: dict[str, Any] = {
    "phrases": "es tut {uns} leid",
    "parts": {"uns": "(?:uns|mir)"},
    "words": "vielen dank für ihre geduld wir hoffen nun zu ihrer das team",
    "marks": "dank hoffen",
    "links": "nun zu ihrer",
    "signers": "das team",
    "things": "bestellung",
    "attitudes": "hoffen danken",
    "adverbs": "sehr",
    "actions": "zahlen",
    "patterns": {
        "subjects": "wir|ich",
        "joints": "und",
        "about": "zu|für",
        "beside": "ihrer|ihre",
        "heads": "nun",
        "received": "dank für die bestellung",
        "wishful": "hoffen",
    },
}


@pytest.mark.parametrize("said", PROMISES.strip().splitlines())
def test_words_of_courtesy_put_together_to_a_promise_are_none(said: str) -> None:
    assert ENGLISH.foreign(said)


def test_the_lists_may_be_of_any_language() -> None:
    german = Courtesies(GERMAN)
    assert german.foreign("Vielen Dank für Ihre Geduld. Es tut uns leid! Nun zu Ihrer Bestellung:\nDas Team") == []
    assert german.foreign("Nun zu Ihrer Bestellung A-1.", names=["A-1"]) == []
    assert german.foreign("Ihre Bestellung ist da. Wir zahlen das.") == [
        "ist",
        "da",
        "zahlen",
        "Bestellung",
        "Ihre Bestellung ist da",
        "Wir zahlen das",
    ]
    assert german.leads_in("Nun zu Ihrer Bestellung:")
    assert not german.leads_in("Wir hoffen:")


@pytest.mark.parametrize(
    ("said", "all_are"),
    [
        ("Thank you for invoice INV-7890.", True),
        ("Many thanks for INV-7890!", True),
        ("INV-7890", False),
        ("", False),
        ("Thank you for INV-7890, it is too high.", False),
        ("About invoice INV-7890", False),
    ],
)
def test_a_text_of_thanks_alone_is_known(said: str, all_are: bool) -> None:
    assert ENGLISH.are_all(said, ["INV-7890"]) == all_are


def test_a_long_text_is_judged_in_no_time() -> None:
    for text in ("we " * 20_000, "thank you for " * 10_000, "on your order and " * 8_000, "- " * 30_000):
        assert isinstance(ENGLISH.foreign(text), list)
