"""The client of any other provider that LangChain knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fanloom.errors import MissingCredentials, MissingPackage
from fanloom.models import names
from fanloom.models.clients.client_options import Fields, refused_option
from fanloom.redaction import redact

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


def other(spec: names.Spec, timeout_s: float, fields: Fields) -> BaseChatModel:
    """Return a client that LangChain makes. Raises MissingPackage, MissingCredentials, or InvalidContext."""
    from langchain.chat_models import init_chat_model

    model = made(spec, lambda: init_chat_model(spec.model, model_provider=spec.provider, max_retries=0))
    lacking = [name for name in fields if name not in type(model).model_fields]
    if lacking:
        raise refused_option(f"{spec.provider}:{spec.model}", lacking[0], "its client has no such field")
    if not fields:
        return model
    return made(spec, lambda: init_chat_model(spec.model, model_provider=spec.provider, max_retries=0, **fields))


def made(spec: names.Spec, make: Callable[[], Any]) -> BaseChatModel:
    """Make a client. Raises MissingPackage, or MissingCredentials that say what its package says."""
    try:
        model: BaseChatModel = make()
    except ImportError:
        raise missing(spec) from None
    except Exception as error:  # noqa: BLE001 - each package has its own error for a missing key; all name the variable
        raise MissingCredentials(f"model '{spec.provider}:{spec.model}' cannot be used: {redact(str(error))}") from None
    return model


def missing(spec: names.Spec) -> MissingPackage:
    """Return the error of a provider whose package is not installed."""
    package = names.PACKAGES[spec.provider]
    return MissingPackage(f"model '{spec.provider}:{spec.model}' needs {package}: {names.install(package)}")
