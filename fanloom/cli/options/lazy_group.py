"""Groups of commands: imported, or made, only when they are used; and summed up in whole sentences."""

from __future__ import annotations

import difflib
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping

import click
from click.shell_completion import CompletionItem


class ListedGroup(click.Group, ABC):
    """A group that knows the names and summaries of its commands without loading any of them."""

    noun = "command"

    @abstractmethod
    def summaries(self, ctx: click.Context) -> Mapping[str, str]:
        """Return the summary of each command, by name."""

    @abstractmethod
    def load(self, ctx: click.Context, name: str) -> click.Command:
        """Return the command of that name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        return list(self.summaries(ctx))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return a command, or None where there is none of that name."""
        return self.load(ctx, name) if name in self.summaries(ctx) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that `args` begins with. Raises UsageError, with the nearest name, if there is none."""
        names = self.list_commands(ctx)
        if args[0] not in names and not ctx.resilient_parsing:
            raise click.UsageError(f"No {self.noun} {args[0]!r}. {nearest(args[0], names)}", ctx)
        # To complete a word, click looks into a context that it has closed: what is opened for that is closed here.
        with ctx:
            return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the name of a command, none of which is loaded for it, or an option."""
        known = [CompletionItem(name, help=summary) for name, summary in self.summaries(ctx).items()]
        found = [item for item in known if item.value.startswith(incomplete)]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands into the help."""
        rows = [(name, summary) for name, summary in self.summaries(ctx).items()]
        with formatter.section(f"{self.noun.capitalize()}s"):
            formatter.write_dl(rows)


class SentenceGroup(click.Group):
    """A group whose help has the first sentence of each command whole, where click cuts it off."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands into the help."""
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, self.commands[name].get_short_help_str(sys.maxsize)) for name in self.list_commands(ctx)]
            )


def nearest(name: str, names: Iterable[str]) -> str:
    """Say which of `names` somebody who wrote `name` meant, or which there are."""
    names = list(names)
    found = difflib.get_close_matches(name, names, n=1)
    if found:
        return f"Did you mean {found[0]!r}?"
    return f"There is: {', '.join(names)}." if names else "There is none."
