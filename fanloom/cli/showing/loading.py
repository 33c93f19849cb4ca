"""A word at once on a terminal, while a graph and what it imports are loaded."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading(name: str) -> Iterator[None]:
    """Say on a terminal that something is being loaded, and take it back afterwards."""
    if not sys.stderr.isatty():
        yield
        return
    print(f"Loading {name} ...", end="", flush=True, file=sys.stderr)
    try:
        yield
    finally:
        print("\r\x1b[K", end="", flush=True, file=sys.stderr)
