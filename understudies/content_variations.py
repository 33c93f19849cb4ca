"""Variations of a text, written offline: sentences around what is known, which add nothing to it."""

from understudies.orchestrator.facts import Facts, about, capital, label, phrase
from understudies.orchestrator.trade import Trade
from understudies.prose.english import listed

_READERS = ("audience", "reader", "customer", "persona", "for_whom")
_FEATURES = ("feature", "benefit", "highlight", "selling_point", "advantage")
# What tells the writer how to write is nothing to tell the readers.
_DIRECTIONS = listed("avoid characters dont format keyword keywords language length style tone voice word words")
# What each style says of the subject, of its readers, of its features, and of all else that is known.
VOICES = {
    "formal": ("We are pleased to present {}.", "It is meant for {}.", "Its features: {}.", "Further particulars: {}."),
    "conversational": ("Let us talk about {}.", "It comes with {} in mind.", "You get {}.", "Before you ask: {}."),
    "concise": ("{}.", "For {}.", "{}.", "{}."),
    "friendly": ("Meet {}.", "It is here for {}.", "What there is to like: {}.", "Good to know: {}."),
    "playful": ("Ta-da! Here comes {}!", "Calling {}!", "On the list: {}.", "Psst, there is more: {}."),
    "persuasive": ("Why {}?", "Because it is for {}.", "Because of what it offers: {}.", "Because of this: {}."),
    "technical": ("This text specifies {}.", "Intended users: {}.", "Features: {}.", "Data: {}."),
}
_PLAIN = ("This is {}.", "It is for {}.", "What it offers: {}.", "Also known: {}.")


def write_variation(subject: str, style: str, facts: Facts) -> str:
    """Write about a subject in the voice of a style, with every fact that is known; what tells how to write is none."""
    told = {
        name: value
        for name, value in facts.items()
        if value is not None and _DIRECTIONS.isdisjoint(label(name).lower().split())
    }
    readers, features = about(told, _READERS), about(told, _FEATURES)
    others = [f"{label(name)}: {phrase(told[name])}" for name in told if name not in {*readers, *features}]
    opening, to_readers, of_features, of_others = VOICES.get(style.lower(), _PLAIN)
    sentences = [
        opening.format(subject),
        *[to_readers.format(phrase(value)) for value in readers.values()],
        *[of_features.format(phrase(value)) for value in features.values()],
        *[of_others.format("; ".join(others)) for _ in others[:1]],
    ]
    unknown_style = "" if style.lower() in VOICES else f"{capital(style)}: "
    return unknown_style + " ".join(map(capital, sentences))


_TRADE = Trade(tuple(VOICES), ("formal", "conversational", "concise"), "variation", write_variation)
plan, work, combine = _TRADE.plan, _TRADE.work, _TRADE.combine
