"""How long a server asks to wait."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from time import time
from typing import Any

from fanloom.gateway.failures.advice import boto_metadata, chain, read


def hint_seconds(error: BaseException) -> float | None:
    """Return how long the server asks to wait: Retry-After, x-amz-retry-after, or Gemini's RetryInfo; in seconds."""
    for cause in chain(error):
        seconds = _header_hint(_headers(cause))
        if seconds is None:
            seconds = _retry_info(read(cause, "details"))
        if seconds is not None:
            return max(0.0, seconds)
    return None


def _headers(error: BaseException) -> dict[str, str]:
    response = read(error, "response")
    if isinstance(response, dict):
        headers = boto_metadata(error).get("HTTPHeaders")
    else:
        headers = read(response, "headers") or read(error, "headers")
    return {str(name).lower(): str(value) for name, value in headers.items()} if isinstance(headers, Mapping) else {}


def _header_hint(headers: dict[str, str]) -> float | None:
    if "retry-after-ms" in headers:
        return _number(headers["retry-after-ms"], 1000)
    if "x-amz-retry-after" in headers:
        # In milliseconds, as botocore reads it.
        return _number(headers["x-amz-retry-after"], 1000)
    value = headers.get("retry-after")
    if value is None:
        return None
    if (seconds := _number(value)) is not None:
        return seconds
    try:
        return parsedate_to_datetime(value).timestamp() - time()
    except (ValueError, OverflowError):
        return None


def _retry_info(details: Any) -> float | None:
    body = details.get("error", details) if isinstance(details, dict) else {}
    listed = body.get("details") if isinstance(body, dict) else None
    for detail in listed if isinstance(listed, list) else []:
        if isinstance(detail, dict) and "retryDelay" in detail:
            return _number(str(detail["retryDelay"]).removesuffix("s"))
    return None


def _number(text: str, unit: float = 1) -> float | None:
    try:
        return float(text) / unit
    except ValueError:
        return None
