"""What a provider's exception means: one table from status codes and exception names to Fanloom's errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from time import time
from typing import Any

from fanloom.errors import BadModelOutput, ModelRefused, ModelUnavailable, RunError
from fanloom.redaction import redact

_TIMEOUTS = {"TimeoutError", "ReadTimeoutError", "ConnectTimeoutError", "TimeoutException", "APITimeoutError"}
_CONNECTION = {
    "OSError",
    "ClientError",  # aiohttp's; botocore's and google-genai's have a status and are read before
    "HTTPClientError",
    "EndpointConnectionError",
    "ConnectionClosedError",
    "TransportError",
    "APIConnectionError",
    "ResponseParserError",
    "EventStreamError",
    "JSONDecodeError",
    "IncompleteReadError",
    "ProtocolError",
}
# Bedrock's own error codes; in a stream they come without a status, and in lower case first.
_BEDROCK_STATUS = {
    "ThrottlingException": 429,
    "TooManyRequestsException": 429,
    "ServiceQuotaExceededException": 429,
    "ModelNotReadyException": 503,
    "ServiceUnavailableException": 503,
    "InternalServerException": 500,
    "ModelErrorException": 500,
    "ModelStreamErrorException": 500,
    "ModelTimeoutException": 408,
    "ValidationException": 400,
    "AccessDeniedException": 403,
    "ResourceNotFoundException": 404,
}
# What the clients say when a body or a stream ends before it should; plain ValueErrors, so only their words tell.
_CUT_OFF = re.compile(r"No 'output' key found|No generation chunks were returned")
_NO_SUCH_MODEL = re.compile(r"model identifier is invalid|model.{0,40}(not found|not supported|does not exist)", re.I)
_OVERFLOW = re.compile(r"too long|too many (input )?tokens|token count .* exceeds|context (length|window)", re.I)
_CURES = {
    400: "the request does not fit this model: check the model id, its region and what the step asks for",
    401: "the key or token is not accepted: check GOOGLE_API_KEY, or the AWS_* credentials and whether they expired",
    403: "access is denied: check the key, and that the account has access to this model in this region",
    404: "there is no such model here: check the model id, and that it is offered in this region",
}


def classify(error: BaseException, model: str) -> RunError | None:
    """Return what an exception of a model call means, or None if it is none of the provider's or the network's.

    `ModelUnavailable` can be tried again, after `hint_seconds(error)` if the server gave one; `ModelRefused` cannot.
    """
    causes = list(_chain(error))
    status = next((found for cause in causes if (found := _status(cause))), None)
    text = redact(" ".join(str(error).split())[:500])
    names = {base.__name__ for cause in causes for base in type(cause).__mro__}
    if status is not None:
        return _by_status(status, model, text, names)
    if names & _TIMEOUTS:
        return ModelUnavailable(f"{model} did not answer in time: {text}", kind="timeout")
    if names & {"NoCredentialsError", "PartialCredentialsError", "TokenRetrievalError", "SSOTokenLoadError"}:
        return ModelRefused(f"{model}: {_CURES[401]}. {text}", kind="auth")
    if names & _CONNECTION or _CUT_OFF.search(text):
        return ModelUnavailable(f"the connection to {model} failed: {text}", kind="connection")
    if "ValidationError" in names and type(error).__module__.startswith("pydantic"):
        # langchain-aws cannot even read a tool call whose arguments are no object.
        return BadModelOutput("the model made a malformed tool call", kind="malformed")
    return None


def hint_seconds(error: BaseException) -> float | None:
    """Return how long the server asks to wait: Retry-After, x-amz-retry-after, or Gemini's RetryInfo; in seconds."""
    for cause in _chain(error):
        seconds = _header_hint(_headers(cause))
        if seconds is None:
            seconds = _retry_info(getattr(cause, "details", None))
        if seconds is not None:
            return max(0.0, seconds)
    return None


def _by_status(status: int, model: str, text: str, names: set[str]) -> RunError:
    if status == 429:
        return ModelUnavailable(f"{model} is throttling: {text}", kind="throttled")
    if status == 408 or "ModelTimeoutException" in text:
        return ModelUnavailable(f"{model} did not answer in time: {text}", kind="timeout")
    if status >= 500 or status == 424:
        return ModelUnavailable(f"{model} fails on its side ({status}): {text}", kind="server_error")
    if "ContextOverflowError" in names or (status in (400, 413) and _OVERFLOW.search(text)):
        cure = "the prompt is longer than the model's context: give fewer or shorter documents, or a larger model"
        return ModelRefused(f"{model}: {cure}. {text}", kind="context_overflow")
    if status == 400 and _NO_SUCH_MODEL.search(text):
        status = 404
    if status == 400 and re.search(r"api.?key|token.*(invalid|expired)", text, re.I):
        status = 401
    kind = {401: "auth", 403: "auth", 404: "not_found"}.get(status, "bad_request")
    return ModelRefused(f"{model}: {_CURES.get(status, _CURES[400])}. {text}", kind=kind)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _status(error: BaseException) -> int | None:
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        code = str(response.get("Error", {}).get("Code", ""))
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        return _BEDROCK_STATUS.get(code[:1].upper() + code[1:]) or (status if isinstance(status, int) else None)
    for name in ("status_code", "code", "status"):
        value = getattr(error, name, None)
        if isinstance(value, int) and not isinstance(value, bool) and 400 <= value < 600:
            return value
    return None


def _headers(error: BaseException) -> dict[str, str]:
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    else:
        headers = getattr(response, "headers", None) or getattr(error, "headers", None) or {}
    return {str(name).lower(): str(value) for name, value in dict(headers).items()}


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
    except ValueError:
        return None


def _retry_info(details: Any) -> float | None:
    body = details.get("error", details) if isinstance(details, dict) else {}
    for detail in body.get("details") or [] if isinstance(body, dict) else []:
        if isinstance(detail, dict) and "retryDelay" in detail:
            return _number(str(detail["retryDelay"]).removesuffix("s"))
    return None


def _number(text: str, unit: float = 1) -> float | None:
    try:
        return float(text) / unit
    except ValueError:
        return None
