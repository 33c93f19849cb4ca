"""Fixtures for tests at the wire."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fanloom.gateway import model_turn
from fanloom.gateway.bounds import process_limits
from fanloom.gateway.retry_decision import NextRequest
from tests.slow import slow
from tests.wire.provider import FakeProvider, foreign

GEMINI = "google_genai:gemini-2.5-flash"
BEDROCK = "bedrock_converse:us.amazon.nova-pro-v1:0"
OPENAI = "openai:gpt-4o"
KINDS = {GEMINI: "gemini", BEDROCK: "bedrock", OPENAI: "openai"}
# Instead of the fixture `both`, where a test is slow and hardly knows which provider it is.
ONE_QUICK = [pytest.param(GEMINI, id="gemini"), slow(BEDROCK, id="bedrock"), slow(OPENAI, id="openai")]

# Not ours to mend: google-genai subclasses aiohttp's session.
KNOWN_WARNINGS = ["ignore:Inheritance class AiohttpClientSession from ClientSession:DeprecationWarning"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the clients' own warnings pass in this directory."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            for warning in KNOWN_WARNINGS:
                item.add_marker(pytest.mark.filterwarnings(warning))


def lead_to(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lead all clients to a provider, through limits that know no call yet."""
    for name in foreign():
        monkeypatch.delenv(name)
    for name, value in provider.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(process_limits, "_limits", type(process_limits._limits)())


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProvider]:
    """Run a provider to which the environment leads all clients."""
    with FakeProvider() as running:
        lead_to(running, monkeypatch)
        yield running


@pytest.fixture(scope="session")
def shared_provider() -> Iterator[FakeProvider]:
    """Run one provider for all who take `wire`: a client belongs to an address, and is slow to build."""
    with FakeProvider() as running:
        yield running


@pytest.fixture
def wire(shared_provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProvider]:
    """Lead all clients to the shared provider; nothing is left there or in the limiter from the test before.

    Only what has ended: the `peak` can count a request that another test gave up.
    """
    lead_to(shared_provider, monkeypatch)
    healthy = shared_provider.reply
    shared_provider.clear()
    yield shared_provider
    shared_provider.release()
    shared_provider.clear()
    shared_provider.reply, shared_provider.decodes = healthy, False


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let no retry wait, and return the seconds each would have waited."""
    seconds: list[float] = []
    wanted = model_turn.wait_s

    def at_once(upcoming: NextRequest) -> float:
        seconds.append(wanted(upcoming))
        return 0.0

    monkeypatch.setattr(model_turn, "wait_s", at_once)
    return seconds


@pytest.fixture(params=list(KINDS), ids=list(KINDS.values()))
def both(request: pytest.FixtureRequest) -> str:
    """Name a model of each provider in turn."""
    return str(request.param)
