"""What tokens cost, by the price list of genai-prices."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from fanloom.models.names import PACKAGES, is_local, nearest

if TYPE_CHECKING:
    from genai_prices.types import TieredPrices

_Prices: TypeAlias = "dict[str, Decimal | TieredPrices]"

# LangChain's names of providers, where genai-prices has another.
_PROVIDERS = {
    "bedrock": "aws",
    "bedrock_converse": "aws",
    "anthropic_bedrock": "aws",
    "azure_openai": "azure",
    "google_genai": "google",
    "google_vertexai": "google",
    "mistralai": "mistral",
    "xai": "x-ai",
}


def cost_usd(
    model: str, input_tokens: int, output_tokens: int, cached_tokens: int = 0, written_tokens: int = 0
) -> float | None:
    """Return what a call of a model costs in US dollars, or None if its price is not known.

    `input_tokens` includes `cached_tokens`, which the call read from the provider's prompt cache, and `written_tokens`,
    which it wrote there. The prices are those that the installed genai-prices knows.
    """
    if is_local(model):
        return 0.0
    prices = _prices(model)
    if prices is None:
        return None
    # What the cache did has a price of its own, or is charged as any other input.
    read = cached_tokens if "cache_read_mtok" in prices else 0
    written = written_tokens if "cache_write_mtok" in prices else 0
    counts = {
        "input_mtok": input_tokens - read - written,
        "cache_read_mtok": read,
        "cache_write_mtok": written,
        "output_mtok": output_tokens,
    }
    if min(input_tokens, *counts.values()) < 0:
        return None
    charged = [_rate(prices.get(name), input_tokens) * count for name, count in counts.items() if count]
    return float(sum(charged, Decimal(0)) / 1_000_000 + _rate(prices.get("requests_kcount"), input_tokens) / 1000)


def caching_pays(model: str) -> bool:
    """Say whether a model is known to charge less for what it reads from its prompt cache."""
    prices = _prices(model) or {}
    return "cache_read_mtok" in prices and _rate(prices["cache_read_mtok"], 0) < _rate(prices.get("input_mtok"), 0)


def _prices(model: str) -> _Prices | None:
    """Return a model's prices of this minute by their names in genai-prices, or None for an unknown model.

    The library's own calculation takes 0.1 ms, since it allows for every kind of token; these are all that LangChain
    counts. tests/unit/test_prices.py holds the two against each other for every model.
    """
    return _listed(model, int(time.time()) // 60)


@lru_cache(maxsize=256)
def _listed(model: str, minute: int) -> _Prices | None:
    from genai_prices.data_snapshot import get_snapshot

    provider, name = _provider_and_name(model)
    try:
        _, found = get_snapshot().find_provider_model(name, None, provider, None)
    except LookupError:
        return None
    listed = vars(found.get_prices(datetime.fromtimestamp(60 * minute, tz=UTC)))
    return {name: price for name, price in listed.items() if price is not None}


def _rate(price: Decimal | TieredPrices | None, input_tokens: int) -> Decimal:
    """Return the price of one unit; that of a tiered price hangs on how long the whole prompt is."""
    if price is None or isinstance(price, Decimal):
        return price or Decimal(0)
    return next((tier.price for tier in reversed(price.tiers) if input_tokens > tier.start), price.base)


def _provider_and_name(model: str) -> tuple[str | None, str]:
    """Split a model's name; that of an instance has no provider, and genai-prices finds it, but for Bedrock's ids."""
    if model.split(":")[0] not in PACKAGES:
        meant = nearest(model) or ""
        model = meant if meant.startswith("bedrock_converse:") else f":{model}"
    provider, _, name = model.partition(":")
    return _PROVIDERS.get(provider, provider) or None, name.removeprefix("models/")
