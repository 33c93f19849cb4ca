"""What a run knows stands in the schema on every wire; where that is decoded by, nothing is asked for again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fanloom import Choices, Context, Count, LLMStep, OutputModel, Prompt
from fanloom.loops.background import run_in_background
from graphs import content_variations, faq_chain, faq_one_shot, faq_parallel, refine, support_desk
from nodes.support_desk.store import database
from tests import desk_writer, faq_writer, orchestrator_writer
from tests.refine_author import GIVEN, Author
from tests.wire.conftest import BEDROCK
from tests.wire.provider import FakeProvider, Request
from tests.wire.steps import PROMPTS

TITLES = [source["title"] for source in faq_writer.SOURCES]
FAQ = {"sources": faq_writer.SOURCES, "n_questions": 3}


@pytest.fixture
def decoding(wire: FakeProvider) -> FakeProvider:
    """Return the provider, which lets no model say what the schema does not have."""
    wire.decodes = True
    return wire


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give the support desk a database of its own."""
    monkeypatch.setenv("FANLOOM_DATABASE_URL", f"sqlite:///{tmp_path}/desk.db")
    yield
    run_in_background(database().close())


def telling(provider: FakeProvider, writer: Any) -> Any:
    provider.reply = lambda request: writer(request.text)
    return writer


def lying_faqs(count: int) -> dict[str, Any]:
    return {"faqs": [{"question": f"W{n}?", "answer": f"Tides to W{n}?", "sources": ["Mars"]} for n in range(count)]}


@pytest.mark.parametrize("made", [1, 9])
@pytest.mark.parametrize("module", [faq_parallel, faq_chain], ids=["parallel", "chain"])
async def test_the_faq_invents_no_title_and_has_as_many_questions_as_wanted(
    decoding: FakeProvider, both: str, module: Any, made: int
) -> None:
    questions = {"questions": [f"W{n}?" for n in range(made)]}
    writer = telling(decoding, faq_writer.Writer(generate=questions, find={"sources": ["Mars", "Tides"]}))
    result = await module.graph.ainvoke(FAQ, context={"model": both})
    assert (len(result["faqs"]), result["failures"]) == (3, [])
    assert {title for faq in result["faqs"] for title in faq["sources"]} <= set(TITLES)
    assert sorted(writer.calls) == ["answer"] * 3 + ["find"] * 3 + ["generate"]


async def test_the_one_shot_invents_no_title(decoding: FakeProvider, both: str) -> None:
    writer = telling(decoding, faq_writer.Writer(write=lying_faqs(5)))
    result = await faq_one_shot.graph.ainvoke(FAQ, context={"model": both})
    assert [faq["sources"] for faq in result["faqs"]] == [["Tides"]] * 3
    assert (writer.calls, result["failures"]) == (["write"], [])


async def test_an_orchestrator_plans_what_it_may_and_combines_what_is_there(decoding: FakeProvider, both: str) -> None:
    subtasks = [orchestrator_writer.subtask(name) for name in "abcd"]

    def lie(prompt: str) -> dict[str, Any]:
        document = orchestrator_writer.document(prompt)
        return {**document, "sections": [*document["sections"], {"id": "ghost", "text": "Boo."}]}

    writer = telling(decoding, orchestrator_writer.Writer(plan=orchestrator_writer.plan(*subtasks), combine=lie))
    context = {"model": both, "max_subtasks": 2}
    result = await content_variations.graph.ainvoke(orchestrator_writer.BOTTLE, context=context)
    assert writer.calls == ["plan", "work", "work", "combine"]
    assert result["failures"] == result["warnings"] == []
    assert "Boo" not in result["final"]


@pytest.mark.usefixtures("desk")
async def test_the_desk_names_only_what_the_customer_wrote(decoding: FakeProvider, both: str) -> None:
    def lie(prompt: str) -> dict[str, Any]:
        reply = desk_writer.honest(prompt)
        return {**reply, "parts": [*reply["parts"], {"id": "t9", "text": "Boo."}]}

    invented = desk_writer.plan(desk_writer.bill("INV-1"), desk_writer.where("#A-12345"))
    writer = telling(decoding, desk_writer.Writer(plan=invented, reply=lie))
    context: Any = {"model": both, "customer_id": "C-1001"}
    result = await support_desk.graph.ainvoke({"query": desk_writer.EXAMPLE}, context=context)
    assert set(writer.calls) <= {"plan", "concern", "reply"}
    assert writer.calls.count("plan") == writer.calls.count("reply") == 1
    # What the plan leaves out goes to a person; on Bedrock, without null, the decoder names the invoice twice.
    status = [] if both == BEDROCK else ["StatusUpdate"]
    assert [outcome["worker"] for outcome in result["outcomes"]] == ["BillingInquiry", *status, "Other"]
    handed_over = result["outcomes"][-1]["result"]["concern"]
    assert ("SuperWidget" in handed_over, "A-12345" in handed_over) == (True, both == BEDROCK)
    assert "INV-1 " not in result["response"]
    shown = json.dumps(decoding.requests[0].schema)
    assert '"INV-7890"' in shown
    assert '"A-12345"' in shown


