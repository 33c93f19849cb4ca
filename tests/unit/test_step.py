from __future__ import annotations

import asyncio
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ParamValidationError
from langchain_core.messages import AIMessage
from langgraph.graph import StateGraph as PlainStateGraph
from pydantic import Field, model_validator

from fanloom import (
    BadModelOutput,
    BudgetExceeded,
    Context,
    LLMStep,
    ModelRefused,
    ModelUnavailable,
    OutputModel,
    Prompt,
)
from fanloom.errors import GraphError, MissingCredentials, MissingPackage, PromptError
from fanloom.gateway.bounds.process_limits import limits_of
from fanloom.gateway.failures.retry_after import hint_seconds
from fanloom.runs.usage import METER, Meter
from tests.fakes import Meeting, ScriptedModel


class Answer(OutputModel):
    """An answer."""

    text: str
    score: int = Field(ge=0, le=10)


class Throttled(Exception):
    status_code = 429


class Refused(Exception):
    status_code = 403


@pytest.fixture
def prompt(tmp_path: Path) -> Prompt:
    file = tmp_path / "ask.md"
    file.write_text("Ask <question>$question</question>", encoding="utf-8")
    return Prompt(file)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fanloom.gateway.model_turn.wait_s", lambda upcoming: 0.0)


def run_of(model: Any, **context: Any) -> Any:
    return SimpleNamespace(context=Context(model=model, **context), control=object())


def script(*replies: Any) -> ScriptedModel:
    left = list(replies)
    return ScriptedModel(reply=lambda _: left.pop(0) if len(left) > 1 else left[0])


async def test_a_text_and_a_typed_answer(prompt: Prompt) -> None:
    assert await LLMStep("ask", prompt, str).run(run_of(script(" yes ")), question="?") == "yes"
    typed = await LLMStep("ask", prompt, Answer).run(run_of(script({"text": "a", "score": 3})), question="?")
    assert typed == Answer(text="a", score=3)


async def test_a_wrong_variable_fails_before_any_call(prompt: Prompt) -> None:
    model = script("never")
    with pytest.raises(PromptError, match=r"\$question"):
        await LLMStep("ask", prompt, str).run(run_of(model), query="?")
    assert model.asked == []


async def test_every_role_must_be_usable_before_any_call(prompt: Prompt) -> None:
    model = script("never")
    run = run_of(model, worker_model="google_genai:gemini-2.5-flash")
    with pytest.raises(MissingCredentials, match="GOOGLE_API_KEY"):
        await LLMStep("ask", prompt, str, role="planner").run(run, question="?")
    assert model.asked == []


async def test_the_understudy_answers_offline_and_sees_raw_values(prompt: Prompt) -> None:
    step = LLMStep("ask", prompt, str, understudy=lambda question: question.upper())
    assert await step.run(question="<b>") == "<B>"
    typed = LLMStep("ask", prompt, Answer, understudy=lambda question: Answer(text=question, score=1))
    assert (await typed.run(question="x")).text == "x"
    assert (await LLMStep("ask", prompt, Answer).run(question="x")).text.startswith("[offline]")


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("understudies.desk:plan", "No module named 'understudies.desk'"),
        ("json:nothing", "no attribute 'nothing'"),
        ("string:digits", "it is no function but '0123456789'"),
        ("json", "neither a function nor a reference"),
        (":loads", "neither a function nor a reference"),
        ("..json:loads", "neither a function nor a reference"),
        (7, "neither a function nor a reference"),
    ],
)
async def test_an_understudy_that_is_not_there_is_told_with_its_step(prompt: Prompt, reference: Any, said: str) -> None:
    with pytest.raises(GraphError, match=f"step 'ask' has no understudy.*{re.escape(said)}.*leave it out"):
        await LLMStep("ask", prompt, str, understudy=reference).run(question="?")


@pytest.mark.parametrize(
    ("bad", "kind"),
    [
        ("prose", "not_data"),
        ("", "empty"),
        ({"text": "a", "score": 11}, "wrong_shape"),
        (AIMessage("", response_metadata={"stopReason": "guardrail_intervened"}), "blocked"),
        (AIMessage("", response_metadata={"prompt_feedback": {"block_reason": 1}}), "blocked"),
        (AIMessage("", response_metadata={"finish_reason": "MALFORMED_FUNCTION_CALL"}), "malformed"),
    ],
)
async def test_a_bad_answer_is_asked_for_once_more_and_then_reported(prompt: Prompt, bad: Any, kind: str) -> None:
    step = LLMStep("ask", prompt, Answer)
    mended = script(bad, {"text": "a", "score": 1})
    assert (await step.run(run_of(mended), question="?")).score == 1
    assert "could not be used" in mended.asked[1]
    assert mended.asked[1].startswith(mended.asked[0])
    hopeless = script(bad)
    with pytest.raises(BadModelOutput, match="ask: ScriptedModel gave") as failed:
        await step.run(run_of(hopeless, max_attempts=5), question="?")
    assert failed.value.kind == kind
    assert len(hopeless.asked) == 2


