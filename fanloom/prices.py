"""What tokens cost, by the price list of genai-prices."""

from __future__ import annotations

from fanloom.models.spec import OFFLINE, PACKAGES

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


def cost_usd(model: str, input_tokens: int, output_tokens: int, cached_tokens: int = 0) -> float | None:
    """Return what a call of a model costs in US dollars, or None if its price is not known.

    `input_tokens` includes `cached_tokens`. The prices are those that the installed genai-prices knows.
    """
    if model == OFFLINE:
        return 0.0
    from genai_prices import Usage, calc_price

    provider, _, name = model.partition(":") if model.split(":")[0] in PACKAGES else ("", "", model)
    usage = Usage(input_tokens=input_tokens, output_tokens=output_tokens, cache_read_tokens=cached_tokens or None)
    try:
        return float(
            calc_price(usage, model_ref=name, provider_id=_PROVIDERS.get(provider, provider) or None).total_price
        )
    except (LookupError, ValueError):
        return None
