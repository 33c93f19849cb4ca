"""One function turns a model name into a model."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fanloom.errors import FanloomError, MissingCredentials, MissingPackage
from fanloom.models import names
from fanloom.models.file_stamp import file_stamp
from fanloom.redaction import redact

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

DEFAULT_TIMEOUT_S = 60.0
# A process talks to few models, under few keys and time-outs; the bound only keeps a mistake from growing.
_CACHED_MODELS = 64
_MAX_CONNECTIONS = 1000
_LONGEST_REASON = 300

_VERTEX = "GOOGLE_GENAI_USE_VERTEXAI"
_PREFIXES = ("AWS_", "GOOGLE_")
# What a client reads once; the AWS credentials themselves are read for each request.
_FILES = ("AWS_CONFIG_FILE", "GOOGLE_APPLICATION_CREDENTIALS")
# As OPENAI_API_KEY, ANTHROPIC_BASE_URL and AZURE_OPENAI_ENDPOINT: who, where and how, of any provider.
_OF_A_PROVIDER = ("_API_KEY", "_API_TOKEN", "_BASE_URL", "_API_BASE", "_ENDPOINT", "_API_VERSION")


@dataclass
class _Built:
    model: BaseChatModel | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


_cache: OrderedDict[Any, _Built] = OrderedDict()
_lock = threading.Lock()


def chat_model(model: str | BaseChatModel, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> BaseChatModel:
    """Return the chat model of a name: `offline` or `provider:model`; an instance passes through.

    The same name, time-out (in seconds) and credentials give the same instance, since building a client costs up to
    half a second. The SDKs' own retries are off: the gateway owns them. Call it in a thread when an event loop runs.
    Raises UnknownModel, MissingPackage or MissingCredentials, which say what to write, install or set.
    """
    if not isinstance(model, str):
        return model
    spec = names.parse(model)
    key = (spec, timeout_s, _environment(spec.provider))
    with _lock:
        entry = _cache.setdefault(key, _Built())
        while len(_cache) > _CACHED_MODELS:
            _cache.popitem(last=False)
    # Building can hang, as on a credential helper; that must hold up no other model.
    with entry.lock:
        if entry.model is None:
            entry.model = _built(spec, timeout_s)
        return entry.model


def renewed(model: str, refused: BaseChatModel, version: int, *, timeout_s: float) -> BaseChatModel | None:
    """Return the model with other credentials than those that were refused; None if there are no others.

    `version` is what `credentials_version` was before the request. Call it in a thread. Raises MissingCredentials.
    """
    try:
        # Before all else, since to build another client takes time, in which the calls of this one go on.
        if (live := _live_credentials(refused)) and live.renew(version):
            return refused
    except Exception as error:  # noqa: BLE001 - a credential helper, an endpoint or a file can fail in any way
        raise _unusable(names.parse(model), error) from None
    now = chat_model(model, timeout_s=timeout_s)
    return now if now is not refused else None


def credentials_version(model: BaseChatModel) -> int:
    """Return a number that changes when a model signs with other credentials than before."""
    live = _live_credentials(model)
    return live.version if live else 0


def _live_credentials(model: BaseChatModel) -> Any:
    return getattr(model, "live_credentials", None)


def _built(spec: names.Spec, timeout_s: float) -> BaseChatModel:
    try:
        return _BUILDERS.get(spec.provider, _any)(spec, timeout_s)
    except FanloomError:
        raise
    except Exception as error:  # noqa: BLE001 - profiles, helpers, endpoints and files of credentials fail in any way
        raise _unusable(spec, error) from None


def _unusable(spec: names.Spec, error: Exception) -> MissingCredentials:
    said = " ".join(redact(str(error) or type(error).__name__).split())
    return MissingCredentials(
        f"model '{spec.provider}:{spec.model}' cannot be used: its client cannot be made: {said[:_LONGEST_REASON]}. "
        "Check its key or credentials (GOOGLE_API_KEY; AWS_PROFILE and what it leads to), or log in again."
    )


def model_name(model: str | BaseChatModel) -> str:
    """Return the name of a model for usage, traces and messages: its spec, or what an instance calls itself."""
    if isinstance(model, str):
        return model
    own = getattr(model, "model", None) or getattr(model, "model_id", None) or getattr(model, "model_name", None)
    return own if isinstance(own, str) and own else type(model).__name__


def _environment(provider: str) -> tuple[tuple[str, str], ...]:
    """Return what the environment says to a provider, so that a changed key gives a new client."""
    if provider == names.OFFLINE:
        return ()
    known = [name for name in os.environ if name.startswith(_PREFIXES) or name.endswith(_OF_A_PROVIDER)]
    files = ((name, str(file_stamp(os.environ[name]))) for name in _FILES if name in os.environ)
    return (*((name, os.environ[name]) for name in sorted(known)), *files)


def _offline(spec: names.Spec, timeout_s: float) -> BaseChatModel:
    from fanloom.models.offline import OfflineChatModel

    return OfflineChatModel()


def _gemini(spec: names.Spec, timeout_s: float) -> BaseChatModel:
    from fanloom.models.gemini import ReadableGemini, raise_for_error_in_body

    on_vertex = os.environ.get(_VERTEX, "").lower() in ("true", "1", "yes")
    if not on_vertex and not any(os.environ.get(name) for name in ("GOOGLE_API_KEY", "GEMINI_API_KEY")):
        raise MissingCredentials(
            f"model '{spec.provider}:{spec.model}' needs a key: set GOOGLE_API_KEY "
            "(from Google AI Studio), or choose the model 'offline', which needs none."
        )
    # On Vertex it can be google-auth's own session that sends, which knows no middlewares.
    args = None if on_vertex else {"middlewares": (raise_for_error_in_body,)}
    # max_retries counts attempts here: 1 is none.
    return ReadableGemini(model=spec.model, max_retries=1, timeout=timeout_s, client_args=args)


def _bedrock(spec: names.Spec, timeout_s: float) -> BaseChatModel:
    import boto3
    from botocore.config import Config

    from fanloom.models.aws_credentials import LiveCredentials, live_session
    from fanloom.models.bedrock import WideBedrockConverse

    credentials = LiveCredentials()
    session = boto3.Session(botocore_session=live_session(credentials))
    wanted = f"model '{spec.provider}:{spec.model}' needs"
    # boto3 itself reads AWS_DEFAULT_REGION only; every other AWS tool knows AWS_REGION.
    region = os.environ.get("AWS_REGION") or session.region_name
    if not region:
        raise MissingCredentials(f"{wanted} a region: set AWS_REGION, for example AWS_REGION=us-east-1.")
    if not os.environ.get("AWS_BEARER_TOKEN_BEDROCK") and credentials.find() is None:
        raise MissingCredentials(
            f"{wanted} AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
            "or AWS_BEARER_TOKEN_BEDROCK; or choose the model 'offline', which needs none."
        )
    config = Config(
        retries={"total_max_attempts": 1},
        max_pool_connections=_MAX_CONNECTIONS,
        connect_timeout=min(timeout_s, 10),
        read_timeout=timeout_s,
    )
    clients = {
        field: session.client(service, region_name=region, config=config)
        for field, service in (("client", "bedrock-runtime"), ("bedrock_client", "bedrock"))
    }
    model = WideBedrockConverse(model_id=spec.model, region_name=region, config=config, **clients)
    # A bearer token is the environment's, and with another one this is another model.
    model.live_credentials = None if os.environ.get("AWS_BEARER_TOKEN_BEDROCK") else credentials
    return model


def _any(spec: names.Spec, timeout_s: float) -> BaseChatModel:
    from langchain.chat_models import init_chat_model

    package = names.PACKAGES[spec.provider]
    try:
        model: BaseChatModel = init_chat_model(spec.model, model_provider=spec.provider, max_retries=0)
    except ImportError:
        raise MissingPackage(
            f"model '{spec.provider}:{spec.model}' needs the package {package}: pip install {package}"
        ) from None
    except Exception as error:  # noqa: BLE001 - each package has its own error for a missing key; all name the variable
        raise MissingCredentials(f"model '{spec.provider}:{spec.model}' cannot be used: {redact(str(error))}") from None
    return model


_BUILDERS: dict[str, Callable[[names.Spec, float], BaseChatModel]] = {
    names.OFFLINE: _offline,
    "google_genai": _gemini,
    "bedrock_converse": _bedrock,
}
