"""Say by rule what a message is about: no model, no key, no network."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from nodes.routing.clauses import read
from nodes.routing.languages import is_english
from nodes.routing.sign import HINT, LIKELY, TOPIC, Side, Sign
from nodes.routing.signs import signs
from nodes.routing.state import Intent

INTENTS: dict[Side, Intent] = {"billing": "Billing Inquiry", "technical": "Technical Support"}
# What is said in passing - when it happened, what led to it - seldom is what the customer wants to have settled.
IN_PASSING = 0.4


class Found(NamedTuple):
    """A sign that was found, and how much it counts where it stands."""

    sign: Sign
    weight: float


def intent_of(query: str) -> Intent:
    """Return the kind of a message: that of the most telling signs, general if there are too few."""
    found = _found(query)
    moods = {each.sign.side for each in found}
    unsettled = "trouble" in moods and "praise" not in moods
    scores = {side: _score(found, side) for side in (*INTENTS, "general")}
    best = max(INTENTS, key=lambda side: scores[side])
    enough = HINT if unsettled else TOPIC if moods & {"praise", "enquiry"} else LIKELY
    return INTENTS[best] if scores[best] >= enough and scores[best] > scores["general"] else "General Question"


def matter_of(query: str, side: Side) -> str:
    """Return what a reply can call the matter, as seen from one side; an empty string if nothing shows it."""
    named = [each for each in _found(query) if each.sign.side == side and each.sign.matter and each.weight >= TOPIC]
    return max(named, key=lambda each: each.weight).sign.matter if named else ""


def words_of(query: str) -> str:
    """Return the words that the rules read; none of a message that they cannot read."""
    return "".join(read(query)) if is_english(query) else ""


def _found(query: str) -> list[Found]:
    """Find each sign at most once, where it counts most: a log of a thousand errors is no louder than one error."""
    if not is_english(query):
        return []
    reading = read(query)
    main, beside = _matches(reading.main), _matches(reading.beside)
    is_only_beside = _loudest(main) < TOPIC
    passing = [Found(sign, sign.weight * (1 if is_only_beside else IN_PASSING)) for sign in beside if sign not in main]
    return [*(Found(sign, sign.weight) for sign in main), *passing]


def _matches(text: str) -> list[Sign]:
    found: list[Sign] = []
    for sign in signs():
        text, times = sign.pattern.subn("|", text)
        if times and sign.side:
            found.append(sign)
    return found


def _loudest(found: Iterable[Sign]) -> float:
    return max((sign.weight for sign in found if sign.side in INTENTS), default=0)


def _score(found: Iterable[Found], side: Side) -> float:
    """Add up the signs of one side; hints together count as one, so that a list of devices is no complaint."""
    mine = [each for each in found if each.sign.side == side]
    hints = [each.weight for each in mine if each.sign.weight < TOPIC]
    return sum(each.weight for each in mine if each.sign.weight >= TOPIC) + max(hints, default=0)
