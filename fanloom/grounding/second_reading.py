"""Whether a text says what others say, by rule: the offline model's second reader. It sees words, not meaning."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from fanloom.grounding.lexical import sentences, stems, support

_ENOUGH = 0.75
_SHORT = 6  # words that mean something
_NOT = re.compile(
    r"\b(?:not|no|never|nobody|none|nothing|neither|nor|without|cannot|false|untrue|refused?|rejected|declined|denied|"
    r"failed|unable|opposite|contrary|instead|except|ignore|disregard)\b|n't\b",
    re.IGNORECASE,
)
_COURTESY = re.compile(
    r"\b(?:hello|hi|dear|thanks?|thank you|sorry|apolog\w+|regards|wishes|sincerely|welcome|hope|happy|glad|appreciate|"
    r"understand\w*|questions?|here (?:is|are)|about|regarding|support team)\b",
    re.IGNORECASE,
)
# What no courtesy says of itself: that something was or is done, and how much.
_EFFECT = re.compile(
    r"\b(?:refund|paid|pay|sent|send|deliver|credit|approv|cancel|accept|replac|ship|confirm|grant|resolv|clos|free\b|"
    r"voucher|discount|gift|won\b|owe)\w*|\w*\d\w*",
    re.IGNORECASE,
)
_PROMISE = re.compile(r"\b(?:will|shall|promise\w*|guarantee\w*|soon|tomorrow|going to|'ll)\b", re.IGNORECASE)


def read_again(text: str, documents: Sequence[str]) -> dict[str, Any]:
    """Return the verdict on a text: `contradicted` if a sentence turns one around, `not_stated` if none has it."""
    verdicts = [(_verdict(sentence, documents), sentence) for sentence in sentences(text)]
    for worst in ("contradicted", "not_stated"):
        found = [sentence for verdict, sentence in verdicts if verdict == worst]
        if found:
            return {"verdict": worst, "words": found[0]}
    return {"verdict": "entailed", "words": ""}


def _verdict(sentence: str, documents: Sequence[str]) -> str:
    nearest = _nearest(sentence, documents)
    if support(sentence, documents) < _ENOUGH:
        return "entailed" if _claims_nothing(sentence, documents) else "not_stated"
    if bool(_NOT.search(sentence)) != bool(_NOT.search(nearest)):
        return "contradicted"
    if _PROMISE.search(sentence) and not _PROMISE.search(nearest):
        return "not_stated"
    return "entailed"


def _nearest(sentence: str, documents: Sequence[str]) -> str:
    wanted = stems(sentence)
    told = [one for document in documents for one in sentences(document)]
    return max(told, key=lambda one: len(wanted & stems(one)), default="")


def _claims_nothing(sentence: str, documents: Sequence[str]) -> bool:
    told = frozenset[str]().union(*map(stems, documents))
    if _PROMISE.search(sentence) or not stems(" ".join(_EFFECT.findall(sentence))) <= told:
        return False
    return bool(_COURTESY.search(sentence)) and len(stems(sentence)) <= _SHORT
