from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from pydantic import Field

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
from fanloom.attempts import _wait
from fanloom.errors import MissingCredentials, PromptError
from fanloom.usage import METER, Meter
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
    # Tenacity's own sleep is bound when its class is made: there is nothing to patch.
    monkeypatch.setattr("fanloom.attempts._wait", lambda state: 0.0)


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
    with pytest.raises(ModelRefused):
        await step.run(run_of(refused, fallback_model=script(good)), question="?")
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


async def test_a_model_that_is_down_is_left_out_for_a_while(prompt: Prompt) -> None:
    step = LLMStep("ask", prompt, str)
    dead, spare = script(ConnectionError("down")), script("yes")
    run = run_of(dead, fallback_model=spare, max_attempts=1)
    for _ in range(9):
        assert await step.run(run, question="?") == "yes"
    assert (len(dead.asked), len(spare.asked)) == (5, 9)


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


def test_the_wait_follows_the_servers_hint() -> None:
    hinted = Throttled("x")
    hinted.headers = {"Retry-After": "7"}  # type: ignore[attr-defined]

    def state(error: Exception) -> Any:
        return SimpleNamespace(outcome=SimpleNamespace(exception=lambda: error), attempt_number=2)

    unavailable = ModelUnavailable("x")
    unavailable.__cause__ = hinted
    assert _wait(state(unavailable)) == 7
    assert _wait(state(BadModelOutput("x"))) == 0
    assert 0 <= _wait(state(ModelUnavailable("x"))) <= 20
