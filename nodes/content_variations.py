"""What makes an orchestrator write variations of a text: its prompts, and how it writes offline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nodes.orchestrating.facts import about, capital, label, named, phrase
from nodes.orchestrating.steps import shared
from nodes.orchestrating.understudy import Trade
from nodes.orchestrating.voices import PLAIN, VOICES

PLAN = shared("content_variations/plan")
WORK = shared("content_variations/work")
COMBINE = shared("content_variations/combine")

_READERS = ("audience", "reader", "customer", "persona", "for_whom")
_FEATURES = ("feature", "benefit", "highlight", "selling_point", "advantage")
# What tells the writer how to write is nothing to tell the readers.
_DIRECTIONS = frozenset(
    {"avoid", "characters", "dont", "format", "keyword", "keywords", "language", "length", "style", "tone", "voice"}
    | {"word", "words"}
)


def write_variation(subject: str, style: str, guidelines: str, context: Mapping[str, Any]) -> str:
    """Write about a subject in the voice of a style, with every fact that is known; what tells how to write is none."""
    voice = VOICES.get(style.lower(), PLAIN)
    facts = {name: value for name, value in context.items() if value is not None and not _is_direction(name)}
    readers, features = about(facts, _READERS), about(facts, _FEATURES)
    others = [name for name in facts if name not in {*readers, *features}]
    details = "; ".join(named(name, facts[name]) for name in others)
    unknown_style = "" if style.lower() in VOICES else f"{capital(style)}: "
    sentences = [
        unknown_style + _said(voice.opening, subject),
        *[_said(voice.readers, phrase(value)) for value in readers.values()],
        *[_said(voice.features, phrase(value)) for value in features.values()],
        _said(voice.details, details) if details else "",
        voice.closing,
    ]
    return " ".join(filter(None, sentences))


def _is_direction(name: str) -> bool:
    return not _DIRECTIONS.isdisjoint(label(name).lower().split())


def _said(sentence: str, thing: str) -> str:
    return sentence.format(thing, capital(thing))


UNDERSTUDIES = Trade(
    kinds={style: voice.guidelines for style, voice in VOICES.items()},
    usual=("formal", "conversational", "concise"),
    introduction="{count} of a text about {subject}: {kinds}.",
    noun="variation",
    write=write_variation,
).understudies()
