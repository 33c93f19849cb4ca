"""What a shell completes beside the names of commands and options."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem


def complete_file(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Let the shell complete the name of a file."""
    return [CompletionItem(incomplete, type="file")]
