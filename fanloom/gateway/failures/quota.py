"""A quota that is spent, told apart from a moment that is too busy: no wait of this call can help."""

from __future__ import annotations

import re

from fanloom.gateway.failures.retry_after import hint_seconds

# A server that asks for a longer wait than this has spent a quota, not a moment: better to say so.
MAX_WAIT_S = 60.0
# How long a model counts as spent where nobody says when its quota comes back, and the longest that anybody may say.
_UNKNOWN_RESET_S, _LATEST_RESET_S = 600.0, 86_400.0
# Money: of OpenAI and what speaks its protocol, of Anthropic, of DeepSeek; with whatever status.
_NO_MONEY = re.compile(
    r"insufficient[_ ](quota|balance|credits?|funds)|credit balance is too low|billing_(hard_limit|not_active)"
    r"|exceeded_current_quota",
    re.I,
)
# With a 429: the day's or the month's share, or none at all. Gemini names it in QuotaFailure, also beside a RetryInfo
# of seconds; Bedrock and OpenAI say it in words.
_NO_SHARE = re.compile(
    r"(per|by)[-_ ]?(day|month)|per 86,?400 ?s|\b(daily|monthly)\b|\blimit\W{1,4}0(?!\.?\d)|quotaValue\W{1,5}0\b", re.I
)


def is_spent(status: int | None, text: str) -> bool:
    """Say whether an answer with such a status and such words tells of a quota that is spent."""
    return status == 402 or bool(_NO_MONEY.search(text)) or (status == 429 and bool(_NO_SHARE.search(text)))


def spent_for_s(error: BaseException) -> float:
    """Return for how long a model whose quota is spent need not be asked, in seconds."""
    hint = hint_seconds(error) or 0.0
    return min(hint, _LATEST_RESET_S) if hint > MAX_WAIT_S else _UNKNOWN_RESET_S
