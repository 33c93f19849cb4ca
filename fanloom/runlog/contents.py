"""Contents of a log: each text once, by its hash, with secrets masked before anything is kept."""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from fanloom.runlog.recorder import Content

# The documents of a fan-out stand in every one of its prompts; each is masked and hashed once while it is remembered.
_REMEMBERED = 2048
_LONGEST_HASH = 32


# Below it, deflating takes time and saves nothing.
_SHORT = 500
_PLAIN, _DEFLATED = b"p", b"z"


def packed(text: str) -> bytes:
    """Return a text as it is stored: UTF-8, deflated unless it is short, after a sign that says which."""
    body = text.encode("utf-8", "surrogatepass")
    return _PLAIN + body if len(body) < _SHORT else _DEFLATED + zlib.compress(body, 1)


def unpacked(body: bytes) -> str:
    """Return the text of a stored body."""
    plain = body[1:] if body[:1] == _PLAIN else zlib.decompress(body[1:])
    return plain.decode("utf-8", "surrogatepass")


class Contents:
    """Turns the contents of events into hashes, and gives the bodies that are new; used by the writer's thread only."""

    def __init__(self, mask: Callable[[Content], str], *, kept: bool) -> None:
        self._mask, self._kept = mask, kept
        self._known: OrderedDict[tuple[str, int, int], str] = OrderedDict()
        self.new: dict[str, bytes] = {}
        """The bodies by hash that have not been stored yet."""

    def named(self, run: str, contents: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a run's event names its contents: by their hashes, or not at all where none are kept."""
        return {name: self._named(run, value) for name, value in contents.items()} if self._kept else {}

    def forget(self) -> None:
        """Take nothing for stored."""
        self._known.clear()

    def _named(self, run: str, value: Any) -> Any:
        if isinstance(value, Content):
            return self._hash(run, value)
        if isinstance(value, list):
            return [self._named(run, item) for item in value]
        return {name: self._named(run, item) for name, item in value.items()} if isinstance(value, dict) else value

    def _hash(self, run: str, content: Content) -> str:
        # Not the text itself, which would be held as long as it is remembered; Python hashes a text once.
        key = (run, hash(content), len(content.text))
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        masked = self._mask(content)
        name = sha256(masked.encode("utf-8", "surrogatepass")).hexdigest()[:_LONGEST_HASH]
        self.new[name] = packed(masked)
        self._known[key] = name
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return name
