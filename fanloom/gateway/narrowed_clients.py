"""The clients for outputs that a run has narrowed: the last that were used, of all runs together."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from fanloom.gateway.model_client import ModelClient

# What a run keeps outlives it for a while, and its narrowed outputs hold what it knows, such as titles.
_REMEMBERED = 128

_clients: OrderedDict[Any, tuple[object, list[ModelClient]]] = OrderedDict()
_lock = threading.Lock()


def remembered(models: object, key: Any, make: Callable[[], list[ModelClient]]) -> list[ModelClient]:
    """Return the clients of a run's models under a key, made where they are not among the last that were used."""
    own = (id(models), key)
    with _lock:
        if own in _clients:
            _clients.move_to_end(own)
            return _clients[own][1]
    made = make()
    with _lock:
        # With its models, so that their id stays theirs.
        _clients[own] = (models, made)
        while len(_clients) > _REMEMBERED:
            _clients.popitem(last=False)
    return made
