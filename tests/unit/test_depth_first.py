"""A task in hand goes on before a new one begins: the rule by itself, in the limiter, in a run's slots, in a graph."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from math import inf
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph.graph import START
from langgraph.runtime import Runtime

from fanloom import Context, LLMStep, Prompt, RunState, StateGraph, add_fan_out, new_run, open_checkpointer
from fanloom.gateway.bounds.depth_first import DepthFirst
from fanloom.gateway.bounds.rate_rules import Limiter, Ticket
from fanloom.gateway.bounds.slots import Slots
from tests.fakes import ScriptedModel


@dataclass(eq=False)
class Task:
    name: str
    calls: int
    begun: float = inf
    answers: int = 0


class Simulation:
    """Runs of tasks, each of some calls one after the other, through one limiter; calls take the seconds given."""

    def __init__(self, width: int, runs: dict[str, list[int]], seconds: list[int]) -> None:
        self.limiter, self.seconds = Limiter(width), deque(seconds)
        self.tasks = {run: [Task(f"{run}{n}", calls) for n, calls in enumerate(each)] for run, each in runs.items()}
        self.now, self.answers = 0.0, 0
        self.flying: list[Any] = []
        self.begun: list[tuple[str, bool, set[str]]] = []
        self.waiting: dict[str, str] = {}
        for run, tasks in self.tasks.items():
            for task in tasks:
                self.ask(run, task)

    def ask(self, run: str, task: Task) -> None:
        self.waiting[task.name] = run
        ticket = Ticket(run, 0, lambda: self.begin(run, task, ticket), tasks=(task,))
        self.limiter.enter(ticket)

    def begin(self, run: str, task: Task, ticket: Ticket) -> bool:
        del self.waiting[task.name]
        in_hand = {name for name, its in self.waiting.items() if its == run and self.named(name).begun < inf}
        self.begun.append((run, task.begun == inf, in_hand))
        self.seconds.rotate(-1)
        heappush(self.flying, (self.now + self.seconds[0], len(self.begun), run, task, ticket))
        return True

    def named(self, name: str) -> Task:
        return next(task for tasks in self.tasks.values() for task in tasks if task.name == name)

    def step(self) -> None:
        """The next call ends; its place is given away before its task can ask again, as in the gateway."""
        self.now, _, run, task, ticket = heappop(self.flying)
        self.answers += 1
        task.answers += 1
        self.limiter.leave(ticket, 0, True)
        self.limiter.grant(self.now)
        if task.answers < task.calls:
            self.ask(run, task)
            self.limiter.grant(self.now)

    def play(self, answers: float = inf) -> None:
        self.limiter.grant(self.now)
        while self.flying and self.answers < answers:
            self.step()


PLANS = st.dictionaries(st.sampled_from("pqr"), st.lists(st.integers(1, 4), min_size=1, max_size=8), min_size=1)


@given(st.integers(1, 6), PLANS, st.lists(st.integers(1, 9), min_size=1, max_size=7))
def test_no_new_task_begins_while_one_in_hand_waits(width: int, runs: dict[str, list[int]], seconds: list[int]) -> None:
    played = Simulation(width, runs, seconds)
    played.play()
    assert [new for _, is_new, new in played.begun if is_new and new] == []
    assert played.answers == sum(map(sum, runs.values()))
    assert not played.waiting


@given(st.integers(1, 4), st.integers(1, 30), st.integers(1, 4))
def test_a_run_with_many_tasks_does_not_starve_another(width: int, many: int, calls: int) -> None:
    played = Simulation(width, {"p": [calls] * many, "q": [calls]}, [1])
    played.play()
    turns = [run for run, _, _ in played.begun]
    # Of all calls that begin until the other run is done, it has every second one that it asks for.
    last = len(turns) - 1 - turns[::-1].index("q")
    assert Counter(turns[: last + 1])["p"] <= (calls + 1) * (width + 1)


def test_four_of_twelve_tasks_are_finished_after_nine_answers() -> None:
    played = Simulation(3, {"p": [2] * 12}, [1])
    played.play(answers=9)
    assert sum(task.answers == 2 for task in played.tasks["p"]) >= 4


@given(st.lists(st.tuples(st.sampled_from(["enter", "leave", "begin"]), st.integers(0, 3), st.integers(0, 3))))
def test_the_order_is_that_of_a_list_that_is_sorted_each_time(actions: list[tuple[str, int, int]]) -> None:
    outer = [Task(f"o{n}", 1) for n in range(4)]
    inner = {(a, b): Task(f"{a}.{b}", 1) for a in range(4) for b in range(4)}
    queue: DepthFirst[int] = DepthFirst()
    kept: dict[int, tuple[Task, Task]] = {}
    for number, (action, a, b) in enumerate(actions):
        if action == "enter":
            kept[number] = outer[a], inner[a, b]
            queue.enter(number, kept[number])
        elif kept:
            expected = min(kept, key=lambda call: ([task.begun for task in kept[call]], call))
            assert queue.first() == expected
            tasks = queue.leave(expected)
            assert tasks == kept.pop(expected)
            if action == "begin":
                queue.begun(tasks, number)
    assert len(queue) == len(kept)


async def test_the_slots_of_a_run_go_to_the_task_in_hand() -> None:
    slots, order = Slots(1), list[str]()
    old, new = Task("old", 2), Task("new", 1)

    async def call(task: Task, name: str) -> None:
        await slots.acquire((task,))
        order.append(name)

    await call(old, "first")
    waiting = [asyncio.create_task(call(new, "new")), asyncio.create_task(call(old, "again"))]
    await asyncio.sleep(0)
    slots.release()
    await waiting[1]
    slots.release()
    await waiting[0]
    assert order == ["first", "again", "new"]


class State(RunState, total=False):
    items: list[int]


# A call in a graph inside comes to the queue later or sooner than the next task, and one answer more may be needed.
@pytest.mark.parametrize(("nested", "answers"), [(False, 9), (True, 10)], ids=["flat", "nested"])
async def test_a_run_that_is_stopped_early_has_finished_what_it_began(
    nested: bool, answers: int, tmp_path: Path
) -> None:
    (tmp_path / "p.md").write_text("Do $item", encoding="utf-8")
    step = LLMStep("do", Prompt(tmp_path / "p.md"), str)

    answered: list[int] = []

    async def twice(state: Any, runtime: Runtime[Context]) -> Any:
        for number in range(2):
            await step.run(runtime, item="it")
            answered.append(number)

    inner = StateGraph(State, context_schema=Context)
    inner.add_node("twice", twice)
    inner.add_edge(START, "twice")
    inside = inner.compile()

    async def work(task: dict[str, Any], runtime: Runtime[Context]) -> Any:
        return await (inside.ainvoke({}) if nested else twice(task, runtime))

    async def plan(state: State) -> dict[str, Any]:
        return new_run()

    builder = StateGraph(State, context_schema=Context)
    builder.add_node("plan", plan)
    builder.add_node("join", lambda state: {})
    builder.add_edge(START, "plan")
    add_fan_out(builder, "plan", over="items", worker="work", action=work, join="join")

    calls: deque[asyncio.Future[None]] = deque()

    async def held() -> None:
        calls.append(asyncio.get_running_loop().create_future())
        await calls[-1]

    async def until(there: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(60):
            while not await there():  # noqa: ASYNC110 - the saver tells nobody
                await asyncio.sleep(0.001)

    async def three_in_flight() -> bool:
        return len(calls) == 3 and len(answered) == released

    async def four_are_kept() -> bool:
        stored: Any = await saver.aget_tuple(config)
        return sum(channel == "outcomes" for _, channel, _ in stored.pending_writes) >= 4

    released = 0
    model = ScriptedModel(reply=str, gate=held)
    config: Any = {"configurable": {"thread_id": "t"}}
    async with open_checkpointer(f"sqlite:///{tmp_path}/x.db") as saver:
        graph = builder.compile(checkpointer=saver)
        given, context = {"items": list(range(12))}, Context(model=model, max_concurrency=3)
        running = asyncio.create_task(graph.ainvoke(given, config, context=context))
        for _ in range(answers):
            await until(three_in_flight)
            calls.popleft().set_result(None)
            released += 1
        await until(four_are_kept)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        free = ScriptedModel(reply=str)
        result = await graph.ainvoke(None, config, context={"model": free})
    assert len(result["outcomes"]) == 12
    # At least four need not be paid for again.
    assert len(free.asked) <= 2 * (12 - 4)
