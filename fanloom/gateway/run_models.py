"""The models of one run: made once, at its first call, and asked in the order in which they stand in for each other."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Hashable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from functools import cache, partial
from typing import TYPE_CHECKING, get_args

from fanloom.errors import InvalidContext, ModelRefused, UserError
from fanloom.gateway.model_client import ModelClient, model_client
from fanloom.gateway.narrowed_clients import NarrowedClients
from fanloom.loops.background import in_thread
from fanloom.models.factory import chat_model, model_name, renewed
from fanloom.models.narrowing.narrowed import is_narrowed
from fanloom.runlog.current_log import part
from fanloom.runs.context import Context, Role
from fanloom.runs.current_run import Run
from fanloom.runs.prices import cost_usd

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    Made = tuple[str | BaseChatModel, BaseChatModel]

# In which all calls of a fan-out come that are not held up by others.
_A_MOMENT_S = 0.02


class RunModels:
    """The chat models of a run by role, bound to the outputs that its steps ask for."""

    def __init__(self, run: Run) -> None:
        self._context = run.context
        self._models: dict[str, Made] = {}
        self._clients: dict[tuple[Role, type], list[ModelClient]] = {}
        self._first: dict[Hashable, Future[None]] = {}
        self._come: dict[Hashable, int] = {}
        self.narrowed = NarrowedClients()
        self._lock = threading.Lock()

    @classmethod
    def of(cls, run: Run) -> RunModels:
        """Return the models of a run."""
        return run.keep(cls, cls)

    async def clients(self, role: Role, output: type) -> list[ModelClient]:
        """Return the models that can answer for a role: its own, then the fallback if there is one.

        The models of all roles are made at the first call, in a thread, so that a name, key or package that is missing
        is reported before anything is paid for. Raises UnknownModel, MissingCredentials or MissingPackage.
        """
        models = self._models
        if not models:
            self._models = models = await in_thread(lambda: _made(self._context))
        # Making a schema portable and binding it costs as much as a call; a fan-out asks for the same one every time.
        if is_narrowed(output):
            return self.narrowed.get((role, output), lambda: self._bound(models, role, output))
        if (role, output) not in self._clients:
            self._clients[role, output] = self._bound(models, role, output)
        return self._clients[role, output]

    def _bound(self, models: dict[str, Made], role: Role, output: type) -> list[ModelClient]:
        options = self._context.options_for(role)
        made = [models[name] for name in (role, _fallback(role)) if name in models]
        return [model_client(*each, output, options) for each in made]

    async def renewed(self, refused: ModelClient, version: int, output: type) -> ModelClient | None:
        """Return a client with other credentials than the `version` that was refused; None if there are no others.

        Raises ModelRefused if looking for them fails.
        """
        if (old := refused.named) is None:
            return None
        timeout_s = self._context.timeout_s
        try:
            found = await in_thread(lambda: _renewed(refused, old, version, timeout_s))
        except UserError as error:
            raise ModelRefused(str(error), kind="auth") from None
        if found is None or found is old:
            return refused if found else None
        # The calls that come get their models anew.
        self._models, self._clients, self.narrowed = {}, {}, NarrowedClients()
        return model_client(refused.name, found, output, refused.options)

    @asynccontextmanager
    async def alone_first(self, key: Hashable, least: int = 1) -> AsyncIterator[None]:
        """Let the first call with a key finish before the others begin, if in all so many have come by a moment later.

        The first is sent at once.
        """
        with self._lock:
            is_first = key not in self._first
            finished = self._first.setdefault(key, Future())
            self._come[key] = self._come.get(key, 0) + 1
        if not is_first and least > 1 and not finished.done():
            await asyncio.sleep(_A_MOMENT_S)
        if not is_first and self._come[key] >= least:
            # Shielded: a waiter that is cancelled must not take the others with it.
            with part("wait", reason="alone_first"):
                await asyncio.shield(asyncio.wrap_future(finished))
        try:
            yield
        finally:
            if is_first:
                finished.set_result(None)


def _made(context: Context) -> dict[str, Made]:
    fallback = context.fallback()
    choices: dict[tuple[Role, str], str | BaseChatModel] = {}
    for role in get_args(Role):
        choices[role, role] = context.model_for(role)
        if fallback:
            choices[role, _fallback(role)] = fallback
    for name in {model_name(choice) for choice in choices.values()}:
        _check_price(name, context)
    model = partial(chat_model, timeout_s=context.timeout_s)
    # Most roles have the same one, and looking it up takes as long as a call.
    named = cache(lambda choice, *, options: model(choice, options=options))
    return {
        name: (choice, (named if isinstance(choice, str) else model)(choice, options=context.options_for(role)))
        for (role, name), choice in choices.items()
    }


def _fallback(role: Role) -> str:
    # It is asked with the options of the role for which it stands in.
    return f"fallback of {role}"


def _renewed(refused: ModelClient, old: BaseChatModel, version: int, timeout_s: float) -> BaseChatModel | None:
    return renewed(refused.name, old, version, timeout_s=timeout_s, options=refused.options)


def _check_price(model: str, context: Context) -> None:
    """Raise InvalidContext if a budget of cost cannot be kept."""
    # The price list takes half a second to load, once; here that holds up no loop.
    if cost_usd(model, 0, 0) is None and context.max_cost_usd is not None:
        raise InvalidContext(
            f"context field 'max_cost_usd': the price of {model!r} is not known, so it cannot be "
            "kept; use max_total_tokens or max_model_calls instead."
        )