@pytest.mark.parametrize(
    "good",
    [
        '{"text": "a", "score": 1}',
        '```json\n{"text": "a", "score": 1}\n```',
        {"text": "a", "score": "1"},
        {"text": "[1] see", "score": 1},
    ],
)
async def test_data_is_taken_from_wherever_it_stands(prompt: Prompt, good: Any) -> None:
    answer = await LLMStep("ask", prompt, Answer).run(run_of(script(good)), question="?")
    assert answer.score == 1


async def test_what_can_succeed_later_is_tried_again_and_the_rest_is_not(prompt: Prompt) -> None:
    step = LLMStep("ask", prompt, str)
    patient = script(Throttled("slow down"), ConnectionError("reset"), "yes")
    assert await step.run(run_of(patient), question="?") == "yes"
    assert len(patient.asked) == 3
    tired = script(Throttled("slow down"))
    with pytest.raises(ModelUnavailable, match="more than the quota") as failed:
        await step.run(run_of(tired, max_attempts=2), question="?")
    assert (failed.value.kind, len(tired.asked)) == ("throttled", 2)
    refused = script(Refused("no"))
    with pytest.raises(ModelRefused, match="access"):
        await step.run(run_of(refused), question="?")
    assert len(refused.asked) == 1
    defect = script(KeyError("bug"))
    with pytest.raises(KeyError):
        await step.run(run_of(defect), question="?")
    assert len(defect.asked) == 1


async def test_a_request_that_the_client_itself_refuses_is_a_refused_one(prompt: Prompt) -> None:
    model = script(ParamValidationError(report="Invalid length for parameter"))
    with pytest.raises(ModelRefused, match=r"does not fit this model.*Invalid length") as failed:
        await LLMStep("ask", prompt, str).run(run_of(model), question="?")
    assert (failed.value.kind, len(model.asked)) == ("bad_request", 1)


async def test_a_call_ends_at_its_time_out(prompt: Prompt) -> None:
    async def for_ever() -> None:
        await asyncio.Event().wait()

    model = ScriptedModel(reply=str, gate=for_ever)
    with pytest.raises(ModelUnavailable) as failed:
        await LLMStep("ask", prompt, str).run(run_of(model, timeout_s=0.01, max_attempts=2), question="?")
    assert (failed.value.kind, len(model.asked)) == ("timeout", 2)


async def test_calls_of_one_run_keep_within_its_bound(prompt: Prompt) -> None:
    model = ScriptedModel(reply=lambda _: "x", gate=Meeting(3))
    run = run_of(model, max_concurrency=3)
    step = LLMStep("ask", prompt, str)
    await asyncio.gather(*(step.run(run, question=str(n)) for n in range(20)))
    assert model.peak == 3


async def test_what_is_used_is_counted_also_for_bad_answers(prompt: Prompt) -> None:
    meter = Meter()
    token = METER.set(meter)
    await LLMStep("ask", prompt, Answer).run(run_of(script("prose", {"text": "a", "score": 1})), question="?")
    METER.reset(token)
    assert meter.usage["model_calls"] == 2
    assert meter.usage["by_model"]["ScriptedModel"]["input_tokens"] == 20
    assert meter.attempts == 2


class Roomy(ScriptedModel):
    max_tokens: int | None = None
    given: list[Any] = []
    profile: Any = {"max_output_tokens": 9000}

    async def _agenerate(self, *args: Any, **options: Any) -> Any:
        self.given.append(options.get("max_tokens"))
        return await super()._agenerate(*args, **options)


