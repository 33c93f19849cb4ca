"""Prices are those of genai-prices, found by the names that Fanloom uses."""

from __future__ import annotations

import pytest
from genai_prices import Usage, calc_price
from genai_prices.data_snapshot import get_snapshot
from hypothesis import given, settings
from hypothesis import strategies as st

from fanloom.models.names import PACKAGES
from fanloom.runs.prices import _PROVIDERS, cost_usd

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


# Every model of the price list whose provider LangChain has too, by our name.
LISTED = {
    f"{ours}:{model.id}": (provider.id, model.id)
    for provider in get_snapshot().providers
    for ours in [next((name for name, theirs in _PROVIDERS.items() if theirs == provider.id), provider.id)]
    if ours in PACKAGES
    for model in provider.models
}


def theirs(model: str, given: int, made: int, cached: int, written: int) -> float | None:
    provider, name = (THEIRS | LISTED)[model]
    usage = Usage(input_tokens=given, output_tokens=made, cache_read_tokens=cached, cache_write_tokens=written)
    try:
        return float(calc_price(usage, model_ref=name, provider_id=provider).total_price)
    except (LookupError, ValueError):
        return None


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(sorted(THEIRS | LISTED)), TOKENS, TOKENS, TOKENS, TOKENS, st.booleans())
def test_a_price_is_exactly_that_of_the_price_list(
    model: str, given: int, made: int, cached: int, written: int, sound: bool
) -> None:
    # Both are parts of what was given, unless a provider miscounts.
    given = given + cached + written if sound else given
    assert cost_usd(model, given, made, cached, written) == theirs(model, given, made, cached, written)


def test_every_listed_price_is_exact_below_at_and_above_its_tiers() -> None:
    assert len(LISTED) > 200
    for model in LISTED:
        for tokens in (0, 1, 32_000, 128_000, 128_001, 200_000, 200_001, 272_001, 1_000_000):
            counts = (tokens, tokens // 7, tokens // 3, tokens // 5)
            assert cost_usd(model, *counts) == theirs(model, *counts), (model, counts)


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
