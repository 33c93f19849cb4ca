"""No test can reach a real provider: keys and endpoints are taken away, and sockets other than loopback are refused."""

from __future__ import annotations

import os

import pytest

_TAKEN = ("FANLOOM_", "GOOGLE_", "GEMINI_", "AWS_", "LANGSMITH_", "LANGCHAIN_", "OPENAI_", "ANTHROPIC_")


@pytest.fixture(autouse=True)
def clean_environment(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if not request.node.get_closest_marker("live"):
        for name in list(os.environ):
            if name.startswith(_TAKEN):
                monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        monkeypatch.setenv("LANGSMITH_TRACING", "false")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
