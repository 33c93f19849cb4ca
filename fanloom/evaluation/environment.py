"""The variables that a data set sets while it is evaluated, so that nothing of the user's is touched."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

from fanloom.errors import UserError

_FOLDER = "{folder}"


@contextmanager
def variables(wanted: Mapping[str, str], kept: Path | None = None) -> Iterator[None]:
    """Set variables for a while; `{folder}` in a value is a new empty folder, which is removed afterwards.

    With `kept` it is that folder, which stays, so that what goes on later finds what was left.

    They go over what is set already: effects of an evaluation must not reach a database that somebody uses.
    """
    before = {name: os.environ.get(name) for name in wanted}
    # What is still open in the folder must not turn a finished evaluation into a failure.
    with _folder(kept) as folder:
        try:
            for name, value in wanted.items():
                _set(name, value.replace(_FOLDER, folder))
            yield
        finally:
            _restore(before)


def _folder(kept: Path | None) -> AbstractContextManager[str]:
    if kept is None:
        return TemporaryDirectory(prefix="fanloom-", ignore_cleanup_errors=True)
    kept.mkdir(parents=True, exist_ok=True)
    return nullcontext(str(kept.resolve()))


def _set(name: str, value: str) -> None:
    try:
        os.environ[name] = value
    except (OSError, ValueError) as error:
        raise UserError(f"the data set's environment: {name!r} cannot be set: {error}. Correct it there.") from None


def _restore(before: Mapping[str, str | None]) -> None:
    for name, value in before.items():
        if value is not None:
            os.environ[name] = value
        elif name in os.environ:
            del os.environ[name]
