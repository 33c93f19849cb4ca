"""What must not be told: the secrets of this machine, what has the form of a key, and the passwords of URLs."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from fanloom.redaction.key_forms import mask_keys
from fanloom.redaction.url_parts import mask_urls, password_of, without_secrets

_SECRET_NAMES = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL", re.IGNORECASE)
_SHORTEST = 8
_SERVER_KEYS = "FANLOOM_API_KEYS"


def redact(text: str) -> str:
    """Mask the secrets of the environment, what has the form of a key, and the users and secret fields in URLs."""
    return redactor()(text)


def redactor() -> Callable[[str], str]:
    """Return `redact` for many texts, with the secrets that the environment holds now; the same while it holds them."""
    return _redacting(tuple(_secrets()))


@lru_cache(maxsize=1)
def _redacting(secrets: tuple[str, ...]) -> Callable[[str], str]:
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
    known = named.union(_passwords(), _server_keys(os.environ.get(_SERVER_KEYS, "")))
    return sorted((value for value in known if len(value) >= _SHORTEST), key=len, reverse=True)


@lru_cache(maxsize=1)
def _server_keys(given: str) -> tuple[str, ...]:
    """Return the keys in a value of FANLOOM_API_KEYS, JSON or the path of a file of it; read once, as by the server."""
    with suppress(OSError, ValueError, RecursionError):
        text = given if given.lstrip().startswith("{") else Path(given).read_text(encoding="utf-8-sig")
        keys = json.loads(text)
        return tuple(keys) if isinstance(keys, dict) else ()
    return ()


def _passwords() -> Iterator[str]:
    """Find the passwords in the URLs of the environment, which a library's error may tell without their URL."""
    for value in os.environ.values():
        if "://" in value and "@" in value:
            yield from password_of(value)
