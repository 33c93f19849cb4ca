"""A text as a reader sees it, whatever signs it is made of."""

from __future__ import annotations

import re
import unicodedata

_INVISIBLE = frozenset({"Cc", "Cf", "Co", "Cn", "Cs"})
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5")


def seen(text: str) -> str:
    """Return a text as a reader sees it: in Unicode's plain forms (NFKC), without invisible signs."""
    plain = unicodedata.normalize("NFKC", "".join(filter(_is_shown, text)))
    lines = (" ".join(line.split()) for line in "".join(filter(_is_shown, plain)).splitlines())
    return "\n".join(lines).strip()


def bare(text: str) -> str:
    """Return a text as a reader sees it without emphasis."""
    return re.sub(r"[*_]", "", seen(text)).strip()


def _is_shown(sign: str) -> bool:
    kept = sign in "\n\t" or unicodedata.category(sign) not in _INVISIBLE
    return kept and sign not in _BLANK and not "\ufe00" <= sign <= "\ufe0f"
