"""Workers that begin while the plan is still on its way, as the wire sees it."""

from __future__ import annotations

from typing import Any

import pytest
from langgraph.runtime import Runtime

from fanloom import Context, LLMStep, OutputModel, new_run
from tests.wire.provider import FakeProvider, Reply, Request
from tests.wire.steps import PLAIN, QUESTION, State, asked, asks, fan_out, run

TASKS = [f"task {number}" for number in range(6)]


class Plan(OutputModel):
    """The tasks."""

    items: list[str]


PLAN = LLMStep("plan", PLAIN.prompt, Plan, role="planner")


def graph_of(*, eager: bool, most: int = len(TASKS)) -> Any:
    async def plan(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
        return {**new_run(), "items": (await PLAN.run(runtime, question=QUESTION)).items[:most]}

    return fan_out(asks, plan, eager=eager)


def writes_slowly(request: Request) -> Reply:
    if request.schema is None:
        return Reply(f"{asked(request)} is done")
    return Reply(data={"items": TASKS}, pieces=24, pause=0.05)


@pytest.mark.parametrize("sync", [False, True], ids=["async", "sync"])
async def test_the_workers_ask_before_the_planner_has_ended(wire: FakeProvider, both: str, sync: bool) -> None:
    wire.reply = writes_slowly
    result = await run(graph_of(eager=True), {}, sync, model=both)
    planner, *workers = wire.requests
    assert planner.streaming
    assert [each["result"] for each in result["outcomes"]] == [f"{task} is done" for task in TASKS]
    assert sum(worker.started < (planner.ended or 0) for worker in workers) >= 4
    assert len(workers) == len(TASKS)
    waits = await run(graph_of(eager=False), {}, sync, model=both)
    assert len(wire.requests) == 2 * (len(TASKS) + 1)
    assert [{**each, "seconds": 0} for each in waits["outcomes"]] == [
        {**each, "seconds": 0} for each in result["outcomes"]
    ]
    assert result["usage"]["model_calls"] == len(TASKS) + 1
    assert result["usage"]["estimated_calls"] == waits["usage"]["estimated_calls"]


async def test_what_the_plan_does_not_have_is_cancelled_at_the_socket(wire: FakeProvider, both: str) -> None:
    def reply(request: Request) -> Reply:
        said = writes_slowly(request)
        return Reply("never", latency=3600) if asked(request) in TASKS[3:] else said

    wire.reply = reply
    result = await run(graph_of(eager=True, most=3), {}, False, model=both)
    assert [each["status"] for each in result["outcomes"]] == ["done"] * 3
    await wire.auntil(lambda provider: provider.in_flight == 0, timeout=8)
    assert result["usage"]["unanswered_calls"] == len(wire.requests) - 4 > 0
