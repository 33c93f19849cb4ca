"""What a run uses, what it may use, and what it reads from the providers' caches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.runtime import Runtime

from fanloom import BudgetExceeded, Context, RunError
from fanloom.runs.prices import cost_usd
from tests.wire.conftest import BEDROCK, GEMINI
from tests.wire.provider import FakeProvider, Reply, Request, malformed_tool, reset, status
from tests.wire.steps import GOOD, PLAIN, QUESTION, SHARED, TYPED, asked, asks, fan_out, one_step, run, side_by_side

in_both_worlds = pytest.mark.parametrize("sync", [False, True], ids=["async", "sync"])
MANY = fan_out(asks)


async def works(task: dict[str, Any], runtime: Runtime[Context]) -> str:
    """Make two calls, one typed and one plain."""
    answer = await TYPED.run(runtime, question=str(task["item"]))
    return await SHARED.run(runtime, question=str(task["item"]), documents=answer.answer)


async def reads(task: dict[str, Any], runtime: Runtime[Context]) -> str:
    """Ask a question about the documents."""
    return await SHARED.run(runtime, question=str(task["item"]), documents=task["documents"])


class Till:
    """Replies with a count of tokens of their own each, and adds up what was served."""

    def __init__(self) -> None:
        self.served: list[tuple[Request, Reply]] = []
        self.seen: dict[str, int] = {}
        self._numbers = count(1)

    def __call__(self, request: Request) -> Any:
        """Answer a question's first request badly in one of three ways, and the others well."""
        key = f"{request.provider} {asked(request)} {request.schema is None}"
        self.seen[key] = self.seen.get(key, 0) + 1
        if self.seen[key] == 1 and (trouble := self._trouble(int(asked(request)), request)):
            return self.serve(request, **trouble) if isinstance(trouble, dict) else trouble
        return self.serve(request, text="ok") if request.schema is None else self.serve(request, data=GOOD)

    def _trouble(self, number: int, request: Request) -> Any:
        troubles = [status(503), {"text": "x" if request.schema else ""}, {"text": "{", "finish": "max_tokens"}, None]
        if number % 4 == 2 and request.schema is not None:
            troubles[2] = {"data": GOOD, "finish": "max_tokens"}
        return troubles[number % 4]

    def serve(self, request: Request, **said: Any) -> Reply:
        """Make a reply and count it."""
        number = next(self._numbers)
        reply = Reply(input_tokens=100 + number, output_tokens=10 + 3 * number, cached_tokens=number, **said)
        self.served.append((request, reply))
        return reply

    def total(self, matches: Callable[[Request], bool] = lambda request: True) -> list[int]:
        """Return calls, input, output and cached tokens of what was served."""
        replies = [reply for request, reply in self.served if matches(request)]
        names = ("input_tokens", "output_tokens", "cached_tokens")
        return [len(replies), *(sum(getattr(reply, name) or 0 for reply in replies) for name in names)]


def told(usage: Any) -> list[int]:
    """Return the same of a usage."""
    return [usage[name] for name in ("model_calls", "input_tokens", "output_tokens", "cached_tokens")]


WAYS = ["ainvoke", "invoke", "messages"]


async def made(graph: Any, given: Any, way: str, **context: Any) -> dict[str, Any]:
    """Run a graph in one of three ways."""
    if way != "messages":
        return await run(graph, given, way == "invoke", **context)
    result: dict[str, Any] = {}
    async for mode, part in graph.astream(given, context=context, stream_mode=["messages", "values"]):
        result = part if mode == "values" else result
    return result


@pytest.mark.parametrize("way", WAYS)
async def test_usage_is_what_the_provider_counted(wire: FakeProvider, waits: list[float], both: str, way: str) -> None:
    wire.reply = till = Till()
    result = await made(fan_out(works), {"items": list(range(12))}, way, model=both)
    assert {outcome["status"] for outcome in result["outcomes"]} == {"done"}
    usage = result["usage"]
    assert told(usage) == told(usage["by_model"][both]) == till.total()
    assert list(usage["by_model"]) == [both]
    assert told(usage["by_step"]["ask"]) == told(usage)
    # Three of four tasks have trouble in both their calls; what failed with 503 was not answered.
    assert (len(wire.requests), usage["model_calls"]) == (12 * 2 + 9 * 2, 12 * 2 + 6 * 2)
    assert usage["cost_usd"] > 0
    assert {outcome["attempts"] for outcome in result["outcomes"]} == {1, 2}


