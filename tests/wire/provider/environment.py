"""The environment that leads the real clients to the provider, and nowhere else."""

import os

from .request import Kind

_KEYS: dict[Kind, dict[str, str]] = {
    "gemini": {"GOOGLE_API_KEY": "fake-google-key"},
    "bedrock": {
        "AWS_ACCESS_KEY_ID": "FAKEACCESSKEY",
        "AWS_SECRET_ACCESS_KEY": "fake-secret-key",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    },
    "openai": {"OPENAI_API_KEY": "fake-openai-key"},
}
_ENDPOINTS: dict[Kind, tuple[str, str]] = {
    "gemini": ("GOOGLE_GEMINI_BASE_URL", ""),
    "bedrock": ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", ""),
    "openai": ("OPENAI_BASE_URL", "/v1"),
}
_LOCAL = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", "LANGSMITH_TRACING": "false"}
_FOREIGN = ("AWS_", "GOOGLE_", "GEMINI_", "OPENAI_", "AZURE_", "LANGSMITH_", "LANGCHAIN_")


def environment(url: str, provider: Kind | None = None) -> dict[str, str]:
    """Return the variables to set for one provider, or for all."""
    found = dict(_LOCAL)
    for kind in _KEYS if provider is None else [provider]:
        name, path = _ENDPOINTS[kind]
        found |= {**_KEYS[kind], name: url + path}
    return found


def foreign() -> list[str]:
    """Name the variables now set that would lead a client elsewhere: all of the providers' and LangSmith's."""
    return [name for name in os.environ if name.startswith(_FOREIGN) or name.lower().endswith("_proxy")]
