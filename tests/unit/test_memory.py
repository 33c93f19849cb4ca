"""Whatever belongs to a run is let go when the run ends: results, contexts, models, and what is kept for them."""

from __future__ import annotations

import ctypes
import gc
import importlib
import os
import weakref
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import langgraph.graph as lg
import pytest
from langchain_core.outputs import ChatResult
from langgraph.graph import START
from langgraph.runtime import Runtime
from pydantic import PrivateAttr, field_validator

from fanloom import (
    BadModelOutput,
    Context,
    LLMStep,
    OfflineChatModel,
    OutputModel,
    Prompt,
    RunState,
    StateGraph,
    add_fan_out,
    new_run,
)
from fanloom.gateway.bounds.budget import Budget
from fanloom.gateway.run_models import RunModels
from fanloom.graph.dependencies import PendingOutcomes
from fanloom.runs.current_run import Run
from tests.fakes import ScriptedModel

MB = 1_000_000
NUMBERS = count()
SOURCES = [{"title": "R", "content": "A product may be returned within 30 days. The refund takes 5 days."}]
FAQ = {"sources": SOURCES, "n_questions": 2}
WRITTEN = {"task": "Write about the Solar Lamp", "context": {"material": "steel"}}
SHIPPED: dict[str, Any] = {
    "faq_one_shot": FAQ,
    "faq_chain": FAQ,
    "faq_parallel": FAQ,
    "support_router": {"query": "I was charged twice"},
    "support_desk": {"query": "Where is my order A-12345? My blender BP-60704 is broken, I want to return it."},
    "content_variations": WRITTEN,
    "tech_docs": WRITTEN,
    "refine": {"task": "Write a slogan for a lamp.", "criteria": ["It is short."]},
}

KEPT = {Run, Budget, RunModels, PendingOutcomes}
# CI watches fewer, since an hour is too long for it.
SOAK_RUNS = int(os.environ.get("SOAK_RUNS", "5000"))


class Heavy(OfflineChatModel):
    """The offline model, with a megabyte of its own, and one in each of its answers."""

    _weight: str = PrivateAttr(default_factory=lambda: "x" * MB + str(next(NUMBERS)))

    async def _agenerate(self, *args: Any, **kwargs: Any) -> ChatResult:
        result = await super()._agenerate(*args, **kwargs)
        for generation in result.generations:
            generation.message.additional_kwargs["thoughts"] = "x" * MB + str(next(NUMBERS))
        return result


class State(RunState, total=False):
    items: list[Any]


def needing(kind: Any) -> Any:
    """A graph, of LangGraph's kind or of ours, in which one task needs the megabyte that another returns."""

    async def work(task: dict[str, Any], runtime: Runtime[Context]) -> str:
        return "x" * MB + f"{next(NUMBERS)}"

    builder = kind(State, context_schema=Context)
    builder.add_node("plan", lambda state: new_run())
    builder.add_node("join", lambda state: {})
    builder.add_edge(START, "plan")
    add_fan_out(builder, "plan", over="items", worker="work", action=work, join="join")
    return builder.compile()


def nested() -> Any:
    inner = needing(StateGraph)

    async def call(state: State) -> dict[str, Any]:
        await inner.ainvoke({"items": state["items"]})
        return {}

    builder = StateGraph(State, context_schema=Context)
    builder.add_node("call", call)
    builder.add_edge(START, "call")
    return builder.compile()


MADE = {
    "tasks that need others": lambda: needing(StateGraph),
    "a graph of LangGraph's": lambda: needing(lg.StateGraph),
    "a graph in a graph": nested,
}
PLAN = {"items": [{"task_id": "a"}, {"task_id": "b", "depends_on": ["a"]}]}


def graph_of(name: str) -> tuple[Any, Any]:
    if name in MADE:
        return MADE[name](), PLAN
    return importlib.import_module(f"graphs.{name}").graph, SHIPPED[name]


def run_once(graph: Any, given: Any) -> weakref.ref[Heavy]:
    model = Heavy()
    context = {"model": model, "max_model_calls": 50}
    if "query" in given and "customer_id" in str(graph.context_schema.model_fields):
        context["customer_id"] = "C-1001"
    graph.invoke(given, context=context)
    return weakref.ref(model)


def resident_mb() -> float:
    """Return what the process holds, without what it has freed and the allocator keeps for the next time."""
    ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / MB


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANLOOM_DATABASE_URL", f"sqlite:///{tmp_path}/desk.db")


@pytest.fixture(autouse=True, scope="module")
def what_was_here_before_is_not_looked_at() -> Iterator[None]:
    """Keep the collector off the hundreds of thousands of objects of everything that is imported."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def kept_of_runs() -> list[Any]:
    gc.collect()
    return [each for each in gc.get_objects() if type(each) in KEPT]


@pytest.mark.parametrize("name", [*SHIPPED, *MADE])
def test_nothing_of_a_run_is_left_when_it_has_ended(name: str) -> None:
    graph, given = graph_of(name)
    # Tests of the same process may have left theirs: pytest itself keeps what a failed one held.
    earlier = kept_of_runs()
    models = [run_once(graph, given) for _ in range(3)]
    gc.collect()
    # A run of LangGraph's own kind is let go when the next one begins.
    run_once(*graph_of("a graph of LangGraph's"))
    later = kept_of_runs()
    assert [model for model in models if model() is not None] == []
    left = [type(each).__name__ for each in later if not any(each is one for one in earlier)]
    # Those of that last run.
    assert left.count("Run") <= 1
    assert left.count("PendingOutcomes") <= 1
    assert left.count("Budget") == left.count("RunModels") == 0


class Refused(OutputModel):
    text: str

    @field_validator("text")
    @classmethod
    def never(cls, text: str) -> str:
        raise ValueError("never right")


def test_a_run_whose_answers_are_refused_by_a_validator_is_let_go(tmp_path: Path) -> None:
    (tmp_path / "p.md").write_text("Say it")
    step = LLMStep("say", Prompt(tmp_path / "p.md"), Refused)

    async def say(state: State, runtime: Runtime[Context]) -> Any:
        return await step.run(runtime)

    builder = StateGraph(State, context_schema=Context)
    builder.add_node("say", say)
    builder.add_edge(START, "say")
    graph = builder.compile()
    earlier = kept_of_runs()
    for _ in range(3):
        with pytest.raises(BadModelOutput, match="never right"):
            graph.invoke({}, context={"model": ScriptedModel(reply=lambda _: {"text": "x"})})
    assert [each for each in kept_of_runs() if not any(each is one for one in earlier)] == []


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("name", [*SHIPPED, *MADE])
def test_memory_stays_flat_over_thousands_of_runs(name: str) -> None:
    graph, given = graph_of(name)
    for _ in range(300):
        run_once(graph, given)
    gc.collect()
    before = resident_mb()
    for _ in range(SOAK_RUNS):
        run_once(graph, given)
    gc.collect()
    after = resident_mb()
    print(f"{name}: {before:.0f} MB before, {after:.0f} MB after {SOAK_RUNS:,} runs")
    assert after - before < 10
