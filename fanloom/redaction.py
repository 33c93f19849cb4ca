"""No secret reaches a log, a trace or an error."""

from __future__ import annotations

import os
import re

_SECRET_NAMES = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL")
_SHORTEST = 8
_USER_IN_URL = re.compile(r"(\w+://)[^\s/@]+@")


def redact(text: str) -> str:
    """Take the values of secret environment variables, and the user part of URLs, out of a text."""
    for name, value in os.environ.items():
        if len(value) >= _SHORTEST and _SECRET_NAMES.search(name):
            text = text.replace(value, "***")
    return _USER_IN_URL.sub(r"\1***@", text)
