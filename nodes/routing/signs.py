"""All signs in the order in which they are read: what one has read, no later one reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from nodes.routing import billing_signs as billing
from nodes.routing import technical_signs as technical
from nodes.routing.other_signs import GENERAL, MOODS, NONE
from nodes.routing.sign import HINT, STRONG, Row, Side, Sign
from nodes.routing.vocabulary import compiled


@cache
def signs() -> tuple[Sign, ...]:
    """Return the signs: the telling ones of both sides before the mere hints of either."""
    return (
        Sign(None, 0, "", compiled(NONE)),
        *_signs("general", GENERAL),
        *_signs("technical", technical.COMPOUND),
        *_signs("billing", billing.COMPOUND),
        *_signs("billing", (row for row in billing.PLAIN if row[0] >= STRONG)),
        *_signs("technical", (row for row in technical.PLAIN if row[0] >= STRONG)),
        *_signs("billing", (row for row in billing.PLAIN if row[0] < STRONG)),
        *_signs("technical", (row for row in technical.PLAIN if row[0] < STRONG)),
        *(Sign(mood, HINT, "", compiled(words)) for mood, words in MOODS),
    )


def _signs(side: Side, rows: Iterable[Row]) -> Iterator[Sign]:
    return (Sign(side, weight, matter, compiled(words)) for weight, matter, words in rows)
