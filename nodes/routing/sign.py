"""What a sign is: words that show what a message is about, and how loudly they say so."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, TypeAlias

Side: TypeAlias = Literal["technical", "billing", "general"]
Mood: TypeAlias = Literal["trouble", "praise", "enquiry"]
Row: TypeAlias = tuple[float, str, str]
"""How loud, how a reply calls the matter, and the words, in the notation of `nodes.routing.vocabulary.compiled`."""

HINT, LIKELY, TOPIC, STRONG, CLEAR, ASKED = 1, 1.5, 2, 3, 4, 5


class Sign(NamedTuple):
    """A pattern and what it speaks for: a side, a mood, or nothing, if it only keeps others from reading its words."""

    side: Side | Mood | None
    weight: float
    matter: str
    pattern: re.Pattern[str]
