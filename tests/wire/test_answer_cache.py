"""Answers that are kept while one develops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fanloom import LLMStep
from tests.wire.conftest import GEMINI, OPENAI
from tests.wire.provider import FakeProvider, Reply, Request
from tests.wire.steps import GOOD, PLAIN, QUESTION, TYPED, asks, fan_out, one_step, run

ASKED = {"question": QUESTION}


def answered(request: Request) -> Any:
    return Reply(text="yes") if request.schema is None else Reply(data=GOOD)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("step", [TYPED, PLAIN], ids=["typed", "plain"])
async def test_the_same_question_is_asked_once(
    wire: FakeProvider, both: str, step: LLMStep[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FANLOOM_CACHE", "1")
    wire.reply = answered
    first, second = [await run(one_step(step), ASKED, False, model=both) for _ in range(2)]
    assert len(wire.requests) == 1
    assert (first["usage"]["model_calls"], second["usage"].get("model_calls", 0)) == (1, 0)
    assert {**first, "usage": None} == {**second, "usage": None}


async def test_nothing_is_kept_unless_it_is_wanted(wire: FakeProvider) -> None:
    wire.reply = answered
    for _ in range(2):
        await run(one_step(PLAIN), ASKED, False, model=GEMINI)
    assert len(wire.requests) == 2


async def test_another_option_model_or_prompt_is_another_question(
    wire: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FANLOOM_CACHE", "1")
    wire.reply = answered
    for context in ({}, {"model_options": {"temperature": 0.5}}, {"model": OPENAI}, {}):
        await run(one_step(PLAIN), ASKED, False, **{"model": GEMINI, **context})
    await run(one_step(PLAIN), {"question": "Another?"}, False, model=GEMINI)
    await run(one_step(TYPED), ASKED, False, model=GEMINI)
    assert len(wire.requests) == 5


async def test_an_answer_that_cannot_be_used_is_not_kept(
    wire: FakeProvider, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FANLOOM_CACHE", "1")
    replies = iter([Reply(text="cut", finish="max_tokens"), Reply(text="whole")])
    wire.reply = lambda _request: next(replies)
    for _ in range(2):
        assert (await run(one_step(PLAIN), ASKED, False, model=GEMINI))["answer"] == "whole"
    assert len(wire.requests) == 2


async def test_the_same_question_twice_in_a_run_stays_two_questions(
    wire: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FANLOOM_CACHE", "1")
    wire.reply = answered
    given = {"items": [1, 1, 1]}
    for _ in range(2):
        await run(fan_out(asks), given, False, model=GEMINI)
    assert len(wire.requests) == 3
