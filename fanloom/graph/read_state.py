"""A task's view of its graph's state that knows what was read of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

_NOTHING = object()


class ReadState(dict[str, Any]):
    """The channels of a graph, with a task's own fields over them; notes the channels that are read."""

    def __init__(self, values: Mapping[str, Any], own: Mapping[str, Any], channels: Collection[str]) -> None:
        super().__init__({**values, **own})
        self.channels = frozenset(channels) - own.keys()
        self._read: set[str] = set()

    def brought_up_to(self, values: Mapping[str, Any]) -> bool:
        """Take what the channels hold by now; return False if one has changed that was read already."""
        now = {name: values[name] for name in self.channels & values.keys()}
        if any(dict.get(self, name, _NOTHING) != now.get(name, _NOTHING) for name in self._read & self.channels):
            return False
        for name in self.channels:
            dict.pop(self, name, None)
        dict.update(self, now)
        return True

    def __getitem__(self, name: str) -> Any:
        self._read.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self._read.add(name)
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self._read.add(str(name))
        return super().__contains__(name)

    def __iter__(self) -> Iterator[str]:
        self._read |= self.channels
        return super().__iter__()

    def keys(self) -> Any:
        self._read |= self.channels
        return super().keys()

    def items(self) -> Any:
        self._read |= self.channels
        return super().items()

    def values(self) -> Any:
        self._read |= self.channels
        return super().values()

    def copy(self) -> dict[str, Any]:
        self._read |= self.channels
        return super().copy()
