"""The environment that leads the real clients to the provider, and nowhere else."""

import os

from .request import Kind

_GEMINI = {"GOOGLE_API_KEY": "fake-google-key"}
_BEDROCK = {
    "AWS_ACCESS_KEY_ID": "FAKEACCESSKEY",
    "AWS_SECRET_ACCESS_KEY": "fake-secret-key",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
_LOCAL = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", "LANGSMITH_TRACING": "false"}
_FOREIGN = ("AWS_", "GOOGLE_", "GEMINI_", "LANGSMITH_", "LANGCHAIN_")


def environment(url: str, provider: Kind | None = None) -> dict[str, str]:
    """Return the variables to set for one provider, or for both."""
    gemini = {**_GEMINI, "GOOGLE_GEMINI_BASE_URL": url} if provider != "bedrock" else {}
    bedrock = {**_BEDROCK, "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url} if provider != "gemini" else {}
    return {**_LOCAL, **gemini, **bedrock}


def foreign() -> list[str]:
    """Name the variables now set that would lead a client elsewhere: all of the providers' and LangSmith's."""
    return [name for name in os.environ if name.startswith(_FOREIGN) or name.lower().endswith("_proxy")]
