"""Variations of a text, offline: from the task and what is known only."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from graphs.content_variations import graph
from nodes.orchestrator.document import Document, problems
from nodes.orchestrator.known import BUILTINS
from nodes.orchestrator.plan import Plan
from tests.orchestrator_writer import BOTTLE, OWN_COMBINE, OWN_PLAN, OWN_WORK
from understudies import content_variations, orchestrator, tech_docs
from understudies.content_variations import VOICES, write_variation
from understudies.orchestrator.facts import phrase

TRADES = {"content_variations": content_variations, "tech_docs": tech_docs, "any": orchestrator}


async def run(task: str, known: Any = None, **context: Any) -> dict[str, Any]:
    result: dict[str, Any] = await graph.ainvoke({"task": task, "context": known or {}}, context=context)
    return result


@pytest.mark.parametrize("sync", [False, True], ids=["async", "sync"])
async def test_the_water_bottle(sync: bool) -> None:
    result = await asyncio.to_thread(graph.invoke, BOTTLE) if sync else await graph.ainvoke(BOTTLE)
    assert [one["type"] for one in result["worker_results"]] == ["formal", "conversational", "concise"]
    assert result["failures"] == []
    texts = [one["result"] for one in result["worker_results"]]
    assert len(set(texts)) == 3
    for text in texts:
        for said in ("new eco-friendly water bottle", "environmentally conscious millennials", "insulated"):
            assert said in text
        assert text in result["final"]
    assert result["final"].startswith("# New eco-friendly water bottle\n")
    assert "Known: target_audience and key_features." in result["analysis"]


@pytest.mark.parametrize(
    ("task", "kinds", "subject"),
    [
        ("Write formal and playful variations of an ad for our bike", ["formal", "playful"], "our bike"),
        (
            "Create a slogan for a tea shop in a casual, witty and bold style.",
            ["casual", "witty", "bold"],
            "a tea shop",
        ),
        ("Draft an email about the move (styles: sober, warm)", ["sober", "warm"], "the move"),
        ("Please write about tea", ["formal", "conversational", "concise"], "tea"),
        ("Describe our lamp in a friendly tone", ["friendly", "formal"], "our lamp"),
        ("Announce the fair. Please in three different versions.", ["formal", "conversational", "concise"], "the fair"),
        ("I need a tagline for my bakery", ["formal", "conversational", "concise"], "my bakery"),
        ("Write a tweet announcing our café", ["formal", "conversational", "concise"], "our café"),
        ("Bitte einen Text zum Fahrrad", ["formal", "conversational", "concise"], "“Bitte einen Text zum Fahrrad”"),
    ],
)
async def test_the_styles_that_the_task_names(task: str, kinds: list[str], subject: str) -> None:
    result = await run(task)
    assert [one["type"] for one in result["worker_results"]] == kinds
    assert all(subject.lower() in one["result"].lower() for one in result["worker_results"])
    title = subject.lower().removeprefix("a ").removeprefix("the ")
    assert result["final"].lower().startswith(f"# {title}\n")


async def test_styles_beyond_max_subtasks_are_reported() -> None:
    result = await run("Write formal, casual, playful and concise variations of a text about tea")
    assert len(result["worker_results"]) == 3
    assert [one["error"]["kind"] for one in result["failures"]] == ["max_subtasks"]
    assert "**concise**: not included" in result["final"]
    one = await run("Write about tea", max_subtasks=1)
    assert [part["type"] for part in one["worker_results"]] == ["formal"]


async def test_prompts_of_ones_own_work_offline() -> None:
    own = {"plan_prompt": f"{OWN_PLAN} $context", "worker_prompt": OWN_WORK, "combine_prompt": OWN_COMBINE}
    assert (await run(BOTTLE["task"], BOTTLE["context"], **own))["final"] == (await graph.ainvoke(BOTTLE))["final"]


NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True).filter(lambda name: name not in BUILTINS)
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=30) | st.sampled_from(["v2", "100 a minute."])
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3))
WORDS = st.lists(
    st.sampled_from(
        [
            "Write",
            "in",
            "with",
            "formal,",
            "and",
            "styles",
            "sections:",
            "summary",
            ".",
            "(",
            "about",
            "for",
            "docs",
            "tea",
        ]
    )
    | st.text(),
    min_size=1,
    max_size=15,
).map(" ".join)


@pytest.mark.parametrize("trade", list(TRADES))
@given(task=WORDS.filter(str.strip), context=st.dictionaries(NAMES, VALUES, max_size=4), most=st.integers(1, 5))
@example(task="sections: \x08", context={}, most=1)
@example(task="Write about tea (styles: \u3164, bold)", context={"a": "{0} $b", "b": [{"c": 1}]}, most=3)
@settings(max_examples=60, deadline=None)
def test_any_task_is_planned_written_and_combined(trade: str, task: str, context: Any, most: int) -> None:
    who = TRADES[trade]
    planned = Plan.model_validate(who.plan(task=task, context=context, max_subtasks=most))
    assert planned == Plan.model_validate(who.plan(task=task, context=context, max_subtasks=most))
    parts = []
    for subtask in planned.subtasks:
        text = who.work(task=task, context=context, type=subtask.type, description=subtask.description, needs=[])
        assert text.strip()
        for value in context.values():
            if isinstance(value, str | int) and not isinstance(value, bool):
                assert phrase(value).casefold() in text.casefold()
        parts.append({"id": subtask.id, "heading": subtask.type, "text": text, "missing": ""})
    document = who.combine(task=task, context=context, analysis=planned.analysis, parts=parts)
    assert problems(Document.model_validate(document), parts) == []  # type: ignore[arg-type]


def test_each_style_has_a_voice_of_its_own() -> None:
    known = {**BOTTLE["context"], "price_eur": 29.9, "launch": {"date": "1 March", "city": "Graz"}}
    for context in (known, {}):
        texts = {write_variation("a bottle", style, context) for style in VOICES}
        assert len(texts) == len(VOICES)
    for style in VOICES:
        assert "rice EUR: 29.9; launch: date: 1 March, city: Graz" in write_variation("a bottle", style, known)


def test_what_tells_the_writer_how_to_write_is_not_told_the_readers() -> None:
    context = {"tone": "warm", "max_words": 50, "dont_mention": "rivals", "seo_keywords": ["x"], "discount": None}
    assert write_variation("tea", "formal", {**context, "origin": "Assam"}) == (
        "We are pleased to present tea. Further particulars: origin: Assam."
    )
