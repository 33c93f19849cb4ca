"""Prices are those of genai-prices, found by the names that Fanloom uses."""

from __future__ import annotations

import pytest
from genai_prices import Usage, calc_price
from hypothesis import given, settings
from hypothesis import strategies as st

from fanloom.prices import cost_usd

GEMINI, NOVA = "google_genai:gemini-2.5-flash", "bedrock_converse:us.amazon.nova-pro-v1:0"
CLAUDE = "bedrock_converse:us.anthropic.claude-sonnet-4-5-20250929-v1:0"
THEIRS = {
    GEMINI: ("google", "gemini-2.5-flash"),
    NOVA: ("aws", "us.amazon.nova-pro-v1:0"),
    CLAUDE: ("aws", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    "google_vertexai:gemini-2.5-pro": ("google", "gemini-2.5-pro"),
    "openai:gpt-4o": ("openai", "gpt-4o"),
    "azure_openai:gpt-4o": ("azure", "gpt-4o"),
    "anthropic:claude-sonnet-4-5": ("anthropic", "claude-sonnet-4-5"),
    "mistralai:mistral-large-latest": ("mistral", "mistral-large-latest"),
    "xai:grok-4": ("x-ai", "grok-4"),
}
TOKENS = st.integers(0, 2_000_000)


@settings(deadline=None)
@given(st.sampled_from(sorted(THEIRS)), TOKENS, TOKENS, st.floats(0, 1))
def test_a_known_price_is_that_of_the_price_list(model: str, given: int, made: int, share: float) -> None:
    cached = int(given * share)
    provider, name = THEIRS[model]
    usage = Usage(input_tokens=given, output_tokens=made, cache_read_tokens=cached)
    theirs = float(calc_price(usage, model_ref=name, provider_id=provider).total_price)
    assert cost_usd(model, given, made, cached) == pytest.approx(theirs)


@pytest.mark.parametrize(
    ("model", "cost"), [(GEMINI, 0.03 + 0.25), (NOVA, 0.08 + 0.32)], ids=["gemini-2.5-flash", "nova-pro"]
)
def test_the_prices_of_the_day_this_was_written(model: str, cost: float) -> None:
    assert cost_usd(model, 100_000, 100_000) == pytest.approx(cost)


@settings(deadline=None)
@given(st.sampled_from([GEMINI, NOVA, CLAUDE]), st.integers(1, 1_000_000), st.integers(1, 1_000_000), TOKENS)
def test_cached_tokens_are_cheaper(model: str, fresh: int, cached: int, made: int) -> None:
    with_cache = cost_usd(model, fresh + cached, made, cached)
    without = cost_usd(model, fresh + cached, made)
    assert with_cache is not None
    assert without is not None
    assert 0 < with_cache < without


@pytest.mark.parametrize(("model", "dearer"), [(CLAUDE, True), (NOVA, False), (GEMINI, False)])
def test_what_is_written_to_the_cache_costs_what_its_provider_asks(model: str, dearer: bool) -> None:
    written, fresh = cost_usd(model, 1000, 0, 0, 1000), cost_usd(model, 1000, 0)
    assert written is not None
    assert fresh is not None
    assert (written > fresh) == dearer
    assert written >= fresh


@pytest.mark.parametrize("model", ["google_genai:nope", "ollama:llama3", "x:y", "ScriptedModel", "", "groq:", ":"])
def test_an_unknown_price_is_none(model: str) -> None:
    assert cost_usd(model, 10, 10) is None


def test_offline_costs_nothing() -> None:
    assert cost_usd("offline", 1_000_000, 1_000_000) == 0.0


@pytest.mark.parametrize(
    ("of_an_instance", "spec"),
    [
        ("gemini-2.5-flash", GEMINI),
        ("models/gemini-2.5-flash", GEMINI),
        ("google_genai:models/gemini-2.5-flash", GEMINI),
        ("us.amazon.nova-pro-v1:0", NOVA),
        ("amazon.nova-pro-v1:0", NOVA),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", CLAUDE),
    ],
)
def test_what_an_instance_of_a_model_calls_itself_is_found(of_an_instance: str, spec: str) -> None:
    assert cost_usd(of_an_instance, 1000, 1000) == cost_usd(spec, 1000, 1000) is not None


def test_a_count_that_cannot_be_has_no_price() -> None:
    assert cost_usd(GEMINI, 10, 10, 20) is None
    assert cost_usd(GEMINI, -1, 10) is None
