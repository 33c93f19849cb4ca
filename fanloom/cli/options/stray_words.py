"""What to write in place of a word on the command line that belongs to no option."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

import click


def stray(word: str, words: Sequence[str], params: Iterable[click.Parameter]) -> str:
    """Say what to write in place of a word, by the options that stand before it."""
    known = {flag: param for param in params if isinstance(param, click.Option) for flag in param.opts}
    before = list(words[: words.index(word)] if word in words else words)
    flags = [number for number, each in enumerate(before) if each in known]
    if not flags:
        return f"{word!r} belongs to no option. Options begin with --: {', '.join(known)}."
    flag, given = before[flags[-1]], before[flags[-1] + 1 :]
    if len(flags) > 1 and flags[-1] == flags[-2] + 1 and _takes_value(known[before[flags[-2]]]):
        return f"{before[flags[-2]]} has no value before {flag}: give it one, or leave it out."
    return f"{word!r} belongs to no option. {_instead(word, flag, given, known[flag])}"


def _instead(word: str, flag: str, given: Sequence[str], option: click.Option) -> str:
    if not (given and _takes_value(option)):
        return f"{flag} takes no value."
    if option.metavar == "NAME=VALUE":
        return f"Write {flag} {given[0].rstrip('=')}={shlex.quote(word.removeprefix('='))}."
    if option.multiple:
        each = " ".join(f"{flag} {shlex.quote(value)}" for value in (*given, word))
        pattern = f", or a pattern in quotes, as in {flag} '*.md'" if "FILE|FOLDER" in (option.metavar or "") else ""
        return f"{flag} takes one value each time: write {each}{pattern}."
    return f"{flag} takes one value: quote it, as in {flag} {shlex.quote(' '.join((*given, word)))}."


def _takes_value(option: click.Option) -> bool:
    return not option.is_flag
