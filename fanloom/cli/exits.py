"""How the command line ends: exit codes, and messages that neither spray tracebacks nor print secrets.

0    done
1    the run failed
2    bad usage or input
3    finished with some tasks not done, or waiting for a person
130  stopped by Ctrl-C
141  the reader of our output has left (`| head`)
"""

from __future__ import annotations

import logging
import os
import re
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import click

from fanloom.errors import UserError

FAILED, USAGE, NOT_ALL_DONE, INTERRUPTED, PIPE_CLOSED = 1, 2, 3, 130, 141
MAX_LINES, MAX_CHARS = 8, 2000

_SEQUENCES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
# Control characters but newline and tab, and the marks that turn the direction of text round.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class RunFailed(click.ClickException):
    """The graph failed while it ran."""

    exit_code = FAILED


class Refused(click.ClickException):
    """The caller can mend it."""

    exit_code = USAGE


def clean(text: str) -> str:
    """Return text that cannot drive a terminal: no escape sequences, no control characters but newline and tab."""
    return _CONTROLS.sub("", _SEQUENCES.sub("", text.replace("\r\n", "\n")))


def brief(text: str) -> str:
    """Return a message of a few lines that is fit to be shown."""
    lines = [line for line in _shown(text).splitlines() if line.strip()]
    short = "\n".join(lines[:MAX_LINES])[:MAX_CHARS]
    return short if len(lines) <= MAX_LINES else f"{short}\n..."


def _shown(text: str) -> str:
    # Its many patterns take as long as all else that `fanloom --help` needs of ours.
    from fanloom.redaction import redact

    return clean(redact(text))


@contextmanager
def guard(*, debug: bool) -> Iterator[None]:
    """Turn whatever a command raises into a message and an exit code."""
    try:
        with quiet(debug):
            yield
        sys.stdout.flush()
    except (click.exceptions.Exit, click.UsageError):
        raise
    except KeyboardInterrupt:
        click.echo("Stopped.", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        _leave_pipe()
        raise click.exceptions.Exit(PIPE_CLOSED) from None
    except Exception as error:
        # The end of the line: what no command has explained gets a message and an exit code here, never a traceback.
        if debug:
            click.echo(_shown("".join(traceback.format_exception(error.__cause__ or error))), err=True)
        raise _told(error) from error


def _told(error: Exception) -> click.ClickException:
    if isinstance(error, RunFailed | Refused):
        return type(error)(brief(error.message))
    if isinstance(error, click.ClickException):
        return error
    if isinstance(error, click.Abort):
        return Refused("not confirmed, so nothing was done. Give --yes to be asked nothing.")
    if isinstance(error, UserError):
        return Refused(brief(str(error)))
    return RunFailed(brief(f"{type(error).__name__}: {error}\nRun `fanloom --debug ...` for the traceback."))


def _leave_pipe() -> None:
    # Python flushes stdout once more at exit, which would complain about the closed pipe again.
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def quiet(debug: bool) -> Iterator[None]:
    """Keep the warnings of libraries off the terminal, and show what they log once, unless all of it is wanted."""
    handler = logging.StreamHandler() if debug else _EachOnce()
    logging.getLogger().addHandler(handler)
    try:
        with warnings.catch_warnings():
            if not debug:
                warnings.simplefilter("ignore")
                # LangChain switches its own warnings on again when it is imported.
                warnings.showwarning = lambda *_args, **_kwargs: None
            yield
    finally:
        logging.getLogger().removeHandler(handler)


class _EachOnce(logging.Handler):
    """Shows each kind of logged warning once: one wire that is down must not fill the terminal."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._seen: set[tuple[str, str]] = set()

    def emit(self, record: logging.LogRecord) -> None:
        kind = (record.name, str(record.msg))
        if kind not in self._seen:
            self._seen.add(kind)
            click.echo(brief(f"{record.levelname.capitalize()}: {record.getMessage()}"), err=True)