@pytest.mark.parametrize("way", WAYS)
async def test_usage_with_a_fallback_is_that_of_both_models(wire: FakeProvider, waits: list[float], way: str) -> None:
    till = Till()

    def reply(request: Request) -> Any:
        return till.serve(request, text="prose") if request.provider == "gemini" else till.serve(request, data=GOOD)

    wire.reply = reply
    result = await made(one_step(TYPED), {"question": "1"}, way, model=GEMINI, fallback_model=BEDROCK)
    usage = result["usage"]
    assert told(usage) == till.total()
    assert told(usage["by_model"][GEMINI]) == till.total(lambda request: request.provider == "gemini")
    assert told(usage["by_model"][BEDROCK]) == till.total(lambda request: request.provider == "bedrock")
    assert [usage["by_model"][model]["model_calls"] for model in (GEMINI, BEDROCK)] == [2, 1]


@in_both_worlds
async def test_a_malformed_tool_call_is_paid_for_too(wire: FakeProvider, both: str, sync: bool) -> None:
    wire.reply = GOOD
    wire.enqueue(malformed_tool())
    assert (await run(one_step(TYPED), {"question": QUESTION}, sync, model=both))["usage"]["model_calls"] == 2


@in_both_worlds
async def test_a_failed_task_s_answers_are_counted(wire: FakeProvider, both: str, sync: bool) -> None:
    wire.reply = till = Till()
    till._trouble = lambda number, request: None  # type: ignore[method-assign]
    wire.enqueue(*[till.serve(None, text="") for _ in range(2)])  # type: ignore[arg-type]
    result = await run(MANY, {"items": [1, 2, 3]}, sync, model=both, max_concurrency=1)
    assert sorted(outcome["status"] for outcome in result["outcomes"])[0] == "done"
    assert told(result["usage"]) == till.total()


@in_both_worlds
async def test_a_budget_of_calls_is_kept_to_the_call(provider: FakeProvider, both: str, sync: bool) -> None:
    budget = {"max_model_calls": 10, "max_concurrency": 16}
    provider.reply = side_by_side(provider, 10)
    result = await run(MANY, {"items": list(range(30))}, sync, model=both, **budget)
    assert len(provider.requests) == result["usage"]["model_calls"] == 10
    # They were made side by side.
    assert provider.peak == 10
    skipped = [outcome["error"] for outcome in result["outcomes"] if outcome["status"] == "skipped"]
    assert len(skipped) == 20
    assert {error["kind"] for error in skipped} == {"budget"}
    assert all("max_model_calls=10" in error["message"] for error in skipped)
    assert sum(outcome["status"] == "done" for outcome in result["outcomes"]) == 10
    assert result["joined"]


@in_both_worlds
@pytest.mark.parametrize("fault", [status(503), reset(), status(400)], ids=["503", "reset", "400"])
async def test_a_budget_of_calls_bounds_what_is_sent_in_vain_too(
    wire: FakeProvider, waits: list[float], both: str, fault: Any, sync: bool
) -> None:
    wire.reply = fault
    result = await run(MANY, {"items": list(range(10))}, sync, model=both, max_model_calls=5, max_concurrency=4)
    assert len(wire.requests) == 5
    # Usage is what was answered.
    assert result["usage"]["model_calls"] == 0
    assert {outcome["status"] for outcome in result["outcomes"]} <= {"failed", "skipped"}
    assert sum(outcome["status"] == "skipped" for outcome in result["outcomes"]) >= 5