async def test_a_truncated_answer_is_asked_for_with_more_room_up_to_the_models_own(prompt: Prompt) -> None:
    cut = AIMessage('{"text": "a", "score": 1}', response_metadata={"finish_reason": "MAX_TOKENS"})
    model = Roomy(reply=lambda _: cut, given=[])
    with pytest.raises(BadModelOutput, match="cut off") as failed:
        await LLMStep("ask", prompt, str).run(run_of(model, max_attempts=9), question="?")
    assert failed.value.kind == "truncated"
    assert model.given == [None, 4096, 8192, 9000]
    assert len(set(model.asked)) == 1
    with pytest.raises(BadModelOutput, match="cut off"):
        await LLMStep("ask", prompt, Answer).run(run_of(script(cut)), question="?")


class Listed(OutputModel):
    """Answers."""

    answers: list[Answer]


async def test_the_fallback_answers_when_the_first_stays_bad_or_away(prompt: Prompt) -> None:
    step = LLMStep("ask", prompt, Answer)
    good = {"text": "a", "score": 1}
    for trouble, calls in ((Throttled("x"), 3), ("prose", 2)):
        first, second = script(trouble), script(trouble, good)
        run = run_of(first, fallback_model=second)
        assert (await step.run(run, question="?")).text == "a"
        assert (len(first.asked), len(second.asked)) == (calls, 2)
    refused = script(Refused("x"))
    assert (await step.run(run_of(refused, fallback_model=script(good)), question="?")).text == "a"
    with pytest.raises(ModelRefused):
        await step.run(run_of(refused, fallback_model=script(good), on_auth_error="fail"), question="?")
    with pytest.raises(BadModelOutput, match=r"more than the quota.*And then: .*cannot be used"):
        await step.run(run_of(script(Throttled("x")), fallback_model=script("prose")), question="?")


async def test_the_valid_items_of_a_list_are_kept_at_last(prompt: Prompt) -> None:
    items = [{"text": "a", "score": 1}, {"text": "b", "score": 99}, {"text": "c", "score": 3}]
    model = script({"answers": items})
    kept = await LLMStep("ask", prompt, Listed).run(run_of(model), question="?")
    assert [answer.text for answer in kept.answers] == ["a", "c"]
    assert "answers.1.score" in kept.dropped[0]
    assert len(model.asked) == 2
    with pytest.raises(BadModelOutput):
        await LLMStep("ask", prompt, Listed).run(run_of(script({"answers": items[1:2]})), question="?")


@pytest.mark.parametrize("best", [0, 1])
async def test_of_several_bad_answers_the_one_with_the_most_valid_items_is_kept(prompt: Prompt, best: int) -> None:
    good, bad = {"text": "a", "score": 1}, {"text": "b", "score": 99}
    replies = [{"answers": [good, bad]}, {"answers": [bad]}]
    replies[best] = {"answers": [good, good, bad]}
    kept = await LLMStep("ask", prompt, Listed).run(run_of(script(*replies)), question="?")
    assert len(kept.answers) == 2
    # Of equal ones the later is kept, which knew what was wrong with the first.
    replies = [{"answers": [{**good, "text": text}, bad]} for text in ("first", "second")]
    kept = await LLMStep("ask", prompt, Listed).run(run_of(script(*replies)), question="?")
    assert [answer.text for answer in kept.answers] == ["second"]


async def test_a_model_that_is_down_is_left_out_for_a_while(prompt: Prompt) -> None:
    step = LLMStep("ask", prompt, str)
    dead, spare = script(ConnectionError("down")), script("yes")
    run = run_of(dead, fallback_model=spare, max_attempts=1)
    for _ in range(9):
        assert await step.run(run, question="?") == "yes"
    assert (len(dead.asked), len(spare.asked)) == (5, 9)


async def test_calls_that_wait_leave_a_model_that_goes_down_meanwhile(prompt: Prompt) -> None:
    step = LLMStep("ask", prompt, str)
    dead, spare = script(ConnectionError("down")), script("yes")
    run = run_of(dead, fallback_model=spare, max_concurrency=2, max_attempts=4)
    assert await asyncio.gather(*(step.run(run, question=str(n)) for n in range(40))) == ["yes"] * 40
    # Five failures in a row open the breaker, and a second call was in flight then.
    assert 5 <= len(dead.asked) <= 6
    assert len(spare.asked) == 40


