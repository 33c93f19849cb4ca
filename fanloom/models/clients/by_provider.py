"""Who makes the client of which provider, and what is said where none can be made."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fanloom.errors import FanloomError, MissingCredentials
from fanloom.models import names
from fanloom.models.clients.bedrock_client import bedrock
from fanloom.models.clients.client_options import Fields, with_all
from fanloom.models.clients.gemini_client import gemini
from fanloom.models.clients.openai_client import openai
from fanloom.models.clients.other_client import other
from fanloom.redaction import redact

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

Maker = Callable[[names.Spec, float, Fields], "BaseChatModel"]
"""Makes the client of a provider, which waits so many seconds for an answer, with options by its own names."""

_LONGEST_REASON = 300


def built(spec: names.Spec, timeout_s: float, fields: Fields) -> BaseChatModel:
    """Return a new client. Raises MissingPackage, MissingCredentials or InvalidSettings, or InvalidContext."""
    return client_made(_MAKERS.get(spec.provider, other), spec, timeout_s, fields)


def client_made(make: Maker, spec: names.Spec, timeout_s: float, fields: Fields) -> BaseChatModel:
    """Return what makes a client of a provider has made. Raises as `built`."""
    try:
        return with_all(make(spec, timeout_s, fields), spec, fields)
    except FanloomError:
        raise
    except Exception as error:  # noqa: BLE001 - profiles, helpers, endpoints and files of credentials fail in any way
        raise unusable(spec, error) from None


def unusable(spec: names.Spec, error: Exception) -> MissingCredentials:
    """Return the error of a client that cannot be made, or not be given other credentials."""
    said = " ".join(redact(str(error) or type(error).__name__).split())
    return MissingCredentials(
        f"model '{spec.provider}:{spec.model}' cannot be used: its client cannot be made: {said[:_LONGEST_REASON]}. "
        "Check its key or credentials (GOOGLE_API_KEY; OPENAI_API_KEY; AWS_PROFILE and what it leads to), or "
        "log in again."
    )


def _offline(spec: names.Spec, timeout_s: float, fields: Fields) -> BaseChatModel:
    from fanloom.models.offline import OfflineChatModel

    return OfflineChatModel()


def _replay(spec: names.Spec, timeout_s: float, fields: Fields) -> BaseChatModel:
    from fanloom.models.recorded.replay_model import ReplayChatModel

    return ReplayChatModel.of(spec.model)


_MAKERS: dict[str, Maker] = {
    names.OFFLINE: _offline,
    names.REPLAY: _replay,
    "google_genai": gemini,
    "bedrock_converse": bedrock,
    "openai": openai,
    "azure_openai": openai,
}
