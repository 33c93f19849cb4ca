"""Which server `openai:` models are asked at, as the environment says."""

from __future__ import annotations

import os
import re
from ipaddress import ip_address
from urllib.parse import urlsplit

URLS = ("OPENAI_BASE_URL", "OPENAI_API_BASE")
"""The variables that name it; the first that is set counts."""
_OPENAIS = re.compile(r"(^|\.)(openai\.com|azure\.com|azure\.us|azure\.cn)$")
# They hand a schema on to providers of which some hold it in strict mode only.
_STRICT = re.compile(r"(^|\.)openrouter\.ai$")


def base_url() -> str | None:
    """Return the server that the environment names, or None for OpenAI's own."""
    return next((url for name in URLS if (url := os.environ.get(name))), None)


def is_openais(url: str | None) -> bool:
    """Say whether a server is OpenAI's or Azure's own."""
    return bool(_OPENAIS.search(_host(url)))


def needs_key(url: str | None) -> bool:
    """Say whether a server wants a key: one on this machine or in the local network usually wants none."""
    host = _host(url)
    try:
        return not ip_address(host).is_private
    except ValueError:
        return "." in host and not host.endswith((".local", ".internal", ".localhost", ".lan"))


def is_strict(url: str | None) -> bool:
    """Say whether a server holds a schema in strict mode only; one on this machine holds it in any."""
    return is_openais(url) or bool(_STRICT.search(_host(url)))


def _host(url: str | None) -> str:
    return (urlsplit(url).hostname or "") if url else "api.openai.com"
