"""Whether a prompt's stable part is worth the wait for the call that fills the provider's cache with it."""

from __future__ import annotations

import re

from fanloom.runs.prices import caching_pays

CALLS_THAT_PAY = 4
"""Fewer calls save less than one more call's time is worth."""

# The shortest prefixes that are cached, in tokens: Google's and AWS's guides to caching, and 1,024 as OpenAI's.
_SHORTEST = {
    r"gemini-(2\.5-pro|3)": 4096,
    r"claude-(haiku-4-5|opus-4-[5-9])": 4096,
    r"claude-3-5-haiku": 2048,
}
_SHORTEST_ELSEWHERE = 1024
_CHARACTERS_A_TOKEN = 4


def is_worth_caching(model: str, prefix: str) -> bool:
    """Say whether a model caches such a prefix, and charges less for it then."""
    return len(prefix) >= _CHARACTERS_A_TOKEN * _shortest(model) and caching_pays(model)


def _shortest(model: str) -> int:
    return next((tokens for names, tokens in _SHORTEST.items() if re.search(names, model)), _SHORTEST_ELSEWHERE)
