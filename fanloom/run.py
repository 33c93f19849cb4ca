"""What the model calls of one run share: its bounds and its models."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, get_args

from fanloom.context import Context, Role
from fanloom.limits import Slots
from fanloom.loop import on_background
from fanloom.models.factory import chat_model, model_name
from fanloom.models.spec import OFFLINE
from fanloom.models.structured import Send, bound

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage
    from langgraph.runtime import Runtime

# Runs are few and small; a run that this many newer ones have pushed out only gets a new set of slots.
_REMEMBERED_RUNS = 4096

_runs: OrderedDict[Any, Run] = OrderedDict()
_lock = threading.Lock()


class Run:
    """The bounds and the models of one run, whatever the nesting of its graphs."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.slots = Slots(context.max_concurrency)
        self._models: dict[str, BaseChatModel] = {}
        self._senders: dict[tuple[str, type], Send] = {}

    async def model_for(self, role: Role, output: type) -> tuple[str, Send]:
        """Return the name of a role's model, and the coroutine function that asks it for an `output`.

        The models of all roles are made at the first call, in a thread, so that a name, key or package that is missing
        is reported before anything is paid for. Raises UnknownModel, MissingCredentials or MissingPackage.
        """
        if not self._models:
            self._models = await asyncio.to_thread(self._make_models)
        # Making a schema portable and binding it costs as much as a call; a fan-out asks for the same one every time.
        key = (role, output)
        if key not in self._senders:
            self._senders[key] = _sender(self.context.model_for(role), self._models[role], output)
        return model_name(self.context.model_for(role)), self._senders[key]

    def _make_models(self) -> dict[str, BaseChatModel]:
        choices = {role: self.context.model_for(role) for role in get_args(Role)}
        if fallback := self.context.fallback():
            choices["fallback"] = fallback
        return {role: chat_model(choice, timeout_s=self.context.timeout_s) for role, choice in choices.items()}


def _sender(choice: str | BaseChatModel, model: BaseChatModel, output: type) -> Send:
    send = bound(model, output)
    if choice == OFFLINE or not isinstance(choice, str):
        # An instance is its owner's: it stays on the loop on which its owner uses it.
        return send

    async def send_from_background(messages: Sequence[BaseMessage], config: Any) -> AIMessage:
        return await on_background(_awaited(send, messages, config))

    return send_from_background


async def _awaited(send: Send, messages: Sequence[BaseMessage], config: Any) -> AIMessage:
    return await send(messages, config)


def current_run(runtime: Runtime[Any] | None) -> Run:
    """Return the run that a node's runtime belongs to; without a runtime, a run of its own."""
    # LangGraph makes one RunControl a run and hands it down to nested graphs; it cannot be referenced weakly.
    control = runtime.control if runtime else None
    if runtime is None or control is None:
        return Run(Context.of(runtime.context if runtime else None))
    with _lock:
        if control not in _runs:
            _runs[control] = Run(Context.of(runtime.context))
            while len(_runs) > _REMEMBERED_RUNS:
                _runs.popitem(last=False)
        return _runs[control]
