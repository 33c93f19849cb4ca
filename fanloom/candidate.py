"""A model that can answer a call: how to ask it, and the bounds on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fanloom.limits import ModelLimits, limits_of
from fanloom.loop import on_background
from fanloom.models.caching import takes_cache_points, with_cache_point
from fanloom.models.factory import model_name
from fanloom.models.spec import OFFLINE
from fanloom.models.structured import Send, bound, kinds_of

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage


@dataclass(frozen=True)
class Candidate:
    """A model that can answer; `limits` is None for the offline model, which needs none.

    `output_limit` is the option that bounds its answers, and `max_output_tokens` the most it can write, if known.
    """

    name: str
    send: Send
    limits: ModelLimits | None
    output_limit: str | None
    max_output_tokens: int | None


def candidate(choice: str | BaseChatModel, model: BaseChatModel, output: type) -> Candidate:
    """Make the candidate for a choice of the context, whose chat model is `model`, asked for `output`."""
    send = bound(model, output)
    if takes_cache_points(model):
        send = _marking(send)
    by_name = isinstance(choice, str)
    if by_name and choice != OFFLINE:
        # An instance is its owner's: it stays on the loop on which its owner uses it.
        send = _in_background(send)
    return Candidate(
        name=model_name(choice),
        send=send,
        limits=None if choice == OFFLINE else limits_of(model_name(choice), None if by_name else model),
        output_limit=_output_limit(model, output),
        max_output_tokens=(model.profile or {}).get("max_output_tokens"),
    )


def _output_limit(model: BaseChatModel, output: type) -> str | None:
    kinds = kinds_of(model)
    if "ChatGoogleGenerativeAI" in kinds:
        return "max_output_tokens"
    # The structured output of other models goes through LangChain's own chain, which takes no options.
    settable = "ChatBedrockConverse" in kinds or output is str
    return "max_tokens" if settable and hasattr(model, "max_tokens") else None


def _marking(send: Send) -> Send:
    async def marked(messages: Sequence[BaseMessage], config: Any, /, **options: Any) -> AIMessage:
        return await send(with_cache_point(messages), config, **options)

    return marked


def _in_background(send: Send) -> Send:
    async def hopping(messages: Sequence[BaseMessage], config: Any, /, **options: Any) -> AIMessage:
        return await on_background(_awaited(send, messages, config, options))

    return hopping


async def _awaited(send: Send, messages: Sequence[BaseMessage], config: Any, options: dict[str, Any]) -> AIMessage:
    return await send(messages, config, **options)
