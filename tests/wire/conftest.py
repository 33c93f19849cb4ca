"""Fixtures for tests at the wire."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wire.provider import FakeProvider, foreign

GEMINI = "google_genai:gemini-2.5-flash"
BEDROCK = "bedrock_converse:us.amazon.nova-pro-v1:0"

# Not ours to mend. google-genai subclasses aiohttp's session; langchain-core calls the json() of an async
# response as if it were a sync one, on each 5xx of Gemini's, and drops the coroutine.
KNOWN_WARNINGS = [
    "ignore:Inheritance class AiohttpClientSession from ClientSession:DeprecationWarning",
    "ignore:coroutine 'ClientResponse.json' was never awaited:RuntimeWarning",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the clients' own warnings pass in this directory."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            for warning in KNOWN_WARNINGS:
                item.add_marker(pytest.mark.filterwarnings(warning))


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProvider]:
    """Run a provider to which the environment leads both clients."""
    with FakeProvider() as running:
        for name in foreign():
            monkeypatch.delenv(name)
        for name, value in running.environment().items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture(params=[GEMINI, BEDROCK], ids=["gemini", "bedrock"])
def both(request: pytest.FixtureRequest) -> str:
    """Name a model of each provider in turn."""
    return str(request.param)
