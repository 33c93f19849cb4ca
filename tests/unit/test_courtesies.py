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
We are happy to give you everything.
We'd like to give you more.
We want to cover everything.
We're glad to cover it.
We're happy to take it for you.
We're happy to take everything.
We'll take it.
We'll take it for you today.
We'll start today.
We'll begin now.
We've got it.
We've got everything for you.
We've got your order.
We've addressed everything.
We have covered everything for you.
We have prepared it for you.
We've put together everything for you.
We've included it for you.
Your request is valid.
Your concern is fair.
Your request is reasonable.
All clear, thank you.
We know you're glad it arrives soon.
We understand that you want it by soon.
We see that you are happy with it, it is as you asked.
It was great to get it, thank you.
We're glad to provide you with it.
We're happy to bring you everything.
We'd love to give it to you.
I'd like to get it for you.
Let's get it for you.
Let me get you more.
We're pleased to provide everything further.
Thank you for the million.
We have your order, thank you.
We hope it reaches you today.
Thanks, everything is great.
This is everything for you, thank you.
Great news, your order is here.
Great news: all yours!
We're excited to share it is yours.
Absolutely, we can help.
You'll find it there, thank you.
We understand you are right.
Sorry, it was a mistake.
We're sorry that it was so unfair.
Here's everything you want.
Here is your money, thank you.
We hope to give you more soon.
Please note that everything is ours.
We ask you for more.
We want you to know that you are right.
It's all taken care of, thanks.
We have noted everything and respond now.
Thank you for sending it.
Thank you for giving it to us.
Thanks for giving it back.
We thank you for the item.
Once we have your number, we will help.
We need your number.
We need one more number.
Thanks, you have won.
We respect your decision to keep it.
We appreciate your decision to return it to us today.
Thanks for choosing to return it.
Please keep in touch with the bank.
Good night and good luck with it.
Thank you for your business: it is over.
Best regards, everyone at the bank.
It is a pity that you are not what we wanted.
We know that you hope it is free.
Stay safe: your account.
Thanks for the nudge, done.
We'd like to talk to you today.
We're committed to give you more.
We are dedicated to get it to you.
Let's turn it around.
We're happy to clear it.
We want to clear it for you.
We'd be happy to clear your bill.
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
    # Without words of effect nothing is left out.
    assert german.courteous("Vielen Dank! Wir zahlen.") == ("Vielen Dank!", ["zahlen", "Wir zahlen"])
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
