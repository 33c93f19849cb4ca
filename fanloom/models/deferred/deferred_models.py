"""The real clients of Gemini and Bedrock on a wire that leads nowhere: they write requests and read answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from fanloom.errors import UserError
from fanloom.models import names
from fanloom.models.clients.bedrock_client import bedrock
from fanloom.models.clients.by_provider import Maker, client_made
from fanloom.models.clients.client_options import Fields, client_fields
from fanloom.models.clients.gemini_client import check_key, on_vertex
from fanloom.models.deferred.call_wire import current_wire
from fanloom.models.options import ModelOptions

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

PROVIDERS = ("google_genai", "bedrock_converse")


def deferred_model(name: str, options: ModelOptions, timeout_s: float) -> BaseChatModel:
    """Return a model whose calls go to the wire of `on_wire`; building it takes up to half a second.

    Raises UserError for a provider that has no jobs of many calls, MissingCredentials, and InvalidContext.
    """
    spec = names.parse(name)
    if spec.provider not in _MAKERS:
        raise UserError(
            f"{name!r} has no batch mode that Fanloom knows; --provider-batch takes models of {' and '.join(PROVIDERS)}"
        )
    return client_made(_MAKERS[spec.provider], spec, timeout_s, client_fields(spec, options.given()))


def _gemini(spec: names.Spec, timeout_s: float, fields: Fields) -> BaseChatModel:
    from httpx import MockTransport

    from fanloom.models.gemini import ReadableGemini

    if on_vertex():
        raise UserError("--provider-batch sends to Google AI Studio, not to Vertex AI: unset GOOGLE_GENAI_USE_VERTEXAI")
    check_key(spec)
    # With a transport of its own google-genai takes httpx, whose transports are public.
    args = {"transport": MockTransport(_answer_gemini)}
    return ReadableGemini(model=spec.model, max_retries=1, timeout=timeout_s, client_args=args, **fields)


def _answer_gemini(request: Any) -> Any:
    from httpx import Response

    _, _, called = request.url.path.rpartition("/models/")
    answer = current_wire().exchange(unquote(called.partition(":")[0]), request.content)
    return Response(answer.status, content=answer.body, headers={"Content-Type": "application/json"})


def _bedrock(spec: names.Spec, timeout_s: float, fields: Fields) -> BaseChatModel:
    from fanloom.models.deferred.deferred_bedrock import DeferredBedrock

    return bedrock(spec, timeout_s, fields, DeferredBedrock)


_MAKERS: dict[str, Maker] = {
    "google_genai": _gemini,
    "bedrock_converse": _bedrock,
}
