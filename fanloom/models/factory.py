"""One function turns a model name into a model."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fanloom.models import names
from fanloom.models.clients.by_provider import built, unusable
from fanloom.models.clients.client_options import client_fields, refused_option
from fanloom.models.file_stamp import file_stamp
from fanloom.models.options import ModelOptions

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

DEFAULT_TIMEOUT_S = 60.0
# A process talks to few models, under few keys and time-outs; the bound only keeps a mistake from growing.
_CACHED_MODELS = 64

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
    fields = client_fields(spec, given)
    if spec.provider == names.REPLAY:
        # Each run gets the answers from the first one on.
        return built(spec, timeout_s, fields)
    key = (spec, timeout_s, tuple(fields.items()), _environment(spec.provider))
    with _lock:
        entry = _cache.setdefault(key, _Built())
        while len(_cache) > _CACHED_MODELS:
            _cache.popitem(last=False)
    # Building can hang, as on a credential helper; that must hold up no other model.
    with entry.lock:
        if entry.model is None:
            entry.model = built(spec, timeout_s, fields)
        return entry.model


def renewed(
    model: str, refused: BaseChatModel, version: int, *, timeout_s: float, options: ModelOptions | None = None
) -> BaseChatModel | None:
    """Return the model with other credentials than those that were refused; None if there are no others.

    `version` is that of the credentials before the request. Call it in a thread. Raises MissingCredentials.
    """
    try:
        # Before all else, since to build another client takes time, in which the calls of this one go on.
        if (live := live_credentials(refused)) and live.renew(version):
            return refused
    except Exception as error:  # noqa: BLE001 - a credential helper, an endpoint or a file can fail in any way
        raise unusable(names.parse(model), error) from None
    now = chat_model(model, timeout_s=timeout_s, options=options)
    return now if now is not refused else None


def live_credentials(model: BaseChatModel) -> Any:
    """Return the LiveCredentials that a model signs with, whose `version` changes with them; None if it has none."""
    return getattr(model, "live_credentials", None)


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


def _without_options(model: BaseChatModel, given: Mapping[str, Any]) -> BaseChatModel:
    if given:
        raise refused_option(model_name(model), next(iter(given)), "it is an instance: set it there")
    return model
