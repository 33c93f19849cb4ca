"""The model options by the names of each provider's client, and those that it lacks refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fanloom.errors import InvalidContext
from fanloom.models import names
from fanloom.models.options import ModelOptions

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

# The model options that a provider has, by its client's own names; another provider's client is asked for its fields.
_OPTIONS = {
    "google_genai": {"temperature": "temperature", "top_p": "top_p", "seed": "seed", "max_tokens": "max_output_tokens"},
    "bedrock_converse": {"temperature": "temperature", "top_p": "top_p", "max_tokens": "max_tokens"},
}
# Of Bedrock's inferenceConfig and Anthropic's API; elsewhere it is the 2 of ModelOptions.
_WARMEST = {"bedrock_converse": 1.0, "anthropic": 1.0}

Fields = dict[str, Any]


def client_fields(spec: names.Spec, given: Fields) -> Fields:
    """Return the options by the names of the provider's client. Raises InvalidContext for one that it lacks."""
    if spec.provider in (names.OFFLINE, names.REPLAY):
        # Rules draw nothing, and a run that names options must work offline too.
        return {}
    known = _OPTIONS.get(spec.provider, {name: name for name in ModelOptions.model_fields})
    for name, value in given.items():
        if name not in known:
            raise refused_option(f"{spec.provider}:{spec.model}", name, f"its provider has {', '.join(known)}")
        if name == "temperature" and value > _WARMEST.get(spec.provider, value):
            raise refused_option(
                f"{spec.provider}:{spec.model}", name, f"its provider has 0 to {_WARMEST[spec.provider]:g}"
            )
    return {known[name]: value for name, value in given.items()}


def with_all(model: BaseChatModel, spec: names.Spec, fields: Fields) -> BaseChatModel:
    """Return a model that has taken all its options; some clients leave one out without a word."""
    for field_name, value in fields.items():
        if getattr(model, field_name, None) != value:
            raise refused_option(f"{spec.provider}:{spec.model}", field_name, "its client leaves it out")
    return model


def refused_option(model: str, option: str, why: str) -> InvalidContext:
    """Return the error of an option that a model cannot be given."""
    return InvalidContext(f"model options: {model!r} cannot be given {option!r} ({why}). Leave it out for this model.")
