# ruff: noqa: RUF001 - the punctuation of many scripts stands here on purpose
"""What can be counted in a draft, and how a modest writer adds one more of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from nodes.refining.pieces import BULLET, Block, bullets_of, headings_of, paragraphs_of, sentences_of
from nodes.refining.topic import Topic, filler, point
from understudies.prose.sentences import listed, stems_of, words_of

LONG_SENTENCE = 25  # words
WARM = listed("welcome glad happy enjoy love warm warmly friend friends together hello hi cheers delighted")
POLITE = listed("please thank thanks kindly appreciate grateful welcome sorry")
LIVELY = listed("great exciting excited love wonderful fantastic brilliant thrilled amazing delighted")
PRAISE = listed("""
    amazing incredible unbeatable revolutionary perfect ultimate best finest greatest wonderful fantastic stunning
    unbelievable awesome
""")
SLANG = listed("hey gonna wanna gotta kinda yeah yep nope cool awesome stuff lol guys ok okay")
READER = listed("you your yours yourself")
CONTRACTION = re.compile(r"n['’]t\b|['’](?:re|ve|ll|m)\b|\b(?:it|that|let|there|here|what|who)['’]s\b", re.IGNORECASE)
ACTS = re.compile(
    r"\W{0,4}(?:get|try|buy|order|shop|call|contact|visit|click|sign up|subscribe|join|start|book|download|learn|"
    r"discover|find out|register|reserve|reply|write to|ask|see|choose|request|apply|donate|schedule|"
    r"explore|follow|take)\b",
    re.IGNORECASE,
)
INVITES = re.compile(
    r"\b(?:contact us|learn more|find out more|sign up|order now|call us|visit us|write to us)\b", re.I
)


class Unit(NamedTuple):
    """Something that can be counted; `sample` writes one more of it, which goes to `place`."""

    name: str
    count: Callable[[str], int]
    sample: Callable[[Topic, int], str]
    place: Block = "anywhere"


def words_in(draft: str) -> list[str]:
    """Return what blanks part and has a letter or digit in it."""
    return [word for word in draft.split() if any(map(str.isalnum, word))]


def _any_of(words: frozenset[str]) -> Callable[[str], int]:
    return lambda draft: sum(word in words for word in words_of(draft))


def _sentences(draft: str) -> int:
    return sum(not BULLET.match(each) or each.rstrip()[-1] in ".!?" for each in sentences_of(draft))


def _questions(draft: str) -> int:
    return sum(sentence.rstrip("\"'”’»)]* ").endswith(("?", "？")) for sentence in sentences_of(draft))


def _calls(draft: str) -> int:
    return sum(bool(ACTS.match(each) or INVITES.search(each)) for each in sentences_of(draft))


def _emojis(draft: str) -> int:
    return sum(ord(character) >= 0x1F300 or 0x2600 <= ord(character) <= 0x27BF for character in draft)


def _contractions(draft: str) -> int:
    return len(CONTRACTION.findall(draft))


def _long_sentences(draft: str) -> int:
    return sum(len(words_in(sentence)) > LONG_SENTENCE for sentence in sentences_of(draft))


WORDS = Unit("Words", lambda draft: len(words_in(draft)), filler)
SENTENCES = Unit("Sentences", _sentences, filler)
CHARACTERS = Unit("Characters", lambda draft: len(draft.strip()), filler)
PARAGRAPHS = Unit("Paragraphs", lambda draft: len(paragraphs_of(draft)), filler, "end")
BULLETS = Unit("List items", lambda draft: len(bullets_of(draft)), point, "list")
HEADINGS = Unit("Headings", lambda draft: len(headings_of(draft)), lambda topic, n: f"# {topic.title}", "start")
QUESTIONS = Unit("Questions", _questions, lambda topic, n: f"What should you know about {topic.subject}?")
CALLS = Unit("Calls to action", _calls, lambda topic, n: f"Find out more about {topic.subject} today.")
EXCLAMATIONS = Unit(
    "Exclamation marks", lambda draft: draft.count("!") + draft.count("！"), lambda topic, n: f"{topic.title}!"
)
EMOJIS = Unit("Emojis", _emojis, lambda topic, n: "\u2728")
CONTRACTIONS = Unit("Contractions", _contractions, lambda topic, n: "That's it.")
ADDRESSES = Unit("Words that address the reader", _any_of(READER), lambda topic, n: "It is written for you.")
WARMTH = Unit("Warm words", _any_of(WARM), lambda topic, n: "We are glad that you are here.")
COURTESY = Unit("Polite words", _any_of(POLITE), lambda topic, n: "Thank you for reading.")
SPIRIT = Unit(
    "Lively words or exclamation marks",
    lambda draft: EXCLAMATIONS.count(draft) + _any_of(LIVELY)(draft),
    lambda topic, n: "It is a great thing to write about!",
)
CASUAL = Unit(
    "Casual marks (contractions, slang, exclamation marks)",
    lambda draft: _contractions(draft) + _any_of(SLANG)(draft) + EXCLAMATIONS.count(draft),
    lambda topic, n: "OK.",
)
HYPE = Unit(
    "Words of praise or exclamation marks",
    lambda draft: EXCLAMATIONS.count(draft) + _any_of(PRAISE)(draft),
    lambda topic, n: "It is the best.",
)
LONG_SENTENCES = Unit(f"Sentences of more than {LONG_SENTENCE} words", _long_sentences, filler)


def phrase(text: str, in_full: str = "") -> Unit:
    """Make the unit of a phrase: how often it stands there in any inflection, or once if its words stand apart."""
    wanted = stems_of(words_of(text))

    def count(draft: str) -> int:
        if not wanted:
            return draft.count(text)
        there = stems_of(words_of(draft))
        framed, part = f" {' '.join(there)} ", f" {' '.join(wanted)} "
        return framed.count(part) or int(set(wanted) <= set(there))

    return Unit(f"Mentions of {text!r}", count, lambda topic, n: f"It also covers {in_full or text}.")


def addressed(criterion: str, words: frozenset[str]) -> Unit:
    """Make the unit of a criterion that no rule can judge: how many of its telling words a draft has."""
    wanted = set(stems_of(sorted(words)))

    def count(draft: str) -> int:
        return len(wanted & set(stems_of(words_of(draft))))

    said = criterion.strip().rstrip(".!?")
    return Unit(f"Words of it ({', '.join(sorted(words))})", count, lambda topic, n: f"Asked for as well: {said}.")
