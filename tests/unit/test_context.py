from __future__ import annotations

from dataclasses import dataclass

import pytest

from fanloom import Context, InvalidContext
from fanloom.errors import InvalidSettings
from fanloom.settings import settings


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"modle": "offline"}, "no field 'modle'"),
        ({"model": "gemini-2.5-flash"}, "'model': unknown model 'gemini-2.5-flash': did you mean 'google_genai:"),
        ({"planner_model": 3}, "'planner_model'"),
        ({"max_concurrency": 0}, "'max_concurrency'"),
        ({"max_concurrency": 1001}, "'max_concurrency'"),
        ({"timeout_s": 0}, "'timeout_s'"),
        ({"timeout_s": float("nan")}, "'timeout_s'"),
        ({"timeout_s": "soon"}, "'timeout_s'"),
        ({"max_attempts": 0}, "'max_attempts'"),
        ({"max_tasks": 0}, "'max_tasks'"),
        ({"max_model_calls": -1}, "'max_model_calls'"),
        ({"max_cost_usd": -0.1}, "'max_cost_usd'"),
        ({"on_failure": "panic"}, "'on_failure'"),
    ],
)
def test_a_bad_field_is_refused_by_name(given: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidContext, match="context") as refused:
        Context(**given)
    assert said in str(refused.value)


def test_explicit_beats_environment_beats_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Context().model_for("worker") == "offline"
    monkeypatch.setenv("FANLOOM_MODEL", "google_genai:gemini-2.5-flash")
    assert Context().model_for("worker") == "google_genai:gemini-2.5-flash"
    assert Context(model="offline").model_for("worker") == "offline"
    assert Context(model="offline", worker_model="groq:x").model_for("worker") == "groq:x"
    assert Context(model="offline", worker_model="groq:x").model_for("planner") == "offline"


def test_it_is_made_from_whatever_a_run_was_given() -> None:
    @dataclass
    class Mine:
        timeout_s: float = 5
        customer: str = "x"

    same = Context(timeout_s=5)
    assert Context.of(same) is same
    assert Context.of({"timeout_s": 5}) == Context.of(Mine()) == same
    assert Context.of(None) == Context()


def test_an_empty_variable_counts_as_not_set_and_a_bad_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANLOOM_RPM", "")
    assert settings().rpm is None
    monkeypatch.setenv("FANLOOM_RPM", "many")
    with pytest.raises(InvalidSettings, match="FANLOOM_RPM='many'"):
        settings()


@pytest.mark.parametrize("given", ["google_genai:gemini-2.5-flash", 5, [1]])
def test_what_is_no_context_is_refused(given: object) -> None:
    with pytest.raises(InvalidContext, match="a context is a dict or a Context"):
        Context.of(given)


def test_the_fallback_comes_from_the_context_or_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Context().fallback() is None
    monkeypatch.setenv("FANLOOM_FALLBACK_MODEL", "groq:x")
    assert Context().fallback() == "groq:x"
    assert Context(fallback_model="offline").fallback() == "offline"
