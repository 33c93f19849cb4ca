"""The voices that variations of a text have offline: sentences around what is known, which add nothing to it."""

from __future__ import annotations

from typing import NamedTuple


class Voice(NamedTuple):
    """How a style says things: `{0}` is what it is about, `{1}` the same with a capital first letter.

    `opening` is said of the subject, `readers` and `features` of what is known of those, `details` of all other facts
    as `name: value; name: value`; `guidelines` tell a writer what marks the style.
    """

    guidelines: str
    opening: str
    readers: str
    features: str
    details: str
    closing: str = ""


PLAIN = Voice(
    "Inform, plainly and completely.",
    "This is {0}.",
    "It is for {0}.",
    "What it offers: {0}.",
    "Also known: {0}.",
)

VOICES = {
    "formal": Voice(
        "Write exactly and soberly; name the features and what they are good for.",
        "We are pleased to present {0}.",
        "It is intended for {0}.",
        "Its principal features are the following: {0}.",
        "Further particulars: {0}.",
    ),
    "professional": Voice(
        "Write for people at work: factual, confident, to the point.",
        "{1}, in brief.",
        "It serves {0}.",
        "The key points: {0}.",
        "In detail: {0}.",
    ),
    "conversational": Voice(
        "Write as one talks to a friend; address the readers and their daily life.",
        "Let us talk about {0}.",
        "It comes with {0} in mind.",
        "What do you get? {1}.",
        "And before you ask: {0}.",
        "Have a closer look, and see whether it suits you.",
    ),
    "friendly": Voice(
        "Write warmly and simply; address the readers.",
        "Meet {0}.",
        "It is here for {0}.",
        "What there is to like: {0}.",
        "Good to know: {0}.",
        "Come and have a look!",
    ),
    "casual": Voice(
        "Write loosely, in short everyday words.",
        "So, this is {0}.",
        "One for {0}.",
        "What's in it: {0}.",
        "Also: {0}.",
        "That's it, really.",
    ),
    "playful": Voice(
        "Write lightly and with wit, and still say what matters.",
        "Ta-da! Here comes {0}!",
        "Calling {0}: this one is for you!",
        "On the list: {0}. Tick every box!",
        "Psst, there is more: {0}.",
    ),
    "humorous": Voice(
        "Write so that the readers smile, at nobody's expense.",
        "Drum roll, please: {0}!",
        "Is it meant for {0}? It is.",
        "The evidence: {0}.",
        "The small print, in large print: {0}.",
    ),
    "enthusiastic": Voice(
        "Write with energy, in short sentences.",
        "Here it is: {0}!",
        "It is all for {0}!",
        "{1}: all of that!",
        "And there is more: {0}!",
    ),
    "concise": Voice("Say it in as few words as possible.", "{1}.", "For {0}.", "{1}.", "{1}."),
    "minimalist": Voice("Say only what cannot be left out.", "Simply {0}.", "For {0}.", "{1}.", "{1}."),
    "technical": Voice(
        "Write a specification: properties and figures, no persuasion.",
        "This text specifies {0}.",
        "Intended users: {0}.",
        "Features: {0}.",
        "Data: {0}.",
    ),
    "informative": PLAIN,
    "persuasive": Voice(
        "Give the readers reasons, one after the other.",
        "Why {0}?",
        "Because it is for {0}.",
        "Because of what it offers: {0}.",
        "And because of the details: {0}.",
        "Judge for yourself.",
    ),
    "inspirational": Voice(
        "Show the readers what they could do with it.",
        "Picture {0}.",
        "Think of {0}, and of what becomes possible.",
        "Think of what it brings: {0}.",
        "Keep in mind: {0}.",
        "What will you make of it?",
    ),
    "storytelling": Voice(
        "Tell it as a small story with a reader in it.",
        "The story begins with {0}.",
        "Its heroes: {0}.",
        "What they find: {0}.",
        "What else happens to be so: {0}.",
        "How it goes on is up to you.",
    ),
    "luxurious": Voice(
        "Write with care and calm; let the details speak.",
        "May we introduce {0}.",
        "It is dedicated to {0}.",
        "The details speak for themselves: {0}.",
        "Quietly noted: {0}.",
        "Take your time.",
    ),
}
