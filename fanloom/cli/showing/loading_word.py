"""A word at once on a terminal, while a graph and what it imports are loaded."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def loading(name: str, *, shown: bool = True) -> Iterator[None]:
    """Say on a terminal that something is being loaded, and take it back afterwards."""
    # What cannot move its cursor could not take it back.
    if not (shown and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"):
        yield
        return
    click.echo(f"Loading {name} ...", err=True, nl=False)
    try:
        yield
    finally:
        click.echo("\r\x1b[K", err=True, nl=False, color=True)
