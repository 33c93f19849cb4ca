"""In plain words: what is wrong with a model call, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from fanloom.models.openai_server import base_url
from fanloom.redaction import show_url

_LONGEST = 300
_NOISE = re.compile(r" ssl:(<[^>]*>|\w+)| object at 0x\w+")

# What each provider adds to the words below.
_BLANKS = {
    "google_genai": {
        "key": "GOOGLE_API_KEY",
        "access": "check that the project of GOOGLE_API_KEY may use the Gemini API and this model",
        "id": "check the model id",
        "network": "check the network, HTTPS_PROXY and GOOGLE_GEMINI_BASE_URL",
    },
    "bedrock_converse": {
        "key": "the AWS credentials (AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
        "AWS_BEARER_TOKEN_BEDROCK)",
        "access": "check that the account has access to this model in this region (Bedrock console, Model access), "
        "and that its policy allows bedrock:InvokeModel",
        "id": "check the model id, and that AWS_REGION offers it",
        "network": "check the network, HTTPS_PROXY, AWS_REGION and AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
    },
    "azure_openai": {
        "key": "AZURE_OPENAI_API_KEY",
        "access": "check that AZURE_OPENAI_API_KEY belongs to AZURE_OPENAI_ENDPOINT and may use this deployment",
        "id": "check the deployment's name, AZURE_OPENAI_ENDPOINT and OPENAI_API_VERSION",
        "network": "check the network, HTTPS_PROXY and AZURE_OPENAI_ENDPOINT",
    },
}
_OPENAI_BLANKS = {
    "key": "OPENAI_API_KEY",
    "access": "check that the account of OPENAI_API_KEY may use this model{at}",
    "id": "check the model id, and that the server of OPENAI_BASE_URL{at} has it",
    "network": "check the network, HTTPS_PROXY, and that a server answers at OPENAI_BASE_URL{at}",
}
_ANY_BLANKS = {
    "key": "its key",
    "access": "check that the account has access to this model",
    "id": "check the model id",
    "network": "check the network and HTTPS_PROXY",
}

# By the kinds of fanloom.gateway.failures.classification and what the provider says: the first row that fits.
_WORDS = (
    (
        "auth|not_found|bad_request|server_error",
        r"<html|<!doctype",
        "a proxy or a wrong endpoint answers with a web page, not the provider: {network}",
    ),
    ("auth", r"proxy authentication", "the proxy wants a login: check HTTPS_PROXY"),
    ("auth", r"expired|reauth|log ?in again", "the key or token has expired: renew {key}"),
    ("auth", r"key not valid|api.?key|token.*invalid|signature|InvalidClientTokenId", "the key is wrong: check {key}"),
    (
        "auth",
        r"credential|SSO|profile|token.*(refresh|load)|invalid_grant",
        "there are no usable credentials: check {key}, or log in again",
    ),
    ("auth", r"", "access is denied: {access}"),
    ("not_found", r"", "there is no such model here: {id}"),
    (
        "bad_request",
        r"on-demand throughput",
        "this model wants an inference profile: put the region's group before the id, as in us.amazon.nova-pro-v1:0",
    ),
    ("bad_request", r"", "the request does not fit this model: {id}, and what the step asks for"),
    (
        "context_overflow",
        r"",
        "the prompt is longer than the model's context: give fewer or shorter documents, or choose a larger model",
    ),
    (
        "throttled",
        r"",
        "more than the quota allows for now: wait, lower FANLOOM_RPM or max_concurrency, or ask for more quota",
    ),
    (
        "quota",
        r"",
        "the quota of this account is spent: wait until it is renewed, ask for more, check billing, or set "
        "FANLOOM_FALLBACK_MODEL",
    ),
    ("server_error", r"", "the provider fails on its side: try again later, or set FANLOOM_FALLBACK_MODEL"),
    ("connection", r"(could not|cannot) connect|connect(ion attempts| call) failed", "it cannot be reached: {network}"),
    ("connection", r"", "the connection failed: {network}"),
    (
        "unreadable",
        r"",
        "its client cannot make sense of what it was given or got: try again, check the versions of its packages, and "
        "{network}",
    ),
    ("timeout", r"", "it did not answer in time: raise timeout_s, or {network}"),
)


def cure(kind: str, model: str, error: BaseException) -> str:
    """Return what is wrong with a call of a model that failed as `kind`, what to do, and what the provider says."""
    said = _said(error)
    texts = all_words(error)
    row = next(
        words for kinds, pattern, words in _WORDS if kind in kinds.split("|") and re.search(pattern, texts, re.I)
    )
    words = row.format(**_blanks(model.partition(":")[0]))
    return f"{words}. It says: {said}" if said else words


def _blanks(provider: str) -> dict[str, str]:
    if provider != "openai":
        return _BLANKS.get(provider, _ANY_BLANKS)
    url = base_url()
    at = f" ({show_url(url)})" if url else " (not set: OpenAI's own)"
    return {name: words.format(at=at) for name, words in _OPENAI_BLANKS.items()}


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Give an exception, those that it is a group of, and its causes, each once."""
    seen: set[int] = set()
    ahead = [error]
    while ahead:
        found = ahead.pop()
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        group = found.exceptions if isinstance(found, BaseExceptionGroup) else ()
        ahead += [found.__cause__ or found.__context__, *reversed(group)]


def read(holder: Any, name: str) -> Any:
    """Return what an exception or a response has under a name; None where it fails on being asked."""
    try:
        return getattr(holder, name, None)
    except Exception:  # noqa: BLE001 - a property of a client's own can fail on what is missing from an answer
        return None


def _said(error: BaseException) -> str:
    said = " ".join(_NOISE.sub("", next(filter(None, _sentences(error)), "")).split())
    return said if len(said) <= _LONGEST else said[:_LONGEST] + "..."


def _sentences(error: BaseException) -> Iterator[str]:
    """Find the provider's own sentence: boto keeps it in the response, google-genai in the cause."""
    for cause in (error.__cause__, error):
        yield str(boto_error(cause).get("Message", ""))
        if isinstance(said := read(cause, "message"), str):
            yield said
    yield _words(error) or type(error).__name__


def all_words(error: BaseException) -> str:
    """Return what an exception and its causes say, on one line."""
    return " ".join(" ".join(map(_words, chain(error))).split())


def _words(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - an exception that was only half made cannot even say what it is
        return type(error).__name__


def boto_error(error: BaseException | None) -> dict[str, Any]:
    """Return what a botocore ClientError says of itself: its Code and Message; empty for another exception."""
    return _named(read(error, "response"), "Error")


def boto_metadata(error: BaseException | None) -> dict[str, Any]:
    """Return what a botocore ClientError says of the answer: its HTTPStatusCode and HTTPHeaders; else nothing."""
    return _named(read(error, "response"), "ResponseMetadata")


def _named(holder: Any, name: str) -> dict[str, Any]:
    found = holder.get(name) if isinstance(holder, dict) else None
    return found if isinstance(found, dict) else {}
