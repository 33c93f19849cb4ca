"""No test can reach a real provider: keys and endpoints are taken away, and sockets other than loopback are refused."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

from fanloom.loops.background import run_in_background
from tests.postgres import empty_databases as empty_databases
from tests.postgres import postgres_url as postgres_url

# The same commit gets the same answer twice: `make explore` is for examples, and an order, that nobody has tried yet.
settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
settings.register_profile("explore", deadline=None, print_blob=True)
settings.load_profile("repeatable")

_TAKEN = ("FANLOOM_", "GOOGLE_", "GEMINI_", "AWS_", "LANGSMITH_", "LANGCHAIN_", "OPENAI_", "AZURE_", "ANTHROPIC_")


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
        # Else every test with a thread would leave a log where it runs.
        monkeypatch.setenv("FANLOOM_RUN_LOG", "off")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


# The files that take longest. Whatever is begun last ends last, and the other workers wait for it.
_LONG = [
    "test_support_desk",
    "test_provider_batches",
    "test_gateway_faults",
    "test_gateway_loops",
    "test_tracing",
    "test_report_page",
    "test_evaluation_page",
    "test_cli_threads",
    "test_nesting",
    "test_time_travel",
    "test_gateway_usage",
    "test_new",
    "test_remote",
    "test_kills",
    "test_kill",
    "test_graphs",
    "test_keys",
    "test_provider",
    "test_check",
    "test_faq",
    "test_readme",
    "test_cli_process",
    "test_gateway_limits",
    "test_orchestrator",
    "test_shared_limits",
]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let the long files begin first, in their order; the others come in the random order they have.

    What holds on LangGraph's own server only is left out for Aegra.
    """
    apart = [item for item in items if item.get_closest_marker("aegra") and item.get_closest_marker("dev_only")]
    config.hook.pytest_deselected(items=apart)
    items[:] = [item for item in items if item not in apart]
    rank = {name: place for place, name in enumerate(_LONG)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))


def pytest_collection_finish() -> None:
    """Keep the collector off the million objects that stay until the end."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def no_database_stays_open() -> Iterator[None]:
    yield
    if store := sys.modules.get("nodes.support_desk.store"):
        run_in_background(store.close_databases())
