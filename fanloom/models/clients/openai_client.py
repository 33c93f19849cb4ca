"""The client of OpenAI, of Azure OpenAI and of servers that speak its protocol."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from fanloom.errors import InvalidSettings, MissingCredentials
from fanloom.loops.background import begin_if_running
from fanloom.models import names
from fanloom.models.clients.client_options import Fields
from fanloom.models.clients.other_client import made, missing
from fanloom.models.openai_server import base_url, needs_key
from fanloom.redaction import show_url

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_openai.chat_models.base import BaseChatOpenAI

Model = TypeVar("Model", bound="BaseChatOpenAI")


def openai(spec: names.Spec, timeout_s: float, fields: Fields) -> BaseChatModel:
    """Return a client. Raises MissingPackage, MissingCredentials, or InvalidSettings."""
    try:
        from fanloom.models.openai import CompatibleAzure, CompatibleOpenAI
    except ImportError:
        raise missing(spec) from None
    common = {"max_retries": 0, "timeout": timeout_s, "stream_usage": True, "use_responses_api": False, **fields}
    # The gateway ends a call in time. The client's own end of a stream that pauses may come before, and on Python 3.11
    # its `wait_for` loses a cancellation that comes with a chunk, so that the stream would never end.
    common["stream_chunk_timeout"] = None
    if spec.provider == "azure_openai":
        return made(spec, lambda: _closing(CompatibleAzure, azure_deployment=spec.model, **common))
    url, key = base_url(), os.environ.get("OPENAI_API_KEY")
    if url and not url.startswith(("http://", "https://")):
        raise InvalidSettings(f"OPENAI_BASE_URL={show_url(url)!r}: write it as http://HOST:PORT/v1.")
    if not key and needs_key(url):
        raise MissingCredentials(
            f"model '{spec.provider}:{spec.model}' needs a key: set OPENAI_API_KEY; for a server of your own set "
            "OPENAI_BASE_URL too; or choose the model 'offline', which needs none."
        )
    # A server in the local network takes any word for a key.
    fields = {**common, "model": spec.model, "base_url": url, "api_key": key or "none"}
    return made(spec, lambda: _closing(CompatibleOpenAI, **fields))


def _closing(kind: Callable[..., Model], **fields: Any) -> Model:
    """Make a client that closes its connections when it is let go; the SDK's own do so on a running loop only.

    OPENAI_PROXY, which LangChain reads for clients of its own, is the proxy of this one.
    """
    from openai import DefaultAsyncHttpxClient

    connections = DefaultAsyncHttpxClient(proxy=os.environ.get("OPENAI_PROXY") or None)
    # No socket options for the one that answers `invoke`: they would make it blind to HTTPS_PROXY.
    model = kind(http_async_client=connections, http_socket_options=(), openai_proxy=None, **fields)
    weakref.finalize(model.root_async_client, begin_if_running, connections.aclose).atexit = False
    return model
