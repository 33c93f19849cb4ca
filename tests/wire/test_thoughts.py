"""A model that thinks before it answers costs no repair on any wire, and loses nothing that it says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fanloom.models.answers.thoughts import data_in, words_after
from tests.wire.conftest import BEDROCK, GEMINI, OPENAI
from tests.wire.provider import FakeProvider, Reply, Request, raw
from tests.wire.steps import GOOD, PLAIN, QUESTION, TYPED, one_step, run
from tests.wire.test_eager_plan import TASKS, graph_of

GRAPHS = {"plain": one_step(PLAIN), "typed": one_step(TYPED)}
ASK = {"question": QUESTION}
THOUGHT = '<think>\nThe user wants {"answer": "no"}? Tags such as </think> end a thought. Fine.\n</think>\n\n'
TAGGED = {**GOOD, "answer": "Write <think>so</think> and </think>\n{} for a thought."}
DATA = json.dumps(TAGGED)
TYPED_TEXTS = {
    "as DeepSeek and Qwen do": THOUGHT + DATA,
    "begun in the prompt": "Let me see.\n</think>\n\n" + DATA,
    "nothing thought": "<think>\n\n</think>\n\n" + DATA,
    "fenced": f"{THOUGHT}```json\n{DATA}\n```",
    "twice": f"<thinking>a</thinking><thinking>b</thinking>{DATA}",
    "with a draft": f'<think>Maybe </think>{{"answer": 1}} or so? No. </think>{DATA}',
    "in brackets": f"[THINK]hm[/THINK]{DATA}",
    "not at all": DATA,
}
PLAIN_TEXTS = {
    THOUGHT + "yes": "yes",
    "<think>hm</think>yes": "yes",
    "<think>hm</think> Yes, it is.": "Yes, it is.",
    "<think>a</think>\n<think>b</think>\nyes": "yes",
    "Let me see.\n</think>\n\nyes": "yes",
    "<think> opens and </think> closes a thought.": "<think> opens and </think> closes a thought.",
    "Models write <think>hm</think> first.": "Models write <think>hm</think> first.",
    "<thin>hm</thin>yes": "<thin>hm</thin>yes",
}


@pytest.mark.parametrize("way", ["sync", "async", "streamed"])
@pytest.mark.parametrize("name", TYPED_TEXTS)
async def test_a_typed_answer_behind_thoughts_needs_no_repair(
    wire: FakeProvider, both: str, way: str, name: str
) -> None:
    wire.reply = lambda request: Reply(TYPED_TEXTS[name])
    context = {"model": both}
    if way == "streamed":
        parts = [
            part async for part in GRAPHS["typed"].astream(ASK, context=context, stream_mode=["values", "messages"])
        ]
        answer = [values for mode, values in parts if mode == "values"][-1]["answer"]
    else:
        answer = (await run(GRAPHS["typed"], ASK, way == "sync", **context))["answer"]
    assert answer == TAGGED
    assert len(wire.requests) == 1


@pytest.mark.parametrize("said", PLAIN_TEXTS)
async def test_the_words_behind_thoughts_are_the_answer(wire: FakeProvider, both: str, said: str) -> None:
    wire.reply = lambda request: Reply(said)
    assert (await run(GRAPHS["plain"], ASK, False, model=both))["answer"] == PLAIN_TEXTS[said]
    assert len(wire.requests) == 1


BLOCKS: dict[str, Any] = {
    GEMINI: {
        "candidates": [
            {
                "content": {"role": "model", "parts": [{"text": "{hm", "thought": True}, {"text": DATA}]},
                "finishReason": "STOP",
            }
        ]
    },
    BEDROCK: {
        "output": {
            "message": {
                "role": "assistant",
                "content": [
                    {"reasoningContent": {"reasoningText": {"text": "{hm", "signature": "s"}}},
                    {"text": "<thinking>hm</thinking>"},
                    {"toolUse": {"toolUseId": "t", "name": "Answered", "input": TAGGED}},
                ],
            }
        },
        "stopReason": "tool_use",
        "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
        "metrics": {"latencyMs": 1},
    },
    OPENAI: {
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": DATA, "reasoning_content": "{hm", "reasoning": "{hm"},
                "finish_reason": "stop",
            }
        ]
    },
}


async def test_blocks_of_thoughts_are_no_answer(wire: FakeProvider, both: str) -> None:
    wire.reply = raw(BLOCKS[both])
    assert (await run(GRAPHS["typed"], ASK, False, model=both))["answer"] == TAGGED
    assert len(wire.requests) == 1


async def test_workers_begin_early_behind_thoughts_too(wire: FakeProvider, both: str) -> None:
    def reply(request: Request) -> Reply:
        if request.schema is None:
            return Reply("done")
        return Reply(THOUGHT + json.dumps({"items": TASKS}), pieces=24, pause=0.02)

    wire.reply = reply
    result = await run(graph_of(eager=True), {}, False, model=both)
    planner, *workers = wire.requests
    assert len(workers) == len(TASKS) == sum(each["status"] == "done" for each in result["outcomes"])
    assert any(worker.started < (planner.ended or 0) for worker in workers)


def test_thoughts_without_an_end_are_left_as_they_are() -> None:
    for text in ("<think>hm", "<think>" * 10_000, "", "<think></think>" * 20_000 + "x", "</think>{" * 20_000):
        assert all(text.endswith(one) for one in data_in(text))
        assert text.endswith(words_after(text))
    assert next(data_in("<think>hm")) == words_after("<think>hm") == "<think>hm"
