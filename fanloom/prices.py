"""What tokens cost, by the price list of genai-prices."""

from __future__ import annotations

from functools import lru_cache

from fanloom.models.spec import OFFLINE, PACKAGES, nearest

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
    if model == OFFLINE:
        return 0.0
    from genai_prices import Usage, calc_price

    provider, name = _provider_and_name(model)
    try:
        usage = Usage(
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            cache_read_tokens=cached_tokens or None,
            cache_write_tokens=written_tokens or None,
        )
        return float(calc_price(usage, model_ref=name, provider_id=provider).total_price)
    except (LookupError, ValueError):
        return None


@lru_cache(maxsize=256)
def _provider_and_name(model: str) -> tuple[str | None, str]:
    """Split a model's name; that of an instance has no provider, and genai-prices finds it, but for Bedrock's ids."""
    if model.split(":")[0] not in PACKAGES:
        meant = nearest(model) or ""
        model = meant if meant.startswith("bedrock_converse:") else f":{model}"
    provider, _, name = model.partition(":")
    return _PROVIDERS.get(provider, provider) or None, name.removeprefix("models/")