async def test_calls_at_the_limiter_leave_a_model_that_goes_down_meanwhile(
    prompt: Prompt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FANLOOM_MAX_CONCURRENCY", "1")
    step = LLMStep("ask", prompt, str)
    dead, spare = script(ConnectionError("down")), script("yes")
    runs = [run_of(dead, fallback_model=spare, max_attempts=1, max_model_calls=3) for _ in range(20)]
    assert await asyncio.gather(*(step.run(run, question="?") for run in runs)) == ["yes"] * 20
    assert (len(dead.asked), len(spare.asked)) == (5, 20)


async def test_a_model_that_is_down_is_not_waited_for(prompt: Prompt, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[str] = []
    monkeypatch.setattr("fanloom.gateway.model_turn.wait_s", lambda upcoming: waits.append(upcoming.kind) or 0.0)
    step = LLMStep("ask", prompt, str)
    dead, spare = script(ConnectionError("down")), script("yes")
    run = run_of(dead, fallback_model=spare, max_attempts=9)
    assert await step.run(run, question="?") == "yes"
    # After the fifth failure it is known to be down.
    assert (waits, len(dead.asked)) == (["retry"] * 4, 5)
    limits_of("ScriptedModel", dead).cool_down(60)
    async with asyncio.timeout(20):
        assert await step.run(run, question="?") == "yes"
    assert len(dead.asked) == 5


async def test_when_the_fallback_of_a_model_that_is_down_fails_too_both_are_named(
    prompt: Prompt, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With a width that is given none is looked for, which would wait between refusals.
    monkeypatch.setenv("FANLOOM_MAX_CONCURRENCY", "8")
    step = LLMStep("ask", prompt, str)
    run = run_of(script(ConnectionError("down")), fallback_model=script(Throttled("busy")), max_attempts=5)
    for words in ("the connection failed.*And then: .*quota", "several times in a row.*And then: .*quota"):
        with pytest.raises(ModelUnavailable, match=words):
            await step.run(run, question="?")


async def test_an_error_that_is_being_handled_says_nothing_about_a_call(prompt: Prompt) -> None:
    step = LLMStep("ask", prompt, str)
    model = script(ConnectionError("reset"), "yes")
    try:
        raise Refused("another call's")
    except Refused:
        assert await step.run(run_of(model), question="?") == "yes"
        with pytest.raises(ModelUnavailable) as failed:
            await step.run(run_of(script(ConnectionError("reset")), max_attempts=1), question="?")
    assert failed.value.kind == "connection"


def said(reason: str | None, **parts: Any) -> AIMessage:
    return AIMessage(response_metadata={"finish_reason": reason, "model_provider": "google_genai"}, **parts)


@pytest.mark.parametrize("reason", ["OTHER", "NO_IMAGE", "TOO_MANY_TOOL_CALLS", "CONTINUATION"])
async def test_an_answer_that_ended_for_any_other_reason_is_not_whole(prompt: Prompt, reason: str) -> None:
    model = script(said(reason, content="The first half of"), said("STOP", content="whole"))
    assert await LLMStep("ask", prompt, str).run(run_of(model), question="?") == "whole"
    with pytest.raises(BadModelOutput, match=f"before it was whole.*{reason.lower()}"):
        await LLMStep("ask", prompt, str).run(run_of(script(said(reason, content="half"))), question="?")


async def test_a_tool_call_without_an_end_is_a_stream_that_was_cut_off(prompt: Prompt) -> None:
    call = {"name": "Answer", "args": {"text": "a", "score": 1}, "id": "1"}
    model = script(said(None, content="", tool_calls=[call]))
    with pytest.raises(ModelUnavailable, match="ScriptedModel: the answer ended before") as failed:
        await LLMStep("ask", prompt, Answer).run(run_of(model), question="?")
    assert (failed.value.kind, len(model.asked)) == ("connection", 3)


@pytest.mark.parametrize("answer", ["[" * 100_000, '{"text": ' + "[" * 400 + "]" * 400 + "}"])
async def test_an_answer_that_is_nested_without_end_is_a_bad_one(prompt: Prompt, answer: str) -> None:
    with pytest.raises(BadModelOutput) as failed:
        await LLMStep("ask", prompt, Answer).run(run_of(script(answer)), question="?")
    assert failed.value.kind in ("not_data", "wrong_shape")


HINTS = {
    "0": 0,
    "-5": 0,
    "1e400": float("inf"),
    "nan": 0,
    "soon": None,
    "": None,
    "Wed, 21 Oct 2015 07:28:00 GMT": 0,
    "Mon, 01 Jan 0001 00:00:00 -0000": 0,
    "Fri, 99 Nov 2026 07:28:00 GMT": None,
}


@pytest.mark.parametrize("hint", HINTS)
def test_a_hint_may_be_anything(hint: str) -> None:
    error = Throttled("x")
    error.headers = {"Retry-After": hint}  # type: ignore[attr-defined]
    assert hint_seconds(error) == HINTS[hint]


@pytest.mark.parametrize("details", [5, "x", [], {"error": 5}, {"error": {"details": 5}}, {"details": [5, None]}])
def test_details_that_hold_no_hint_give_none(details: Any) -> None:
    error = Throttled("x")
    error.details = details  # type: ignore[attr-defined]
    assert hint_seconds(error) is None


@pytest.mark.parametrize(
    ("budget", "calls"), [({"max_model_calls": 3}, 3), ({"max_total_tokens": 40}, 3), ({"max_model_calls": 0}, 0)]
)
async def test_a_budget_stops_new_calls(prompt: Prompt, budget: dict[str, int], calls: int) -> None:
    model = script("x")
    run = run_of(model, **budget)
    step = LLMStep("ask", prompt, str)
    results = await asyncio.gather(*(step.run(run, question="?") for _ in range(6)), return_exceptions=True)
    spent = [error for error in results if isinstance(error, BudgetExceeded)]
    assert (len(model.asked), len(spent)) == (calls, 6 - calls)
    assert all(next(iter(budget)) in str(error) for error in spent)


async def test_a_budget_of_calls_counts_what_was_sent_in_vain_and_says_what_came_of_it(prompt: Prompt) -> None:
    model = script(ConnectionError("down"))
    step = LLMStep("ask", prompt, str)
    with pytest.raises(BudgetExceeded, match=r"max_model_calls=2; raise it.*the request before: .*down"):
        await step.run(run_of(model, max_model_calls=2), question="?")
    assert len(model.asked) == 2


async def test_the_first_call_over_a_shared_prefix_goes_alone_if_that_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "shared.md").write_text("<docs>$docs</docs>", encoding="utf-8")
    (tmp_path / "ask.md").write_text("Ask $q", encoding="utf-8")
    step = LLMStep("ask", Prompt(tmp_path / "shared.md", tmp_path / "ask.md"), str)
    others = Meeting(4)

    async def gate() -> None:
        # The first call finds nobody; the others cannot go on before all of them are there.
        if len(model.asked) > 1:
            await others()

    model = ScriptedModel(reply=lambda _: "x", gate=gate)
    run = run_of(model, cache_first=True)
    await asyncio.gather(*(step.run(run, docs="d", q=str(n)) for n in range(5)))
    assert model.peak == 4


class Balanced(OutputModel):
    """Two lists of the same length."""

    left: list[str]
    right: list[str]

    @model_validator(mode="after")
    def _same_length(self) -> Balanced:
        if len(self.left) != len(self.right):
            raise ValueError("left and right differ in length")
        return self


async def test_what_breaks_a_rule_of_the_whole_answer_cannot_be_kept_in_part(prompt: Prompt) -> None:
    model = script({"left": ["a"], "right": []}, {"left": ["a"], "right": []})
    with pytest.raises(BadModelOutput, match="differ in length"):
        await LLMStep("ask", prompt, Balanced).run(run_of(model), question="?")


async def test_an_understudy_names_the_package_that_it_lacks(
    prompt: Prompt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lacking_understudy.py").write_text("import a_package_that_is_nowhere\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    variables = dict.fromkeys(prompt.variables, "x")
    step = LLMStep("ask", prompt, str, understudy="lacking_understudy:answer")
    with pytest.raises(MissingPackage, match="needs the package 'a_package_that_is_nowhere': install it"):
        await step.run(run_of("offline"), **variables)
    with pytest.raises(GraphError, match="has no understudy 'nowhere_at_all:answer'"):
        await LLMStep("ask", prompt, str, understudy="nowhere_at_all:answer").run(run_of("offline"), **variables)


def test_a_plain_function_runs_a_step_in_both_worlds(prompt: Prompt) -> None:
    step = LLMStep("ask", prompt, str, understudy=lambda question: question.upper())

    def ask(state: dict[str, Any]) -> dict[str, Any]:
        return {"answer": step.run_sync(question=state["question"])}

    builder: Any = PlainStateGraph(dict)
    builder.add_node("ask", ask)
    builder.add_edge("__start__", "ask")
    graph = builder.compile()
    assert graph.invoke({"question": "why"}) == {"answer": "WHY"}
    assert asyncio.run(graph.ainvoke({"question": "why"})) == {"answer": "WHY"}
