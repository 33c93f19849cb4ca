"""The clients for outputs that a run has narrowed: the last that it has used, which go with the run."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from fanloom.gateway.model_client import ModelClient

MOST_REMEMBERED = 128


class NarrowedClients:
    """Clients by what they were asked for; those that were not used for longest are forgotten first."""

    def __init__(self) -> None:
        self._clients: OrderedDict[Any, list[ModelClient]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._clients)

    def get(self, key: Any, make: Callable[[], list[ModelClient]]) -> list[ModelClient]:
        """Return the clients under a key, made where they are not among the last that were used."""
        with self._lock:
            if key in self._clients:
                self._clients.move_to_end(key)
                return self._clients[key]
        made = make()
        with self._lock:
            self._clients[key] = made
            while len(self._clients) > MOST_REMEMBERED:
                self._clients.popitem(last=False)
        return made
