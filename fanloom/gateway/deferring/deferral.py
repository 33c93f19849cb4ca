"""Who takes the model calls of a block, where they are not sent one by one: jobs of many calls, and their count."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fanloom.gateway.attempt import Attempt
    from fanloom.gateway.model_client import ModelClient


class Deferral(Protocol):
    """Takes the requests that the runs of a block make."""

    def client_for(self, attempt: Attempt) -> ModelClient:
        """Return what is asked in the place of an attempt's client, or that client."""

    def around(self, attempt: Attempt) -> AbstractContextManager[None]:
        """Return what is around an attempt while it waits its turn, is sent and answered."""

    def before_effect(self) -> None:
        """Be told that a node is about to do something to the world; what this raises keeps it from that."""


_DEFERRAL: ContextVar[Deferral | None] = ContextVar("fanloom_deferral", default=None)


@contextmanager
def deferred_to(deferral: Deferral) -> Iterator[None]:
    """Let the model calls of this block be somebody's."""
    token = _DEFERRAL.set(deferral)
    try:
        yield
    finally:
        _DEFERRAL.reset(token)


def current_deferral() -> Deferral | None:
    """Return who takes the calls here, if anybody does."""
    return _DEFERRAL.get()
