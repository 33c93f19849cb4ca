"""Servers that the tests of a module share."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from langgraph_sdk.client import LangGraphClient

from tests.wire.provider import FakeProvider
from tests.wire.server.aegra import AegraServer
from tests.wire.server.harness import DevServer

ALICE, BOB, CAROL = "a-key-of-alices-0123456789", "b.key/of+bobs=0123456789", "c-key-of-carols-0123456789"
SUE = "s-key-of-sues-0123456789"
OWNERS: dict[str, Any] = {
    ALICE: {"user": "alice@example.com", "customer_id": "C-1001"},
    BOB: {"user": "bob", "customer_id": "C-2002"},
    CAROL: {"user": "carol"},
}
KEYS = json.dumps(OWNERS)
_LIMITED = {**OWNERS[BOB], "context": {"approve_returns_over": 10}}
STAFFED = json.dumps({**OWNERS, BOB: _LIMITED, SUE: {"user": "sue", "role": "staff"}})


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeProvider]:
    """Run a provider for the server of a module."""
    with FakeProvider() as running:
        yield running


BOTH: Any = [pytest.param(DevServer, id="dev"), pytest.param(AegraServer, id="aegra", marks=pytest.mark.aegra)]


@pytest.fixture(scope="module", params=BOTH)
def kind(request: pytest.FixtureRequest) -> type[DevServer]:
    """Name each server in turn."""
    kind: type[DevServer] = request.param
    return kind


@pytest.fixture(scope="module")
def server(
    kind: type[DevServer], tmp_path_factory: pytest.TempPathFactory, provider: FakeProvider
) -> Iterator[DevServer]:
    """Run a server that asks for no keys."""
    with kind(tmp_path_factory.mktemp("open"), **provider.environment()) as running:
        yield running


@pytest.fixture(scope="module")
def guarded(
    kind: type[DevServer], tmp_path_factory: pytest.TempPathFactory, provider: FakeProvider
) -> Iterator[DevServer]:
    """Run a server with keys, in a file."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "keys.json").write_text(KEYS)
    variables = {"FANLOOM_API_KEYS": "keys.json", "CRON_SCHEDULER_SLEEP_TIME": "1"}
    with kind(folder, **provider.environment(), **variables) as running:
        yield running


@pytest.fixture
async def client(server: DevServer) -> AsyncIterator[LangGraphClient]:
    async with server.client() as client:
        yield client


@pytest.fixture
async def alice(guarded: DevServer) -> AsyncIterator[LangGraphClient]:
    async with guarded.client(ALICE) as client:
        yield client


@pytest.fixture
async def bob(guarded: DevServer) -> AsyncIterator[LangGraphClient]:
    async with guarded.client(BOB) as client:
        yield client
