"""Model names: what `provider:model` may be, and what somebody who wrote something else meant."""

from __future__ import annotations

import difflib
import re
from typing import NamedTuple

from fanloom.errors import UnknownModel

OFFLINE, REPLAY = "offline", "replay"

# The providers of langchain 1.4's init_chat_model and the package of each. Kept here because asking langchain costs
# half a second of imports; tests/unit/test_models.py fails when the two differ.
PACKAGES = {
    "anthropic": "langchain-anthropic",
    "anthropic_bedrock": "langchain-aws",
    "azure_ai": "langchain-azure-ai",
    "azure_openai": "langchain-openai",
    "baseten": "langchain-baseten",
    "bedrock": "langchain-aws",
    "bedrock_converse": "langchain-aws",
    "bedrock_mantle_anthropic": "langchain-aws",
    "bedrock_mantle_openai": "langchain-aws",
    "cohere": "langchain-cohere",
    "deepseek": "langchain-deepseek",
    "fireworks": "langchain-fireworks",
    "google_anthropic_vertex": "langchain-google-vertexai",
    "google_genai": "langchain-google-genai",
    "google_vertexai": "langchain-google-vertexai",
    "groq": "langchain-groq",
    "huggingface": "langchain-huggingface",
    "ibm": "langchain-ibm",
    "langsmith": "langchain-openai",
    "litellm": "langchain-litellm",
    "meta": "langchain-meta",
    "mistralai": "langchain-mistralai",
    "nvidia": "langchain-nvidia-ai-endpoints",
    "ollama": "langchain-ollama",
    "openai": "langchain-openai",
    "openrouter": "langchain-openrouter",
    "perplexity": "langchain-perplexity",
    "together": "langchain-together",
    "upstage": "langchain-upstage",
    "xai": "langchain-xai",
}

_EXTRAS = {"langchain-openai": "fanloom[openai]"}

# Model families by the way their names begin, for those who leave the provider out.
_FAMILIES = (
    (
        r"(us|eu|apac|global|us-gov|jp|au)\.|amazon\.|anthropic\.|meta\.|mistral\.|cohere\.|deepseek\.",
        "bedrock_converse",
    ),
    (r"nova-", "bedrock_converse"),
    (r"gemini|gemma", "google_genai"),
    (r"claude", "anthropic"),
    (r"gpt-|o[134](-|$)|chatgpt", "openai"),
    (r"command", "cohere"),
    (r"(mi|ma|mi[xn])stral|codestral|ministral", "mistralai"),
    (r"grok", "xai"),
    (r"deepseek", "deepseek"),
    (r"sonar", "perplexity"),
)
_ALIASES = {"google": "google_genai", "gemini": "google_genai", "aws": "bedrock_converse", "nova": "bedrock_converse"}


class Spec(NamedTuple):
    """A parsed model name; `model` is empty for `offline`, and a file for `replay`."""

    provider: str
    model: str


def parse(name: str) -> Spec:
    """Parse `offline`, `replay:FILE` or `provider:model`, as langchain's init_chat_model writes it.

    Raises UnknownModel, with the nearest valid name, for anything else.
    """
    provider, _, model = name.strip().partition(":")
    if provider == OFFLINE and not model:
        return Spec(OFFLINE, "")
    if provider in (REPLAY, *PACKAGES) and model.strip():
        return Spec(provider, model.strip())
    raise UnknownModel(_explain(name.strip()))


def is_local(name: str) -> bool:
    """Say whether a model answers here, with no key, no network and no price: `offline` or `replay:FILE`."""
    return name == OFFLINE or name.startswith(f"{REPLAY}:")


def install(package: str) -> str:
    """Return the command that installs a provider's package, with what of it is tested here if there is an extra."""
    return f"pip install '{_EXTRAS[package]}'" if package in _EXTRAS else f"pip install {package}"


def _explain(name: str) -> str:
    meant = nearest(name)
    provider, colon, _ = name.partition(":")
    if colon and not meant and provider not in PACKAGES:
        return f"unknown provider {provider!r} in {name!r}: there are {OFFLINE}, {', '.join(sorted(PACKAGES))}."
    hint = f"did you mean {meant!r}?" if meant else "write 'offline' or 'provider:model'."
    return f"unknown model {name!r}: {hint} For example 'google_genai:gemini-2.5-flash'."


def nearest(name: str) -> str | None:
    """Return the valid model name that comes nearest to `name`, or None."""
    provider, colon, model = name.partition(":")
    if provider in (REPLAY, *PACKAGES):
        return None
    if "arn:aws" in name:
        return f"bedrock_converse:{name[name.index('arn:aws') :]}"
    for pattern, family in _FAMILIES:
        # "us.amazon.nova-pro-v1:0" has a colon of its own, so the whole name is looked at.
        if re.match(pattern, name, re.IGNORECASE) and not (colon and provider in _ALIASES):
            return f"{family}:amazon.{name}" if name.startswith("nova-") else f"{family}:{name}"
    known = _ALIASES.get(provider.lower()) or _closest(provider)
    if known == OFFLINE:
        return OFFLINE
    return f"{known}:{model}" if known and model else None


def _closest(provider: str) -> str | None:
    found = difflib.get_close_matches(provider.lower(), [OFFLINE, *PACKAGES], n=1, cutoff=0.7)
    return found[0] if found else None
