"""Whether a provider is ready, as far as can be known without calling it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, NamedTuple

from fanloom.models.names import PACKAGES, install
from fanloom.models.openai_server import URLS as OPENAI_URLS
from fanloom.models.openai_server import base_url, needs_key
from fanloom.redaction import show_url

GEMINI, BEDROCK, OPENAI, OFFLINE = "google_genai", "bedrock_converse", "openai", "offline"
SHIPPED = (OFFLINE, GEMINI, BEDROCK)

_REGULAR = (
    *("anthropic", "cohere", "deepseek", "fireworks", "groq", "nvidia"),
    *("openai", "openrouter", "together", "upstage", "xai"),
)
# Providers that take one key; which variables the others read is their own affair, and `fanloom check` finds out.
_KEYS: dict[str, tuple[str, ...]] = {
    GEMINI: ("GOOGLE_API_KEY", "GEMINI_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI"),
    "huggingface": ("HUGGINGFACEHUB_API_TOKEN", "HF_TOKEN"),
    "azure_openai": ("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN"),
    "mistralai": ("MISTRAL_API_KEY",),
    "perplexity": ("PPLX_API_KEY", "PERPLEXITY_API_KEY"),
    **{name: (f"{name.upper()}_API_KEY",) for name in _REGULAR},
}
_AWS_PACKAGE = "langchain-aws"
_AWS_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_AWS_OTHERS = (
    "AWS_BEARER_TOKEN_BEDROCK",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
_PROFILE_CREDENTIALS = ("aws_access_key_id", "sso_session", "sso_start_url", "role_arn", "credential_process")
_ENDPOINTS = {
    GEMINI: ("GOOGLE_GEMINI_BASE_URL",),
    BEDROCK: ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL"),
    OPENAI: OPENAI_URLS,
    "azure_openai": ("AZURE_OPENAI_ENDPOINT",),
}


@dataclass(frozen=True)
class Provider:
    """What is known of a provider without calling it; `lacks` says what to do."""

    name: str
    has: tuple[str, ...]
    lacks: tuple[str, ...]

    @property
    def ready(self) -> bool:
        """Whether nothing is known to be missing."""
        return not self.lacks


class Finding(NamedTuple):
    """One thing that a provider has, or lacks."""

    good: bool
    text: str


def keyed() -> list[str]:
    """Return the providers whose key is set; of OpenAI's protocol also where only a server is."""
    return [name for name, variables in _KEYS.items() if _set(variables) or (name == OPENAI and _set(OPENAI_URLS))]


def examine(name: str) -> Provider:
    """Find out what a provider has and lacks, from the environment and the installed packages only."""
    found = list(_findings(name))
    return Provider(
        name, tuple(item.text for item in found if item.good), tuple(item.text for item in found if not item.good)
    )


def _findings(name: str) -> Iterator[Finding]:
    if name == OFFLINE:
        yield Finding(True, "answers by rules, no language model: needs no key and no network")
        return
    package = PACKAGES[name]
    if find_spec(package.replace("-", "_")) is None:
        yield Finding(False, f"{package} is not installed: {install(package)}")
    elif package == _AWS_PACKAGE:
        yield from _aws()
    if package != _AWS_PACKAGE:
        yield _key(name)
    for variable in _set(_ENDPOINTS.get(name, ()))[:1]:
        yield Finding(True, f"endpoint {show_url(os.environ[variable])} ({variable})")


def _key(name: str) -> Finding:
    variables = _KEYS.get(name)
    if variables is None:
        return Finding(True, "its key is not looked for here: `fanloom check` tries it")
    found = _set(variables)
    if not found and name == OPENAI and not needs_key(base_url()):
        return Finding(True, "no key, and a server in the local network wants none")
    return Finding(True, f"{found[0]} is set") if found else Finding(False, f"no key: set {variables[0]}")


def _aws() -> Iterator[Finding]:
    try:
        region, section = _aws_profile()
    except Exception as error:  # noqa: BLE001 - whatever AWS's own reader of its files makes of them is a finding
        yield Finding(False, f"{error}: check AWS_PROFILE and the files of the AWS command line")
        return
    if region:
        yield Finding(True, f"region {region}")
    else:
        yield Finding(False, "no region: set AWS_REGION, for example AWS_REGION=us-east-1")
    yield _aws_credentials(section)


def _aws_profile() -> tuple[str | None, Mapping[str, Any]]:
    """Return the region, and what the files say to the chosen profile. Raises if there is no such profile."""
    import botocore.session

    session = botocore.session.Session()
    # Asking for the credentials themselves may start a login or look for a server in the network.
    profile: Mapping[str, Any] = session.get_scoped_config()
    return os.environ.get("AWS_REGION") or session.get_config_variable("region"), profile


def _aws_credentials(profile: Mapping[str, Any]) -> Finding:
    keys = _set(_AWS_KEYS)
    if found := _set(_AWS_OTHERS):
        return Finding(True, f"{found[0]} is set")
    if len(keys) == len(_AWS_KEYS):
        return Finding(True, f"{' and '.join(keys)} are set")
    if keys:
        missing = next(name for name in _AWS_KEYS if name not in keys)
        return Finding(False, f"{keys[0]} is set and {missing} is not: set both")
    if any(profile.get(name) for name in _PROFILE_CREDENTIALS):
        return Finding(True, "the AWS profile has credentials")
    return Finding(
        False,
        "no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
        "or AWS_BEARER_TOKEN_BEDROCK; whether this machine has a role, `fanloom check` finds out",
    )


def _set(variables: tuple[str, ...]) -> list[str]:
    return [name for name in variables if os.environ.get(name)]
