"""One function turns a model name into a model."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fanloom.errors import FanloomError, InvalidContext, InvalidSettings, MissingCredentials, MissingPackage
from fanloom.models import names
from fanloom.models.file_stamp import file_stamp
from fanloom.models.openai_server import base_url, needs_key
from fanloom.models.options import ModelOptions
from fanloom.redaction import redact, show_url

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
# The model options that a provider has, by its client's own names; another provider's client is asked for its fields.
_OPTIONS = {
    "google_genai": {"temperature": "temperature", "top_p": "top_p", "seed": "seed", "max_tokens": "max_output_tokens"},
    "bedrock_converse": {"temperature": "temperature", "top_p": "top_p", "max_tokens": "max_tokens"},
}
# Of Bedrock's inferenceConfig and Anthropic's API; elsewhere it is the 2 of ModelOptions.
_WARMEST = {"bedrock_converse": 1.0, "anthropic": 1.0}

Fields = dict[str, Any]


@dataclass
class _Built:
    model: BaseChatModel | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


_cache: OrderedDict[Any, _Built] = OrderedDict()
_lock = threading.Lock()


def chat_model(
    model: str | BaseChatModel, *, timeout_s: float = DEFAULT_TIMEOUT_S, options: ModelOptions | None = None
) -> BaseChatModel:
    """Return the chat model of a name: `offline`, `replay:FILE` or `provider:model`; an instance passes through.

    The same name, time-out (in seconds), options and credentials give the same instance, since building a client costs
    up to half a second. The SDKs' own retries are off: the gateway owns them. Call it in a thread when an event loop
    runs. Raises UnknownModel, MissingPackage, MissingCredentials or InvalidSettings, which say what to write, install
    or set, and InvalidContext for an option that the model does not have.
    """
    given = options.given() if options else {}
    if not isinstance(model, str):
        return _without_options(model, given)
    spec = names.parse(model)
    fields = _fields(spec, given)
    if spec.provider == names.REPLAY:
        # Each run gets the answers from the first one on.
        return _built(spec, timeout_s, fields)
    key = (spec, timeout_s, tuple(fields.items()), _environment(spec.provider))
    with _lock:
        entry = _cache.setdefault(key, _Built())
        while len(_cache) > _CACHED_MODELS:
            _cache.popitem(last=False)
    # Building can hang, as on a credential helper; that must hold up no other model.
    with entry.lock:
        if entry.model is None:
            entry.model = _built(spec, timeout_s, fields)
        return entry.model


def renewed(
    model: str, refused: BaseChatModel, version: int, *, timeout_s: float, options: ModelOptions | None = None
) -> BaseChatModel | None:
    """Return the model with other credentials than those that were refused; None if there are no others.

    `version` is what `credentials_version` was before the request. Call it in a thread. Raises MissingCredentials.
    """
    try:
        # Before all else, since to build another client takes time, in which the calls of this one go on.
        if (live := _live_credentials(refused)) and live.renew(version):
            return refused
    except Exception as error:  # noqa: BLE001 - a credential helper, an endpoint or a file can fail in any way
        raise _unusable(names.parse(model), error) from None
    now = chat_model(model, timeout_s=timeout_s, options=options)
    return now if now is not refused else None


def credentials_version(model: BaseChatModel) -> int:
    """Return a number that changes when a model signs with other credentials than before."""
    live = _live_credentials(model)
    return live.version if live else 0


def _live_credentials(model: BaseChatModel) -> Any:
    return getattr(model, "live_credentials", None)


def _built(spec: names.Spec, timeout_s: float, fields: Fields) -> BaseChatModel:
    try:
        return _with_all(_BUILDERS.get(spec.provider, _any)(spec, timeout_s, fields), spec, fields)
    except FanloomError:
        raise
    except Exception as error:  # noqa: BLE001 - profiles, helpers, endpoints and files of credentials fail in any way
        raise _unusable(spec, error) from None


def _unusable(spec: names.Spec, error: Exception) -> MissingCredentials:
    said = " ".join(redact(str(error) or type(error).__name__).split())
    return MissingCredentials(
        f"model '{spec.provider}:{spec.model}' cannot be used: its client cannot be made: {said[:_LONGEST_REASON]}. "
        "Check its key or credentials (GOOGLE_API_KEY; OPENAI_API_KEY; AWS_PROFILE and what it leads to), or "
        "log in again."
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


def _fields(spec: names.Spec, given: Fields) -> Fields:
    """Return the options by the names of the provider's client. Raises InvalidContext for one that it lacks."""
    if spec.provider in (names.OFFLINE, names.REPLAY):
        # Rules draw nothing, and a run that names options must work offline too.
        return {}
    known = _OPTIONS.get(spec.provider, {name: name for name in ModelOptions.model_fields})
    for name, value in given.items():
        if name not in known:
            raise _refused(f"{spec.provider}:{spec.model}", name, f"its provider has {', '.join(known)}")
        if name == "temperature" and value > _WARMEST.get(spec.provider, value):
            raise _refused(f"{spec.provider}:{spec.model}", name, f"its provider has 0 to {_WARMEST[spec.provider]:g}")
    return {known[name]: value for name, value in given.items()}


