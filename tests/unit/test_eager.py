"""Workers that begin while the plan is still written, and the whole plan, which decides."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from time import perf_counter
from typing import Any

import langgraph.graph as lg
import pytest
from langchain_core.language_models.chat_models import agenerate_from_stream
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START
from langgraph.runtime import Runtime
from langgraph.types import Command, interrupt

from fanloom import Context, LLMStep, OutputModel, Prompt, RunState, StateGraph, add_fan_out, effect_key
from fanloom.errors import GraphError, RunError
from fanloom.gateway.streaming.item_stream import whole_items
from tests.fakes import ScriptedModel

PIECE_S = 0.05


class WritingModel(ScriptedModel):
    """Writes a plan piece by piece, where `|` cuts it; `!` breaks it off."""

    async def _astream(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        text = "\n".join(message.text for message in messages)
        self.asked.append(text)
        reply, tools = self.reply(text), kwargs.get("tools")
        for number, piece in enumerate(reply.split("|")):
            if piece == "!":
                raise RunError("the plan breaks off", kind="server_error")
            usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2} if number == 0 else None
            calls = [_call(piece, tools[0]["function"]["name"] if number == 0 else None)] if tools else []
            yield ChatGenerationChunk(
                message=AIMessageChunk("" if tools else piece, tool_call_chunks=calls, usage_metadata=usage)
            )
            await asyncio.sleep(PIECE_S)

    async def _agenerate(self, *args: Any, **kwargs: Any) -> ChatResult:
        return await agenerate_from_stream(self._astream(*args, **kwargs))


def _call(piece: str, name: str | None) -> Any:
    return tool_call_chunk(name=name, args=piece, id=name, index=0)


class Plan(OutputModel):
    """What is to be done."""

    items: list[str]


class State(RunState, total=False):
    items: list[Any]
    text: str


PLAN = LLMStep("plan", Prompt.of_text("plan", "Plan."), Plan, role="planner")
WORK = LLMStep("work", Prompt.of_text("work", "Do $item."), str)
THREE = '{"items": ["a"|, "b"|, "c"|]|}'


async def plan(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    return {"items": (await PLAN.run(runtime)).items}


async def join(state: State) -> dict[str, Any]:
    return {}


class Work:
    """A worker that notes when it begins and ends, on the clock of the run."""

    def __init__(self, seconds: float = 0.0, then: Callable[..., Any] | None = None) -> None:
        self.seconds, self.then = seconds, then
        self.begun: list[tuple[str, float]] = []
        self.ended: list[str] = []

    async def __call__(self, state: dict[str, Any], runtime: Runtime[Context]) -> Any:
        self.begun.append((state["item"], perf_counter()))
        await asyncio.sleep(self.seconds)
        found = await self.then(state, runtime) if self.then else state["item"].upper()
        self.ended.append(state["item"])
        return found


def graph_of(work: Any, plan: Any = plan, *, eager: Any = True, saver: Any = None, **options: Any) -> Any:
    builder = StateGraph(State, context_schema=Context)
    builder.add_node("plan", plan)
    builder.add_node("join", join)
    builder.add_edge(START, "plan")
    add_fan_out(builder, "plan", over="items", join="join", worker="work", action=work, eager=eager, **options)
    builder.add_edge("join", END)
    return builder.compile(checkpointer=saver)


def context(reply: Any, **more: Any) -> dict[str, Any]:
    return {"model": WritingModel(reply=reply if callable(reply) else lambda _: reply), "max_attempts": 1, **more}


async def asked(state: dict[str, Any], runtime: Runtime[Context]) -> str:
    return await WORK.run(runtime, item=state["item"])


def results(result: dict[str, Any]) -> list[Any]:
    return [outcome["result"] for outcome in result["outcomes"]]


@pytest.mark.parametrize("is_sync", [False, True])
def test_a_worker_begins_before_the_plan_is_whole_and_its_work_is_done_once(is_sync: bool) -> None:
    work, ended = Work(0.1), []

    async def noted(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
        planned = await plan(state, runtime)
        ended.append(perf_counter())
        return planned

    graph = graph_of(work, noted)
    given = {"items": []}, None
    result = (
        graph.invoke(*given, context=context(THREE))
        if is_sync
        else asyncio.run(graph.ainvoke(*given, context=context(THREE)))
    )
    assert [item for item, _ in work.begun] == ["a", "b", "c"]
    assert all(at < ended[0] for _, at in work.begun)
    assert [outcome["task_id"] for outcome in result["outcomes"]] == ["items-1", "items-2", "items-3"]
    assert results(result) == ["A", "B", "C"]


def test_the_ledger_and_usage_are_those_of_a_run_that_waits() -> None:
    def reply(text: str) -> str:
        return THREE if text == "Plan." else "done"

    eager = graph_of(asked).invoke({"items": []}, context=context(reply))
    waits = graph_of(asked, eager=False).invoke({"items": []}, context=context(reply))
    for result in (eager, waits):
        for outcome in result["outcomes"]:
            outcome["seconds"] = 0
    assert eager["outcomes"] == waits["outcomes"]
    assert eager["usage"] == waits["usage"]
    assert results(eager) == ["done"] * 3
    assert eager["usage"]["model_calls"] == 4
    assert eager["outcomes"][0]["attempts"] == 1


def test_the_drawn_graph_is_the_same() -> None:
    assert graph_of(asked).get_graph().draw_mermaid() == graph_of(asked, eager=False).get_graph().draw_mermaid()


def test_what_the_whole_plan_does_not_have_is_cancelled_and_counted() -> None:
    async def slow(state: dict[str, Any], runtime: Runtime[Context]) -> str:
        said = await asked(state, runtime)
        await asyncio.sleep(0.3 if state["item"] == "b" else 0)
        return said

    async def fewer(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
        planned = (await PLAN.run(runtime)).items
        return {"items": [planned[0], planned[2]]}

    work = Work(then=slow)
    reply = lambda text: THREE if text == "Plan." else "done"  # noqa: E731
    result = graph_of(work, fewer).invoke({"items": []}, context=context(reply))
    assert [outcome["task_id"] for outcome in result["outcomes"]] == ["items-1", "items-2"]
    assert results(result) == ["done", "done"]
    # The second is another one than was begun under its id, so it was done anew.
    assert [item for item, _ in work.begun] == ["a", "b", "c", "c"]
    assert "b" not in work.ended
    assert result["usage"]["model_calls"] == 5


def test_nothing_goes_on_of_a_plan_that_breaks_off() -> None:
    work = Work(0.4)

    async def run() -> None:
        with pytest.raises(RunError):
            await graph_of(work).ainvoke({"items": []}, context=context('{"items": ["a"|, "b"|!'))
        await asyncio.sleep(0.6)

    asyncio.run(run())
    assert [item for item, _ in work.begun] == ["a", "b"]
    assert work.ended == []


def test_effects_wait_for_the_whole_plan_and_have_the_key_of_the_node() -> None:
    keys: dict[str, list[tuple[str, float]]] = {}
    ended = []

    async def effect(state: dict[str, Any], runtime: Runtime[Context]) -> str:
        key = await effect_key(runtime)
        keys.setdefault(state["item"], []).append((key, perf_counter()))
        return key

    async def noted(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
        planned = (await PLAN.run(runtime)).items
        ended.append(perf_counter())
        return {"items": planned[:2]}

    saver = InMemorySaver()
    config = {"configurable": {"thread_id": "1"}}
    graph = graph_of(Work(then=effect), noted, saver=saver)
    result = graph.invoke({"items": []}, config, context=context(THREE))
    assert sorted(keys) == ["a", "b"]
    assert all(len(given) == 1 and given[0][1] > ended[0] for given in keys.values())
    # The same as the key of the same task where its thread is forked, which no early work was done for.
    planned = next(each for each in graph.get_state_history(config) if each.next == ("work", "work"))
    fork = graph.update_state(planned.config, {"text": "changed"}, as_node="plan")
    forked = graph.invoke(None, fork, context=context(THREE))
    assert results(forked) == results(result)


def test_a_task_that_asks_a_person_asks_in_its_own_node() -> None:
    async def ask(state: dict[str, Any], runtime: Runtime[Context]) -> str:
        try:
            return str(interrupt(f"{state['item']}?"))
        except GraphError:
            return "swallowed"

    work = Work(then=ask)
    graph, config = graph_of(work, saver=InMemorySaver()), {"configurable": {"thread_id": "1"}}
    waiting = graph.invoke({"items": []}, config, context=context(THREE))
    assert sorted(each.value for each in waiting["__interrupt__"]) == ["a?", "b?", "c?"]
    answers = {each.id: each.value.upper() for each in waiting["__interrupt__"]}
    result = graph.invoke(Command(resume=answers), config, context=context(THREE))
    assert results(result) == ["A?", "B?", "C?"]


@pytest.mark.parametrize("is_ours", [True, False])
def test_a_graph_in_a_task_belongs_to_its_node(is_ours: bool) -> None:
    inner = StateGraph(State) if is_ours else lg.StateGraph(State)
    inner.add_node("one", lambda state: {"text": f"{state['text']}!"})
    inner.add_edge(START, "one")
    inner.add_edge("one", END)
    compiled = inner.compile()

    async def nested(state: dict[str, Any], runtime: Runtime[Context]) -> str:
        return str((await compiled.ainvoke({"text": state["item"]}))["text"])

    work = Work(then=nested)
    assert results(graph_of(work).invoke({"items": []}, context=context(THREE))) == ["a!", "b!", "c!"]


def test_what_the_planner_changes_is_seen_by_the_tasks_that_have_read_it() -> None:
    async def read(state: dict[str, Any], runtime: Runtime[Context]) -> str:
        return f"{state['item']}{state.get('text', '-')}"

    async def late(state: dict[str, Any], runtime: Runtime[Context]) -> str:
        await planned.wait()
        await asyncio.sleep(0.3)
        return f"{state['item']}{state.get('text', '-')}"

    async def wrote(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
        items = (await PLAN.run(runtime)).items
        planned.set()
        return {"items": items, "text": "!"}

    for then, times in ((read, 6), (late, 3)):
        planned = asyncio.Event()
        work = Work(then=then)
        result = graph_of(work, wrote).invoke({"items": [], "text": "?"}, context=context(THREE))
        assert results(result) == ["a!", "b!", "c!"]
        assert len(work.begun) == times


def test_no_more_begin_than_may_run() -> None:
    work = Work()
    result = graph_of(work).invoke({"items": []}, context=context(THREE, max_tasks=2))
    assert [outcome["status"] for outcome in result["outcomes"]] == ["done", "done", "skipped"]
    assert [item for item, _ in work.begun] == ["a", "b"]


def test_an_item_becomes_a_task_as_the_graph_says() -> None:
    async def named(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
        return {"items": numbered((await PLAN.run(runtime)).items)}

    def numbered(items: list[str]) -> list[dict[str, Any]]:
        return [{"task_id": f"q{number}", "item": item} for number, item in enumerate(dict.fromkeys(items), 1)]

    work = Work()
    result = graph_of(work, named, eager=numbered).invoke(
        {"items": []}, context=context('{"items": ["a"|, "a"|, "b"|]|}')
    )
    assert [outcome["task_id"] for outcome in result["outcomes"]] == ["q1", "q2"]
    assert [item for item, _ in work.begun] == ["a", "b"]


def test_a_failure_of_early_work_is_the_tasks_outcome() -> None:
    async def fails(state: dict[str, Any], runtime: Runtime[Context]) -> str:
        if state["item"] == "b":
            raise RunError("no", kind="negative")
        return "fine"

    work = Work(then=fails)
    result = graph_of(work).invoke({"items": []}, context=context(THREE))
    assert [outcome["status"] for outcome in result["outcomes"]] == ["done", "failed", "done"]
    assert len(work.begun) == 3


def test_a_run_that_is_cancelled_takes_its_early_work_with_it() -> None:
    work = Work(0.5)

    async def run() -> None:
        running = asyncio.create_task(graph_of(work).ainvoke({"items": []}, context=context(THREE)))
        while not work.begun:  # noqa: ASYNC110 - it is filled on the same loop
            await asyncio.sleep(0.001)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await asyncio.sleep(0.7)

    asyncio.run(run())
    assert work.begun
    assert work.ended == []


def test_a_run_that_stops_between_plan_and_tasks_leaves_no_work_behind() -> None:
    work = Work(0.5)

    async def run() -> None:
        graph = graph_of(work, saver=InMemorySaver())
        config = {"configurable": {"thread_id": "1"}}
        await graph.ainvoke({"items": []}, config, context=context(THREE), interrupt_before=["work"])
        await asyncio.sleep(0.7)
        assert work.ended == []
        result = await graph.ainvoke(None, config, context=context(THREE))
        assert results(result) == ["A", "B", "C"]

    asyncio.run(run())


def test_a_model_that_does_not_stream_is_waited_for() -> None:
    work = Work()
    model = ScriptedModel(reply=lambda _: {"items": ["a", "b"]})
    result = graph_of(work).invoke({"items": []}, context={"model": model})
    assert results(result) == ["A", "B"]
    assert len(work.begun) == 2


def test_it_has_to_be_asked_for_and_needs_a_planner_that_can() -> None:
    builder = StateGraph(State, context_schema=Context)
    with pytest.raises(GraphError, match="eager needs 'plan'"):
        add_fan_out(builder, "plan", over="items", join="join", worker="work", action=asked, eager=True)
    work = Work()
    graph_of(work, eager=False).invoke({"items": []}, context=(given := context(THREE)))
    assert len(given["model"].asked) == 1


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ('{"items": [', []),
        ('{"items": ["a', []),
        ('{"items": ["a"', ["a"]),
        ('{"items": ["a\\"', []),
        ('{"items": ["a",', ["a"]),
        ('{"items": ["a", "b', ["a"]),
        ('{"items": [1', []),
        ('{"items": [1, 2', [1]),
        ('{"items": [{"x": "a"', []),
        ('{"items": [{"x": "a"}', [{"x": "a"}]),
        ('{"items": [["a"]', [["a"]]),
        ('{"items": [["a"', []),
        ('{"items": [["a"],', [["a"]]),
        ('{"items": [{"x": ["a"]', []),
        ('{"items": [{"x": "]}"', []),
        ('{"other": ["a", "b"', []),
        ('{"items": "a"', []),
        ("no JSON", []),
        ('{"items": ["a, null', []),
        ('{"items": ["a", null, "b"', ["a", None, "b"]),
    ],
)
def test_an_item_is_whole_once_nothing_can_change_it(text: str, whole: list[Any]) -> None:
    assert whole_items(text, "items") == whole


@pytest.mark.parametrize(
    "bounds", [{"max_concurrency": 1}, {"cache_first": True}, {"max_model_calls": 2}, {"hedge": "auto"}]
)
def test_the_bounds_of_a_run_hold_for_early_work(bounds: dict[str, Any]) -> None:
    def reply(text: str) -> str:
        return THREE if text == "Plan." else "done"

    given = context(reply, **bounds)
    result = graph_of(asked).invoke({"items": []}, context=given)
    done = [outcome["status"] for outcome in result["outcomes"]].count("done")
    assert done == (1 if "max_model_calls" in bounds else 3)
    assert len(given["model"].asked) == done + 1


def test_the_log_tells_what_was_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(
        "fanloom.graph.eager_plan.record", lambda type, **fields: told.append(f"{type} {fields['task_id']}")
    )

    async def fewer(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
        return {"items": (await PLAN.run(runtime)).items[:1]}

    graph_of(Work(0.3), fewer).invoke({"items": []}, context=context(THREE))
    assert told == ["task.refused items-2", "task.refused items-3"]
