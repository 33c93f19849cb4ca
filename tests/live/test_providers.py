"""The graphs on the real providers; skipped where their keys are not set. Costs a few hundredths of a cent."""

from __future__ import annotations

import os

import pytest
from pytest_socket import enable_socket

from graphs import faq_chain, faq_one_shot, faq_parallel
from tests.faq_writer import SOURCES

MODELS = [
    pytest.param(
        "google_genai:gemini-2.5-flash",
        marks=pytest.mark.skipif(not os.environ.get("GOOGLE_API_KEY"), reason="GOOGLE_API_KEY is not set"),
    ),
    pytest.param(
        "bedrock_converse:us.amazon.nova-lite-v1:0",
        marks=pytest.mark.skipif(
            not (os.environ.get("AWS_REGION") and (os.environ.keys() & {"AWS_PROFILE", "AWS_ACCESS_KEY_ID"})),
            reason="AWS_REGION and AWS credentials are not set",
        ),
    ),
]


@pytest.mark.live
@pytest.mark.parametrize("module", [faq_one_shot, faq_chain, faq_parallel], ids=["one_shot", "chain", "parallel"])
@pytest.mark.parametrize("model", MODELS)
async def test_an_faq_from_a_real_model(module: object, model: str) -> None:
    enable_socket()
    result = await module.graph.ainvoke({"sources": SOURCES, "n_questions": 2}, context={"model": model})  # type: ignore[attr-defined]
    titles = {source["title"] for source in SOURCES}
    assert len(result["faqs"]) == 2
    assert all(set(faq["sources"]) <= titles for faq in result["faqs"])
    assert result["usage"]["by_model"][model]["input_tokens"] > 0
