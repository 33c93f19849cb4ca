"""No secret reaches a log, a trace or an error."""

from __future__ import annotations

import os
import re

_SECRET_NAMES = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL", re.IGNORECASE)
# Of Google, AWS, LangSmith and OpenAI: a key can also come from elsewhere than the environment.
_SECRET_FORMS = re.compile(
    r"AIza[\w-]{30,}|(?:AKIA|ASIA)[A-Z0-9]{16}|lsv2_\w{10,}|sk-[\w-]{16,}|(?<=Bearer )[\w.~+/=-]{8,}"
    r"|(?<=[?&]key=)[^&\s'\"]+"
)
_SHORTEST = 8
_USER_IN_URL = re.compile(r"(\w+://)[^\s/@]+@")


def redact(text: str) -> str:
    """Mask the values of secret environment variables, what has the form of a key, and the users in URLs."""
    for name, value in os.environ.items():
        if len(value) >= _SHORTEST and _SECRET_NAMES.search(name):
            text = text.replace(value, "***")
    return _USER_IN_URL.sub(r"\1***@", _SECRET_FORMS.sub("***", text))
