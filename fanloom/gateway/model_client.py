"""A model that can answer a call: how to ask it, and the bounds on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fanloom.gateway.bounds.process_limits import ModelLimits, limits_of
from fanloom.gateway.request import Request
from fanloom.loops.background import on_background
from fanloom.models.cache_points import takes_cache_points, with_cache_point
from fanloom.models.factory import live_credentials, model_name
from fanloom.models.names import is_local
from fanloom.models.options import NO_OPTIONS, ModelOptions
from fanloom.models.structured_output import OPENAIS, Send, bound, kinds_of
from fanloom.runs.usage import ModelUsage

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage


def _as_listed(used: ModelUsage) -> ModelUsage:
    return used


@dataclass(frozen=True)
class ModelClient:
    """A model that can answer; `limits` is None for the offline model and for recorded answers, which need none.

    `output_limit` is the option that bounds its answers, `max_output_tokens` the most it can write, if known, and
    `options` are those with which it was made. `has_understudies` says that it is the offline model, by name or as an
    instance; `named` is the chat model itself where Fanloom has made it. `is_deferred` says that an answer may take
    days, and `charged` what is counted of what an answer used by the price list.
    """

    name: str
    ask: Send
    limits: ModelLimits | None
    output_limit: str | None
    max_output_tokens: int | None
    options: ModelOptions = NO_OPTIONS
    has_understudies: bool = False
    named: BaseChatModel | None = None
    is_deferred: bool = False
    charged: Callable[[ModelUsage], ModelUsage] = _as_listed

    @property
    def credentials_version(self) -> int:
        """A number that changes when requests are signed with other credentials than before."""
        return self._credentials.version if self._credentials else 0

    @cached_property
    def _credentials(self) -> Any:
        return live_credentials(self.named) if self.named else None

    async def send(
        self, request: Request[Any], messages: Sequence[BaseMessage], config: Any, options: Mapping[str, Any]
    ) -> AIMessage:
        """Send the messages of a request and return the raw answer; the offline model answers by its understudy."""
        if not self.has_understudies:
            return await self.ask(messages, config, **options)
        from fanloom.models.offline import spoken_by

        with spoken_by(request.understudy):
            return await self.ask(messages, config, **options)


def model_client(
    choice: str | BaseChatModel, model: BaseChatModel, output: type, options: ModelOptions = NO_OPTIONS
) -> ModelClient:
    """Make the client for a choice of the context, whose chat model is `model`, made with `options`, for `output`."""
    send = bound(model, output)
    if takes_cache_points(model):
        send = _marking(send)
    by_name = isinstance(choice, str)
    is_here = isinstance(choice, str) and is_local(choice)
    if by_name and not is_here:
        # An instance is its owner's: it stays on the loop on which its owner uses it.
        send = _in_background(send)
    return ModelClient(
        name=model_name(choice),
        ask=send,
        limits=None if is_here else limits_of(model_name(choice), None if by_name else model),
        output_limit=_output_limit(model, output),
        max_output_tokens=(model.profile or {}).get("max_output_tokens"),
        options=options,
        has_understudies="OfflineChatModel" in kinds_of(model),
        named=model if by_name else None,
    )


def _output_limit(model: BaseChatModel, output: type) -> str | None:
    kinds = kinds_of(model)
    if "ChatGoogleGenerativeAI" in kinds:
        return "max_output_tokens"
    # The structured output of other models goes through LangChain's own chain, which takes no options.
    settable = kinds & {"ChatBedrockConverse", *OPENAIS} or output is str
    return "max_tokens" if settable and hasattr(model, "max_tokens") else None


def _marking(send: Send) -> Send:
    async def marked(messages: Sequence[BaseMessage], config: Any, /, **options: Any) -> AIMessage:
        return await send(with_cache_point(messages), config, **options)

    return marked


def _in_background(send: Send) -> Send:
    async def hopping(messages: Sequence[BaseMessage], config: Any, /, **options: Any) -> AIMessage:
        return await on_background(send(messages, config, **options))

    return hopping
