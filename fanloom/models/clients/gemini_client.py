"""The client of Google Gemini, with a key of Google AI Studio or on Vertex AI."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from fanloom.errors import MissingCredentials
from fanloom.models import names
from fanloom.models.clients.client_options import Fields

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_VERTEX = "GOOGLE_GENAI_USE_VERTEXAI"


def gemini(spec: names.Spec, timeout_s: float, fields: Fields) -> BaseChatModel:
    """Return a client. Raises MissingCredentials."""
    from fanloom.models.gemini import ReadableGemini, raise_for_error_in_body

    check_key(spec)
    # Of each request: google-auth's own session, which sends on Vertex with a client's certificate, hands them on.
    args = {"middlewares": (raise_for_error_in_body,)}
    # max_retries counts attempts here: 1 is none.
    return ReadableGemini(model=spec.model, max_retries=1, timeout=timeout_s, client_args=args, **fields)


def on_vertex() -> bool:
    """Say whether Google's clients are led to Vertex AI."""
    return os.environ.get(_VERTEX, "").lower() in ("true", "1", "yes")


def check_key(spec: names.Spec) -> None:
    """Raise MissingCredentials where a key is needed and none is set."""
    if not on_vertex() and not any(os.environ.get(name) for name in ("GOOGLE_API_KEY", "GEMINI_API_KEY")):
        raise MissingCredentials(
            f"model '{spec.provider}:{spec.model}' needs a key: set GOOGLE_API_KEY "
            "(from Google AI Studio), or choose the model 'offline', which needs none."
        )