def _with_all(model: BaseChatModel, spec: names.Spec, fields: Fields) -> BaseChatModel:
    """Return a model that has taken all its options; some clients leave one out without a word."""
    for field_name, value in fields.items():
        if getattr(model, field_name, None) != value:
            raise _refused(f"{spec.provider}:{spec.model}", field_name, "its client leaves it out")
    return model


def _without_options(model: BaseChatModel, given: Mapping[str, Any]) -> BaseChatModel:
    if given:
        raise _refused(model_name(model), next(iter(given)), "it is an instance: set it there")
    return model


def _refused(model: str, option: str, why: str) -> InvalidContext:
    return InvalidContext(f"model options: {model!r} cannot be given {option!r} ({why}). Leave it out for this model.")


def _offline(spec: names.Spec, timeout_s: float, fields: Fields) -> BaseChatModel:
    from fanloom.models.offline import OfflineChatModel

    return OfflineChatModel()


def _replay(spec: names.Spec, timeout_s: float, fields: Fields) -> BaseChatModel:
    from fanloom.models.recorded.replay_model import ReplayChatModel

    return ReplayChatModel.of(spec.model)


def _gemini(spec: names.Spec, timeout_s: float, fields: Fields) -> BaseChatModel:
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
    return ReadableGemini(model=spec.model, max_retries=1, timeout=timeout_s, client_args=args, **fields)


def _bedrock(spec: names.Spec, timeout_s: float, fields: Fields) -> BaseChatModel:
    import boto3
    from botocore.config import Config

    from fanloom.models.aws.aws_credentials import LiveCredentials, live_session
    from fanloom.models.aws.bedrock_arn import ids
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
    named = ids(spec.model, lambda: clients["bedrock_client"])
    model = WideBedrockConverse(**named, region_name=region, config=config, **clients, **fields)
    # A bearer token is the environment's, and with another one this is another model.
    model.live_credentials = None if os.environ.get("AWS_BEARER_TOKEN_BEDROCK") else credentials
    return model


def _openai(spec: names.Spec, timeout_s: float, fields: Fields) -> BaseChatModel:
    try:
        from fanloom.models.openai import CompatibleAzure, CompatibleOpenAI
    except ImportError:
        raise _missing(spec) from None
    common = {"max_retries": 0, "timeout": timeout_s, "stream_usage": True, "use_responses_api": False, **fields}
    # The gateway ends a call in time; the client's own end of a stream that pauses may come before.
    common["stream_chunk_timeout"] = timeout_s
    if spec.provider == "azure_openai":
        return _made(spec, lambda: CompatibleAzure(azure_deployment=spec.model, **common))
    url, key = base_url(), os.environ.get("OPENAI_API_KEY")
    if url and not url.startswith(("http://", "https://")):
        raise InvalidSettings(f"OPENAI_BASE_URL={show_url(url)!r}: write it as http://HOST:PORT/v1.")
    if not key and needs_key(url):
        raise MissingCredentials(
            f"model '{spec.provider}:{spec.model}' needs a key: set OPENAI_API_KEY; for a server of your own set "
            "OPENAI_BASE_URL too; or choose the model 'offline', which needs none."
        )
    # A server in the local network takes any word for a key.
    return _made(spec, lambda: CompatibleOpenAI(model=spec.model, base_url=url, api_key=key or "none", **common))


def _any(spec: names.Spec, timeout_s: float, fields: Fields) -> BaseChatModel:
    from langchain.chat_models import init_chat_model

    model = _made(spec, lambda: init_chat_model(spec.model, model_provider=spec.provider, max_retries=0))
    lacking = [name for name in fields if name not in type(model).model_fields]
    if lacking:
        raise _refused(f"{spec.provider}:{spec.model}", lacking[0], "its client has no such field")
    if not fields:
        return model
    return _made(spec, lambda: init_chat_model(spec.model, model_provider=spec.provider, max_retries=0, **fields))


def _made(spec: names.Spec, make: Callable[[], Any]) -> BaseChatModel:
    try:
        model: BaseChatModel = make()
    except ImportError:
        raise _missing(spec) from None
    except Exception as error:  # noqa: BLE001 - each package has its own error for a missing key; all name the variable
        raise MissingCredentials(f"model '{spec.provider}:{spec.model}' cannot be used: {redact(str(error))}") from None
    return model


def _missing(spec: names.Spec) -> MissingPackage:
    package = names.PACKAGES[spec.provider]
    return MissingPackage(f"model '{spec.provider}:{spec.model}' needs {package}: {names.install(package)}")


_BUILDERS: dict[str, Callable[[names.Spec, float, Fields], BaseChatModel]] = {
    names.OFFLINE: _offline,
    names.REPLAY: _replay,
    "google_genai": _gemini,
    "bedrock_converse": _bedrock,
    "openai": _openai,
    "azure_openai": _openai,
}
