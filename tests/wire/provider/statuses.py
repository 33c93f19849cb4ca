"""HTTP errors, with the bodies that the providers really send."""

from dataclasses import dataclass, replace
from email.utils import formatdate
from time import time
from typing import Any, Literal

from aiohttp import web

from .exchange import Exchange
from .request import Kind

Hint = Literal["native", "retry-after", "retry-after-date", "retry-info", "x-amz-retry-after"]


@dataclass(frozen=True)
class Status:
    """An HTTP status with the provider's own error body."""

    code: int
    message: str | None = None
    hint_seconds: float | None = None
    hint: Hint = "native"
    error_type: str | None = None
    raw: str | None = None
    latency: float | None = None

    async def answer(self, exchange: Exchange) -> web.StreamResponse:
        """Send the error."""
        if self.raw is not None:
            return web.Response(status=self.code, text=self.raw, content_type="text/html", headers=self.headers(None))
        hint = self.where(exchange.request.provider)
        retry = self.hint_seconds if hint == "retry-info" else None
        response = exchange.dialect.error(self.code, self.message, self.error_type, retry)
        response.headers.update(self.headers(hint))
        return response

    def where(self, provider: Kind) -> Hint:
        """Return where the hint stands."""
        if self.hint != "native":
            return self.hint
        return "retry-info" if provider == "gemini" else "retry-after"

    def headers(self, hint: Hint | None) -> dict[str, str]:
        """Return the header that carries the hint, if one does."""
        seconds = self.hint_seconds
        if seconds is None:
            return {}
        written = {
            "retry-after": {"Retry-After": f"{seconds:g}"},
            "retry-after-date": {"Retry-After": formatdate(time() + seconds, usegmt=True)},
            "x-amz-retry-after": {"x-amz-retry-after": str(round(seconds * 1000))},
        }
        return written.get(hint or "retry-after", {})


@dataclass(frozen=True)
class PerProvider:
    """Another fault for each provider."""

    gemini: Any
    bedrock: Any
    openai: Any
    latency: float | None = None

    async def answer(self, exchange: Exchange) -> web.StreamResponse:
        """Answer with the provider's own fault."""
        fault = getattr(self, exchange.request.provider)
        response: web.StreamResponse = await fault.answer(exchange)
        return response


def status(
    code: int,
    message: str | None = None,
    *,
    hint_seconds: float | None = None,
    hint: Hint = "native",
    error_type: str | None = None,
    raw: str | None = None,
) -> Status:
    """Answer with an HTTP status and the provider's own error body.

    `hint` says where the retry hint stands: native is RetryInfo for Gemini and Retry-After elsewhere;
    x-amz-retry-after is in milliseconds. `error_type` is Bedrock's exception the reason in Gemini's ErrorInfo, or
    OpenAI's code.
    `raw` is a body that no provider wrote, such as a proxy's page.
    """
    return Status(code, message, hint_seconds, hint, error_type, raw)


def bad_key() -> PerProvider:
    """Refuse the key, which Gemini does with a 400."""
    return PerProvider(
        status(400, "API key not valid. Please pass a valid API key.", error_type="API_KEY_INVALID"),
        status(403, "The security token included in the request is invalid.", error_type="UnrecognizedClientException"),
        status(401, "Incorrect API key provided: fake-ope***. Find your API key at your provider."),
    )


def expired_token() -> PerProvider:
    """Refuse credentials that have run out."""
    return PerProvider(
        status(400, "API key expired. Please renew the API key.", error_type="API_KEY_INVALID"),
        status(403, "The security token included in the request is expired", error_type="ExpiredTokenException"),
        status(401, "Your API key has expired.", error_type="expired_api_key"),
    )


def no_access() -> PerProvider:
    """Refuse a model that the account may not use."""
    return PerProvider(
        status(403, "Permission denied on resource project.", error_type="CONSUMER_INVALID"),
        status(403, "You don't have access to the model with the specified model ID."),
        status(403, "Project does not have access to this model."),
    )


def unknown_model() -> PerProvider:
    """Deny that the model exists, which Bedrock does with a 400."""
    return PerProvider(
        status(404, "models/nope is not found for API version v1beta, or is not supported for generateContent."),
        status(400, "The provided model identifier is invalid."),
        status(404, "The model 'nope' does not exist."),
    )


def context_overflow(tokens: int = 1_200_000, limit: int = 1_048_576) -> PerProvider:
    """Refuse an input that is too long."""
    said = f"The input token count ({tokens}) exceeds the maximum number of tokens allowed ({limit})."
    words = f"This model's maximum context length is {limit} tokens, but you requested {tokens}."
    return PerProvider(
        status(400, said),
        status(400, "Input is too long for requested model."),
        status(400, words, error_type="context_length_exceeded"),
    )


def after(latency: float, fault: Any) -> Any:
    """Let a fault show only after some seconds."""
    return replace(fault, latency=latency)