@in_both_worlds
@pytest.mark.parametrize("tokens", [30, 300, 3000])
async def test_a_budget_of_tokens_is_exceeded_by_no_more_than_the_last_call(
    wire: FakeProvider, both: str, sync: bool, tokens: int
) -> None:
    wire.reply = Reply("ok", input_tokens=20, output_tokens=tokens - 20, latency=0.01)
    budget = {"max_total_tokens": 10 * tokens - tokens // 2, "max_concurrency": 16}
    result = await run(MANY, {"items": list(range(30))}, sync, model=both, **budget)
    used = result["usage"]["input_tokens"] + result["usage"]["output_tokens"]
    assert budget["max_total_tokens"] - tokens < used < budget["max_total_tokens"] + tokens
    kinds = [outcome["error"]["kind"] for outcome in result["outcomes"] if outcome["status"] == "skipped"]
    assert kinds == ["budget"] * (30 - len(wire.requests))
    assert result["joined"]


@in_both_worlds
async def test_a_budget_of_money_is_exceeded_by_no_more_than_the_last_call(
    wire: FakeProvider, both: str, sync: bool
) -> None:
    wire.reply = Reply("ok", input_tokens=1000, output_tokens=1000, latency=0.01)
    one = (await run(one_step(PLAIN), {"question": QUESTION}, sync, model=both))["usage"]["cost_usd"]
    budget = {"max_cost_usd": 9.5 * one, "max_concurrency": 16}
    result = await run(MANY, {"items": list(range(30))}, sync, model=both, **budget)
    assert 8.5 * one < result["usage"]["cost_usd"] < 10.5 * one
    assert {outcome["status"] for outcome in result["outcomes"]} == {"done", "skipped"}


@in_both_worlds
async def test_a_budget_of_nothing_sends_nothing(wire: FakeProvider, both: str, sync: bool) -> None:
    with pytest.raises(BudgetExceeded):
        await run(one_step(PLAIN), {"question": QUESTION}, sync, model=both, max_model_calls=0)
    assert wire.requests == []


Saving = Callable[[Path], Any]


@asynccontextmanager
async def _sqlite(path: Path) -> AsyncIterator[Any]:
    async with AsyncSqliteSaver.from_conn_string(str(path)) as saver:
        yield saver


@asynccontextmanager
async def _sync_sqlite(path: Path) -> AsyncIterator[Any]:
    with SqliteSaver.from_conn_string(str(path)) as saver:
        yield saver


_memories: dict[Path, InMemorySaver] = {}


@asynccontextmanager
async def _memory(path: Path) -> AsyncIterator[Any]:
    yield _memories.setdefault(path, InMemorySaver())


async def stored(saver: Any, config: Any) -> int:
    """Return how many workers' usage a saver holds."""
    a_sync_one = isinstance(saver, SqliteSaver)
    found = await (asyncio.to_thread(saver.get_tuple, config) if a_sync_one else saver.aget_tuple(config))
    return sum(channel == "usage" for _, channel, _ in found.pending_writes) if found else 0


SAVERS = {
    "sqlite-async": (_sqlite, False),
    "sqlite-sync": (_sync_sqlite, True),
    "memory-async": (_memory, False),
    "memory-sync": (_memory, True),
}


@pytest.mark.parametrize("budget", [{"max_model_calls": 10}, {"max_total_tokens": 1000}], ids=["calls", "tokens"])
@pytest.mark.parametrize("name", SAVERS)
async def test_a_budget_holds_across_a_resume(
    wire: FakeProvider, both: str, name: str, budget: dict[str, int], tmp_path: Path
) -> None:
    broken, six_stored = True, asyncio.Event()

    async def work(task: dict[str, Any], runtime: Runtime[Context]) -> str:
        if not broken or task["item"] < 6:
            return await asks(task, runtime)
        # The worst moment: six have finished, nothing is in flight, and the process goes down.
        if task["item"] == 6:
            while await stored(saver, config) < 6:  # noqa: ASYNC110 - a saver tells nobody
                await asyncio.sleep(0.002)
            six_stored.set()
        await six_stored.wait()
        raise RunError("power cut")

    saving, sync = SAVERS[name]
    wire.reply = Reply("ok", input_tokens=60, output_tokens=40)
    config = {"configurable": {"thread_id": "t"}}
    context = {"model": both, "max_concurrency": 16, **budget}
    async with saving(tmp_path / "c.db") as saver:
        graph = fan_out(work, checkpointer=saver)
        with pytest.raises(RunError, match="power cut"):
            await run(graph, {"items": list(range(30))}, sync, config, on_failure="fail_fast", **context)
    assert len(wire.requests) == 6
    broken = False
    async with saving(tmp_path / "c.db") as saver:
        result = await run(fan_out(work, checkpointer=saver), None, sync, config, **context)
    assert len(wire.requests) == 10
    assert told(result["usage"]) == [10, 600, 400, 0]
    statuses = [outcome["status"] for outcome in result["outcomes"]]
    assert (statuses.count("done"), statuses.count("skipped")) == (10, 20)
    assert result["joined"]


@in_both_worlds
async def test_a_thread_that_is_used_again_has_its_whole_budget_again(
    wire: FakeProvider, both: str, sync: bool
) -> None:
    graph = fan_out(asks, checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "t"}}
    for _ in range(2):
        result = await run(graph, {"items": [1, 2, 3, 4]}, sync, config, model=both, max_model_calls=3)
        assert result["usage"]["model_calls"] == 3
    assert len(wire.requests) == 6


