"""Texts without what JSON can say and no database keeps: NUL, and halves of characters."""

from __future__ import annotations

import re
from typing import Any

_NO_CHARACTER = re.compile("[\x00\ud800-\udfff]")


def whole(text: str) -> str:
    """Return a text without NUL, whose two halves of a character are one; a half alone becomes U+FFFD."""
    if not _NO_CHARACTER.search(text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\x00", "")


def whole_texts(data: Any) -> Any:
    """Return JSON-plain data whose texts are all `whole`."""
    if isinstance(data, str):
        return whole(data)
    if isinstance(data, list):
        return [whole_texts(item) for item in data]
    return {whole(name): whole_texts(item) for name, item in data.items()} if isinstance(data, dict) else data
