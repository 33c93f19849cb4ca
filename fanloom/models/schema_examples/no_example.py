"""What is raised where a schema has no example."""

from __future__ import annotations


class NoExample(ValueError):
    """A schema has no instance, or none that its keywords lead to."""
