"""The clients of a job whose calls are not sent by themselves, made once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from fanloom.gateway.model_client import model_client
from fanloom.gateway.narrowed_clients import NarrowedClients
from fanloom.loops.background import in_thread
from fanloom.loops.once import Once
from fanloom.models.deferred.deferred_models import deferred_model
from fanloom.models.options import ModelOptions
from fanloom.models.structured_output import Send

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from fanloom.gateway.attempt import Attempt

# What a client of its own waits for is the network, and there is none.
_TIMEOUT_S = 60.0


class PostponedClients:
    """Makes requests and reads answers as a model's own client does, bound to the output that is asked for."""

    def __init__(self) -> None:
        self._models: dict[Any, Once[BaseChatModel]] = {}
        self._bound = NarrowedClients()

    async def prepare(self, models: Iterable[tuple[str, ModelOptions]]) -> None:
        """Make the clients of some models. Raises UserError for one that is not to be had."""
        for name, options in models:
            await self._model(name, options)

    async def send(self, attempt: Attempt) -> Send:
        """Return what speaks on a wire as an attempt's own client would to its provider."""
        name, options, output = attempt.client.name, attempt.client.options, attempt.request.output
        model = await self._model(name, options)
        key = (name, tuple(options.given().items()), output)
        (client,) = self._bound.get(key, lambda: [model_client(name, model, output, options)])
        return client.ask

    async def _model(self, name: str, options: ModelOptions) -> BaseChatModel:
        key = (name, tuple(options.given().items()))
        # Building one holds up the loop for half a second.
        made = self._models.setdefault(key, Once(lambda: in_thread(lambda: deferred_model(name, options, _TIMEOUT_S))))
        return await made.value()
