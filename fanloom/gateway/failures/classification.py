"""What a provider's exception means: from status codes and exception names to Fanloom's errors."""

from __future__ import annotations

import re

from fanloom.errors import BadModelOutput, ModelRefused, ModelUnavailable, RunError
from fanloom.gateway.failures.advice import chain, cure
from fanloom.redaction import redact

# Refused connections come as a kind of time-out in botocore's urllib3, so these are looked for first.
_UNREACHABLE = {"EndpointConnectionError", "NewConnectionError", "ConnectionRefusedError", "gaierror"}
_TIMEOUTS = {"TimeoutError", "ReadTimeoutError", "ConnectTimeoutError", "TimeoutException", "APITimeoutError"}
_CONNECTION = {
    "OSError",
    "ClientError",  # aiohttp's; botocore's and google-genai's have a status and are read before
    "HTTPClientError",
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
_CUT_OFF = re.compile(r"No 'output' key found|No generation chunks were returned|No generations found in stream")
_NO_SUCH_MODEL = re.compile(r"model identifier is invalid|model.{0,40}(not found|not supported|does not exist)", re.I)
_NO_CREDENTIALS = {"NoCredentialsError", "PartialCredentialsError", "TokenRetrievalError", "SSOTokenLoadError"}
_OVERFLOW = re.compile(
    r"too long|too many (input )?tokens|token count .* exceeds|context.(size|length|window)|maximum model length"
    r"|context.{0,20}overflows|reduce the length|n_keep|inputs` tokens",
    re.I,
)
_BAD_KEY = re.compile(r"api.?key|token.*(invalid|expired)", re.I)
_BY_STATUS = {401: "auth", 403: "auth", 404: "not_found", 408: "timeout", 424: "server_error", 429: "throttled"}
_UNAVAILABLE = {"throttled", "timeout", "server_error", "connection"}


def classify(error: BaseException, model: str) -> RunError | None:
    """Return what an exception of a model call means, or None if it is none of the provider's or the network's.

    ModelUnavailable (kinds `throttled`, `timeout`, `server_error`, `connection`) can be tried again, after
    `hint_seconds(error)` if the server gave one. ModelRefused (`auth`, `not_found`, `context_overflow`, `bad_request`)
    cannot: its message names the cure. A tool call that the client cannot read is a BadModelOutput.
    """
    names = {base.__name__ for cause in chain(error) for base in type(cause).__mro__}
    text = " ".join(" ".join(str(cause) for cause in chain(error)).split())
    status = next((found for cause in chain(error) if (found := _status(cause))), None)
    kind = _kind_of_status(status, text, names) if status else _kind_of_names(text, names)
    if kind is None:
        return None
    if kind == "malformed":
        return BadModelOutput("the model made a malformed tool call", kind=kind)
    message = redact(f"{model}: {cure(kind, model, error)}")
    return ModelUnavailable(message, kind=kind) if kind in _UNAVAILABLE else ModelRefused(message, kind=kind)


def set_apart(error: BaseException, handled: BaseException | None) -> None:
    """Cut an exception off from one that was being handled when the call began, which says nothing about the call."""
    for cause in chain(error):
        if handled is not None and cause.__context__ is handled:
            cause.__context__ = None


def _kind_of_status(status: int, text: str, names: set[str]) -> str:
    if "ContextOverflowError" in names or (status in (400, 413, 422, 500) and _OVERFLOW.search(text)):
        return "context_overflow"
    if "ModelTimeoutException" in text:
        return "timeout"
    if status == 400 and _NO_SUCH_MODEL.search(text):
        return "not_found"
    if status == 400 and _BAD_KEY.search(text):
        return "auth"
    return _BY_STATUS.get(status, "server_error" if status >= 500 else "bad_request")


def _kind_of_names(text: str, names: set[str]) -> str | None:
    if names & _UNREACHABLE:
        return "connection"
    if names & _TIMEOUTS:
        return "timeout"
    if names & _NO_CREDENTIALS:
        return "auth"
    if "ParamValidationError" in names:
        # botocore's own check: nothing has been sent.
        return "bad_request"
    if names & _CONNECTION or _CUT_OFF.search(text):
        return "connection"
    # langchain-aws cannot even read a tool call whose arguments are no object: pydantic's own error comes out.
    return "malformed" if "ValidationError" in names and "validation error" in text else None


def _status(error: BaseException) -> int | None:
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        code = str(response.get("Error", {}).get("Code", ""))
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        return _BEDROCK_STATUS.get(code[:1].upper() + code[1:]) or (status if isinstance(status, int) else None)
    if type(error).__module__ == "aiohttp.http_exceptions":
        # Their `code` is what a server would answer; these say that the answer itself could not be read.
        return None
    for name in ("status_code", "code", "status"):
        value = getattr(error, name, None)
        if isinstance(value, int) and not isinstance(value, bool) and 400 <= value < 600:
            return value
    return None
