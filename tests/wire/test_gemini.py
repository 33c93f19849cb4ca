"""Gemini's errors, as langchain-core reads them."""

from __future__ import annotations

import asyncio
import gc
import warnings
from typing import Any

import pytest
from google.genai.errors import ServerError
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import RunnableConfig

from fanloom.gateway.failures.retry_after import hint_seconds
from fanloom.models.factory import chat_model
from tests.wire.conftest import GEMINI
from tests.wire.provider import FakeProvider, status


class Bodies(BaseCallbackHandler):
    """What langchain-core makes of the response of each failed call."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def on_llm_error(self, error: BaseException, **kwargs: Any) -> None:
        self.seen.append(kwargs["response"].generations[0][0].message.response_metadata)


async def answered(model: BaseChatModel, config: RunnableConfig) -> None:
    await model.ainvoke("Hello", config)


async def streamed(model: BaseChatModel, config: RunnableConfig) -> None:
    [part async for part in model.astream("Hello", config)]


@pytest.mark.parametrize("way", [answered, streamed])
async def test_a_failed_call_leaves_no_coroutine_behind(provider: FakeProvider, way: Any) -> None:
    provider.reply = status(503, hint_seconds=7, hint="retry-after")
    model = await asyncio.to_thread(chat_model, GEMINI)
    bodies = Bodies()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with pytest.raises(ServerError) as failed:
            await way(model, {"callbacks": [bodies]})
        assert hint_seconds(failed.value) == 7
        (seen,) = bodies.seen
        assert seen["body"]["error"]["code"] == seen["status_code"] == 503
        del failed, seen, bodies
        gc.collect()
    assert not [each for each in warned if "never awaited" in str(each.message)]
