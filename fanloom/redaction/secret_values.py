"""What must not be told: the secrets of this machine, what has the form of a key, and the passwords of URLs."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator

from fanloom.redaction.key_forms import mask_keys
from fanloom.redaction.url_parts import mask_urls, password_of, without_secrets

_SECRET_NAMES = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL", re.IGNORECASE)
_SHORTEST = 8
_sources: list[Callable[[], Iterable[str]]] = []


def add_secrets(source: Callable[[], Iterable[str]]) -> None:
    """Mask from now on what a source gives, too; it is asked each time, and raises nothing."""
    _sources.append(source)


def redact(text: str) -> str:
    """Mask the secrets of the environment, what has the form of a key, and the users and secret fields in URLs."""
    return redactor()(text)


def redactor() -> Callable[[str], str]:
    """Return `redact` for many texts, with the secrets that the environment holds now."""
    secrets = _secrets()

    def redacted(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, "***")
        return mask_keys(mask_urls(text))

    return redacted


def show_url(url: str) -> str:
    """Return what of a URL, or of the fields that name a database, a person may see: where it leads, and no more."""
    return redact(without_secrets(url))


def _secrets() -> list[str]:
    """Return the secret values, the longest first, so that none is masked only in part."""
    named = {value for name, value in os.environ.items() if _SECRET_NAMES.search(name)}
    known = named.union(_passwords(), *(source() for source in _sources))
    return sorted((value for value in known if len(value) >= _SHORTEST), key=len, reverse=True)


def _passwords() -> Iterator[str]:
    """Find the passwords in the URLs of the environment, which a library's error may tell without their URL."""
    for value in os.environ.values():
        if "://" in value and "@" in value:
            yield from password_of(value)