@pytest.mark.usefixtures("desk")
async def test_a_message_without_a_number_leaves_no_number_to_name(wire: FakeProvider, both: str) -> None:
    telling(wire, desk_writer.Writer(plan=desk_writer.plan(desk_writer.bill(None))))
    context: Any = {"model": both, "customer_id": "C-1001"}
    result = await support_desk.graph.ainvoke({"query": "My last bill is too high!"}, context=context)
    (outcome,) = result["outcomes"]
    assert outcome["status"] == "needs_input"
    assert '"invoice_number": {' in json.dumps(wire.requests[0].schema)
    assert '"enum": []' not in json.dumps(wire.requests[0].schema)


async def test_an_evaluator_judges_each_criterion_and_no_other(decoding: FakeProvider, both: str) -> None:
    entries = [{"criterion": number, "met": True, "feedback": "Yes."} for number in (1, 2, 3, 9, 12)]
    telling(decoding, Author([{"feedback": entries, "verdict": "pass"}]))
    result = await refine.graph.ainvoke(GIVEN, context={"model": both})
    assert (result["accepted"], len(decoding.requests)) == (True, 2)
    feedback = decoding.requests[1].schema["properties"]["feedback"]  # type: ignore[index]
    assert (feedback["minItems"], feedback["maxItems"]) == (3, 3)
    assert feedback["items"]["properties"]["criterion"]["maximum"] == 3


async def test_one_schema_for_all_calls_of_a_step_in_a_run(wire: FakeProvider, both: str) -> None:
    telling(wire, faq_writer.Writer())
    await faq_parallel.graph.ainvoke({**FAQ, "n_questions": 12}, context={"model": both})
    found = [request for request in wire.requests if "was answered from" in request.text]
    assert len(found) == 12
    assert len({json.dumps(tools_of(request)) for request in found}) == 1
    assert found[0].schema["properties"]["sources"]["items"]["enum"] == TITLES  # type: ignore[index]


def tools_of(request: Request) -> Any:
    """Return what stands before the prompt, or in its place in the settings."""
    return request.body.get("toolConfig") or request.schema


async def test_many_long_titles_are_not_shown_and_still_checked(wire: FakeProvider, both: str) -> None:
    sources = [{"title": f"{number} {'x' * 480}", "content": "Tides to a question."} for number in range(1_000)]
    telling(wire, faq_writer.Writer(find={"sources": ["Mars"]}, again={"sources": [sources[7]["title"]]}))
    result = await faq_parallel.graph.ainvoke({"sources": sources, "n_questions": 1}, context={"model": both})
    assert result["faqs"][0]["sources"] == [sources[7]["title"]]
    shown = [json.dumps(request.schema) for request in wire.requests if request.schema]
    assert max(map(len, shown)) < 1_000
    assert not any("enum" in schema for schema in shown)


class Sources(OutputModel):
    """The documents."""

    titles: list[str]


async def test_what_a_provider_lets_pass_is_repaired_with_what_is_allowed(wire: FakeProvider, both: str) -> None:
    wire.reply = lambda request: {"titles": ["Tides" if "could not be used" in request.text else "Mars"]}
    step = LLMStep("ask", Prompt(PROMPTS / "ask.md"), Sources)
    runtime: Any = SimpleNamespace(context=Context(model=both), control=object())
    bounds = {"titles": Count(1, 1), "titles[]": Choices(TITLES)}
    answer = await step.within(bounds).run(runtime, question="?")
    assert answer == Sources(titles=["Tides"])
    first, second = wire.requests
    assert "titles.0: 'Mars' is not among 'Tides', 'R&D <2024>'" in second.text
    assert first.schema == second.schema
    shown: Any = first.schema["properties"]["titles"]  # type: ignore[index]
    assert (shown["minItems"], shown["maxItems"], shown["items"]["enum"]) == (1, 1, TITLES)
