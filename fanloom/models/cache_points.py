"""Prompt caching: where a provider wants to be told what to cache."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

# The Bedrock models that take cache points, and the shortest prefix any of them caches (1,024 tokens), as the Bedrock
# user guide lists them. Gemini caches prefixes by itself.
_TAKES_CACHE_POINTS = re.compile(r"amazon\.nova-|anthropic\.claude-(3-7|3-5-haiku|3-5-sonnet-20241022|\w+-4)")
_SHORTEST_CHARACTERS = 4 * 1024
_POINT = {"cachePoint": {"type": "default"}}


def takes_cache_points(model: BaseChatModel) -> bool:
    """Say whether a model caches up to a marked point of the prompt."""
    name = getattr(model, "base_model_id", None) or getattr(model, "model_id", None)
    return isinstance(name, str) and bool(_TAKES_CACHE_POINTS.search(name))


def with_cache_point(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """Return the messages with a cache point after the stable blocks of the prompt, if those are long enough."""
    return [_marked(message) for message in messages]


def _marked(message: BaseMessage) -> BaseMessage:
    if not isinstance(message.content, list) or len(message.content) < 2:
        return message
    *stable, varying = message.content
    if sum(len(block["text"]) for block in stable if isinstance(block, dict)) < _SHORTEST_CHARACTERS:
        return message
    content: list[str | dict[str, Any]] = [*stable, _POINT, varying]
    return message.model_copy(update={"content": content})