DOCUMENTS = "Wind power is cheap where the wind blows. " * 110


@in_both_worlds
async def test_a_long_stable_prefix_is_marked_for_bedrock_s_cache_and_for_no_other(
    wire: FakeProvider, both: str, sync: bool
) -> None:
    wire.reply = Reply("ok", input_tokens=1200, output_tokens=5, cached_tokens=1100)
    result = await run(one_step(SHARED), {"question": QUESTION, "documents": DOCUMENTS}, sync, model=both)
    (request,) = wire.requests
    stable = request.text.partition("Answer the question.")[0].strip()
    assert len(stable) > 4096
    assert [prefix.strip() for prefix in request.cached_prefixes] == ([stable] if both == BEDROCK else [])
    assert "cachePoint" not in str(request.body) or both == BEDROCK
    assert told(result["usage"]) == told(result["usage"]["by_model"][both]) == [1, 1200, 5, 1100]


async def test_a_short_prefix_and_a_model_that_takes_no_cache_points_get_none(wire: FakeProvider) -> None:
    llama = "bedrock_converse:us.meta.llama3-3-70b-instruct-v1:0"
    for model, documents in ((BEDROCK, "short"), (llama, DOCUMENTS)):
        await run(one_step(SHARED), {"question": QUESTION, "documents": documents}, sync=False, model=model)
    assert [request.cached_prefixes for request in wire.requests] == [[], []]


async def test_the_repair_keeps_the_prefix(wire: FakeProvider, both: str) -> None:
    wire.enqueue("", "ok")
    await run(one_step(SHARED), {"question": QUESTION, "documents": DOCUMENTS}, sync=False, model=both)
    first, second = wire.requests
    assert second.text.startswith(first.text)
    assert second.cached_prefixes == first.cached_prefixes


@in_both_worlds
async def test_the_first_call_over_a_prefix_goes_alone_if_wanted(provider: FakeProvider, both: str, sync: bool) -> None:
    others_there = asyncio.Event()

    async def reply(request: Request) -> str:
        # The first one finds nobody; of the others none is answered before all are there.
        if len(provider.requests) == 8:
            others_there.set()
        if request is not provider.requests[0]:
            await asyncio.wait_for(others_there.wait(), 20)
        return "ok"

    provider.reply = reply
    given = {"items": list(range(8)), "documents": DOCUMENTS}
    await run(fan_out(reads), given, sync, model=both, cache_first=True)
    first, *others = provider.requests
    assert len(others) == 7
    assert all(other.started >= (first.ended or 0) for other in others)
    assert provider.peak == 7


@pytest.mark.parametrize(
    ("calls", "documents", "alone"),
    [(8, "A document. " * 2000, True), (3, "A document. " * 2000, False), (8, "Short.", False)],
    ids=["pays", "few calls", "short prefix"],
)
async def test_auto_fills_the_cache_first_where_that_pays(
    wire: FakeProvider, both: str, calls: int, documents: str, alone: bool
) -> None:
    wire.hold()
    given = {"items": list(range(calls)), "documents": documents}
    running = asyncio.ensure_future(run(fan_out(reads), given, False, model=both, cache_first="auto"))
    await wire.auntil(lambda provider: provider.in_flight == (1 if alone else calls))
    wire.release()
    result = await running
    assert len(result["outcomes"]) == calls
    first, *others = wire.requests
    assert not alone or all(other.started >= (first.ended or 0) for other in others)


async def test_usage_says_what_the_cache_has_saved(wire: FakeProvider, both: str) -> None:
    wire.reply = lambda request: Reply("ok", input_tokens=10_000, output_tokens=10, cached_tokens=8_000)
    used = (await run(one_step(PLAIN), {"question": QUESTION}, False, model=both))["usage"]
    without = cost_usd(both, 10_000, 10)
    assert without is not None
    assert used["cache_saved_usd"] == pytest.approx(without - used["cost_usd"])
    assert used["cache_saved_usd"] > 0
