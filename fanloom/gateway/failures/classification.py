"""What a provider's exception means: from status codes and exception names to Fanloom's errors."""

from __future__ import annotations

import re
from typing import Any

from fanloom.errors import BadModelOutput, ModelRefused, ModelUnavailable, RunError
from fanloom.gateway.failures.advice import all_words, boto_error, boto_metadata, chain, cure, read
from fanloom.gateway.failures.exception_owner import is_a_clients
from fanloom.gateway.failures.quota import is_spent
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
    "ConflictException": 409,
    "ModelNotReadyException": 503,
    "ServiceUnavailableException": 503,
    "InternalServerException": 500,
    "ModelErrorException": 500,
    "ModelStreamErrorException": 500,
    "ModelTimeoutException": 408,
    "ValidationException": 400,
    "AccessDeniedException": 403,
    "ExpiredTokenException": 403,
    "ExpiredToken": 403,
    "RequestExpired": 403,
    "UnrecognizedClientException": 403,
    "InvalidClientTokenId": 403,
    "InvalidSignatureException": 403,
    "ResourceNotFoundException": 404,
}
# What the clients say when a body or a stream ends before it should; plain ValueErrors, so only their words tell.
_CUT_OFF = re.compile(r"No 'output' key found|No generation chunks were returned|No generations found in stream")
_NO_SUCH_MODEL = re.compile(r"model identifier is invalid|model.{0,40}(not found|not supported|does not exist)", re.I)
# Of botocore and google-auth; that each stands in a chain with what the network said makes it no network's error.
_NO_CREDENTIALS = {
    "NoCredentialsError",
    "NoAuthTokenError",
    "PartialCredentialsError",
    "CredentialRetrievalError",
    "TokenRetrievalError",
    "MetadataRetrievalError",
    "SSOError",
    "LoginError",
    "RefreshWithMFAUnsupportedError",
    "UnknownCredentialError",
    "ProfileNotFound",
    "InvalidConfigError",
    "ConfigParseError",
    "ConfigNotFound",
    "DefaultCredentialsError",
    "RefreshError",
    "OAuthError",
    # Of files that a credential is read from: what is sent is in memory.
    "FileNotFoundError",
    "PermissionError",
}
# google-auth gives up a refresh that the network has kept it from with a RefreshError too.
_OUTAGES_OF_GOOGLE = {"TransportError"}
_TOOL_CALL = re.compile(r"validation errors? for AIMessage.*tool_calls", re.S)
_OVERFLOW = re.compile(
    r"too long|too many (input )?tokens|token count .* exceeds|context.(size|length|window)|maximum model length"
    r"|context.{0,20}overflows|reduce the length|n_keep|inputs` tokens",
    re.I,
)
_BAD_KEY = re.compile(r"api.?key|token.*(invalid|expired)", re.I)
_BY_STATUS = {
    401: "auth",
    403: "auth",
    404: "not_found",
    407: "auth",
    408: "timeout",
    409: "server_error",
    410: "not_found",
    413: "context_overflow",
    424: "server_error",
    425: "server_error",
    429: "throttled",
    # Cancelled by the server itself: nobody here has hung up.
    499: "server_error",
}
_UNAVAILABLE = {"throttled", "quota", "timeout", "server_error", "connection", "unreadable"}


def classify(error: BaseException, model: str) -> RunError | None:
    """Return what an exception of a model call means, or None if it is the user's own code that has failed.

    ModelUnavailable (kinds `throttled`, `timeout`, `server_error`, `connection`, `unreadable`) can be tried again,
    after `hint_seconds(error)` if the server gave one, and of the kind `quota` once there is a new one. ModelRefused
    (`auth`, `not_found`, `context_overflow`, `bad_request`) cannot: its message names the cure. A tool call that the
    client cannot read is a BadModelOutput.
    """
    names = {base.__name__ for cause in chain(error) for base in type(cause).__mro__}
    text = all_words(error)
    status = status_of(error)
    kind = _kind_of_status(status, text, names) if status else _kind_of_names(text, names)
    if kind in ("malformed", "unreadable") and not is_a_clients(error):
        return None
    if kind == "malformed":
        return BadModelOutput("the model made a malformed tool call", kind=kind)
    message = redact(f"{model}: {cure(kind, model, error)}")
    return ModelUnavailable(message, kind=kind) if kind in _UNAVAILABLE else ModelRefused(message, kind=kind)


def not_an_answer(model: str, got: Any) -> ModelUnavailable:
    """Return the error for what a client has returned in place of a model's message."""
    said = cure("unreadable", model, TypeError(f"{type(got).__name__} in place of an AIMessage"))
    return ModelUnavailable(redact(f"{model}: {said}"), kind="unreadable")


def set_apart(error: BaseException, handled: BaseException | None) -> None:
    """Cut an exception off from one that was being handled when the call began, which says nothing about the call."""
    for cause in chain(error):
        if handled is not None and cause.__context__ is handled:
            cause.__context__ = None


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status that an exception or one of its causes carries, or None."""
    return next((found for cause in chain(error) if (found := _status(cause))), None)


def _kind_of_status(status: int, text: str, names: set[str]) -> str:
    if is_spent(status, text):
        return "quota"
    if "ContextOverflowError" in names or (status in (400, 413, 422, 500) and _OVERFLOW.search(text)):
        return "context_overflow"
    if "ModelTimeoutException" in text:
        return "timeout"
    if status == 400 and _NO_SUCH_MODEL.search(text):
        return "not_found"
    if status == 400 and _BAD_KEY.search(text):
        return "auth"
    return _BY_STATUS.get(status, "server_error" if status >= 500 else "bad_request")


def _kind_of_names(text: str, names: set[str]) -> str:
    if names & _NO_CREDENTIALS and not names & _OUTAGES_OF_GOOGLE:
        return "auth"
    if names & _UNREACHABLE:
        return "connection"
    if names & _TIMEOUTS:
        return "timeout"
    if "ParamValidationError" in names:
        # botocore's own check: nothing has been sent.
        return "bad_request"
    if names & _CONNECTION or _CUT_OFF.search(text):
        return "connection"
    # langchain-aws cannot even read a tool call whose arguments are no object: pydantic's own error comes out.
    return "malformed" if "ValidationError" in names and _TOOL_CALL.search(text) else "unreadable"


def _status(error: BaseException) -> int | None:
    response = read(error, "response")
    if isinstance(response, dict):
        code = str(boto_error(error).get("Code", ""))
        known = _BEDROCK_STATUS.get(code[:1].upper() + code[1:])
        return known or _failing(boto_metadata(error).get("HTTPStatusCode"))
    if type(error).__module__.startswith("aiohttp."):
        # The `code` of some is deprecated, and of others what a server would answer to what could not be read; this is
        # the `status` too of one that was raised from such a one.
        is_made_up = type(error.__cause__).__module__ == "aiohttp.http_exceptions"
        return None if is_made_up else _failing(read(error, "status"))
    # httpx keeps it in the response.
    places = ((error, "status_code"), (error, "status"), (error, "code"), (response, "status_code"))
    return next((found for holder, name in places if (found := _failing(read(holder, name)))), None)


def _failing(status: Any) -> int | None:
    return status if type(status) is int and 400 <= status < 600 else None
