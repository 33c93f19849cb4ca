"""Items in workers that die, refuse and ask for budget: the engine without Ray, whose place a fake cluster takes."""

from __future__ import annotations

import asyncio
import os
import pickle
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from functools import partial
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from langgraph.graph import START
from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from fanloom import (
    BudgetExceeded,
    Context,
    LLMStep,
    MissingCredentials,
    MissingPackage,
    Prompt,
    RunState,
    StateGraph,
    UserError,
)
from fanloom.batch.engines import ray_cluster
from fanloom.batch.engines.engine_choice import EngineChoice
from fanloom.batch.engines.graph_origin import load_of, project_of
from fanloom.batch.engines.graph_worker import GraphWorker, WorkerOrder
from fanloom.batch.engines.limits_ledger import LimitsLedger
from fanloom.batch.engines.ray_cluster import RayCluster
from fanloom.batch.engines.ray_engine import RayEngine
from fanloom.batch.engines.remote_budget import BudgetDesk, RemoteBudget, Reply
from fanloom.batch.engines.worker_settings import most_workers, variables_of
from fanloom.batch.job import Bounds, Job, run_batch
from fanloom.batch.job_folder import JobFolder
from fanloom.cli.here.job_setup import engine_choice
from fanloom.cli.here.worker_graph import load_from
from fanloom.gateway.bounds import shared_limits
from fanloom.gateway.bounds.budget import Amount, Budget
from fanloom.gateway.bounds.limit_stores import Page
from fanloom.runs.usage import no_usage
from tests.fakes import ScriptedModel


class Lost(Exception):
    """What a call to a killed worker raises here."""


class Handle:
    """A worker in this process, which can be killed."""

    def __init__(self) -> None:
        self.worker = GraphWorker()
        self.died: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def __getattr__(self, name: str) -> Any:
        return SimpleNamespace(remote=partial(self._called, name))

    def kill(self) -> None:
        if not self.died.done():
            self.died.set_result(None)

    async def _called(self, name: str, *args: Any) -> Any:
        if self.died.done():
            raise Lost("killed before")
        call = asyncio.ensure_future(getattr(self.worker, name)(*args))
        await asyncio.wait([call, self.died], return_when=asyncio.FIRST_COMPLETED)
        if self.died.done():
            call.cancel()
            raise Lost("killed")
        return call.result()


ORDERS: list[WorkerOrder] = []


class FakeCluster:
    """Workers in this process, which die at once where they are `stillborn`."""

    lost = Lost
    paths = ()

    def __init__(self, cpus: int = 2, stillborn: bool = False) -> None:
        self.cpus, self.stillborn = cpus, stillborn
        self.handles: list[Handle] = []
        self.ended = self.connected = self.disconnected = 0

    def connect(self) -> int:
        self.connected += 1
        return self.cpus

    def pickled(self, value: Any) -> bytes:
        if not isinstance(value, WorkerOrder):
            return b""
        ORDERS.append(value)
        return pickle.dumps(_Kept(len(ORDERS) - 1))

    def worker(self, slots: int, *, extra: bool = False) -> Handle:
        self.handles.append(Handle())
        if self.stillborn:
            self.handles[-1].kill()
        return self.handles[-1]

    def ledger(self) -> None:
        return None

    def kill(self, handle: Handle) -> None:
        handle.kill()

    async def end(self, handle: Handle) -> None:
        self.ended += 1

    def disconnect(self) -> None:
        self.disconnected += 1


class _Kept:
    """Pickles as the order that is kept under a number."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __reduce__(self) -> Any:
        return _order, (self.number,)


def _order(number: int) -> WorkerOrder:
    return ORDERS[number]


class Numbers(TypedDict, total=False):
    n: int
    doubled: int


Body = Callable[[int], Any]


def graph_of(body: Body) -> Any:
    async def double(state: Numbers) -> dict[str, Any]:
        await body(state["n"])
        return {"doubled": 2 * state["n"]}

    return StateGraph(Numbers).add_node("double", double).add_edge(START, "double").compile(name="doubling")


async def _at_once(_: int) -> None:
    await asyncio.sleep(0)


def job_on(cluster: Any, graph: Any, count: int, concurrency: int = 4, **given: Any) -> Job:
    context = given.pop("context", None)

    async def load(_: AsyncExitStack) -> Any:
        return graph

    engine = RayEngine(load, context, concurrency, cluster)
    items = [(f"i{n}", {"n": n}) for n in range(count)]
    return Job(graph, items, context, concurrency=concurrency, engine=engine, **given)


async def ended(job: Job) -> dict[str, Any]:
    found = [result async for result in job.results()]
    assert len({result["id"] for result in found}) == len(found)
    return {result["id"]: result for result in found}


@pytest.fixture(autouse=True)
def _own_variables() -> Iterator[None]:
    """A worker sets variables, which in this process are the tests' own."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
    ORDERS.clear()


async def test_items_run_in_workers_and_each_ends_as_it_does_here(tmp_path: Path) -> None:
    async def unlucky(n: int) -> None:
        if n == 13:
            raise ValueError("unlucky AKIAABCDEFGHIJKLMNOP")

    cluster, graph = FakeCluster(), graph_of(unlucky)
    there = await ended(job_on(cluster, graph, 20, folder=JobFolder(tmp_path / "job")))
    here = {result["id"]: result async for result in run_batch(graph, [(f"i{n}", {"n": n}) for n in range(20)])}
    alike = ("id", "status", "output", "usage", "error")
    assert {name: [there[name][one] for one in alike] for name in there} == {
        name: [here[name][one] for one in alike] for name in here
    }
    assert there["i13"]["error"]["message"] == "ValueError: unlucky ***"
    assert (len(cluster.handles), cluster.connected, cluster.ended, cluster.disconnected) == (2, 1, 2, 1)
    assert sorted(JobFolder(tmp_path / "job").ended()) == sorted(there)


async def test_a_cluster_is_not_begun_for_nothing(tmp_path: Path) -> None:
    cluster, folder, graph = FakeCluster(), JobFolder(tmp_path / "job"), graph_of(_at_once)
    await ended(job_on(cluster, graph, 3, folder=folder))
    assert await ended(job_on(cluster, graph, 3, folder=folder)) == {}
    assert (cluster.connected, cluster.disconnected) == (1, 1)


async def test_a_worker_that_dies_loses_and_doubles_nothing() -> None:
    runs: Counter[int] = Counter()
    cluster = FakeCluster()

    async def body(n: int) -> None:
        runs[n] += 1
        await asyncio.sleep(0)
        if n in (7, 20, 33) and runs[n] == 1:
            cluster.handles[-1].kill()
            await asyncio.sleep(1)

    found = await ended(job_on(cluster, graph_of(body), 50, concurrency=8))
    assert {result["status"] for result in found.values()} == {"done"}
    assert len(found) == 50
    # Each of three kills costs no more than what one worker had in flight.
    assert sum(runs.values()) <= 50 + 3 * 4


async def test_an_item_that_kills_its_worker_takes_no_other_with_it() -> None:
    cluster, deaths = FakeCluster(), 0

    async def body(n: int) -> None:
        nonlocal deaths
        await asyncio.sleep(0)
        if n == 5:
            deaths += 1
            for handle in cluster.handles:
                # Whichever it runs in: the others are dead or idle.
                if n in _running(handle):
                    handle.kill()
            await asyncio.sleep(1)

    found = await ended(job_on(cluster, graph_of(body), 12, concurrency=4))
    assert found["i5"]["error"]["kind"] == "worker_died"
    assert found["i5"]["error"]["retryable"]
    assert (deaths, Counter(result["status"] for result in found.values())) == (5, {"done": 11, "failed": 1})


def _running(handle: Handle) -> list[int]:
    return handle.__dict__.setdefault("items", [])


@pytest.fixture(autouse=True)
def _watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a handle know which items it runs."""
    called = Handle._called

    async def noted(self: Handle, name: str, *args: Any) -> Any:
        if name == "run":
            _running(self).append(args[0].given["n"])
        return await called(self, name, *args)

    monkeypatch.setattr(Handle, "_called", noted)


async def test_workers_that_all_die_end_the_job() -> None:
    cluster = FakeCluster(stillborn=True)
    with pytest.raises(UserError, match="die again and again"):
        await ended(job_on(cluster, graph_of(_at_once), 5))
    assert len(cluster.handles) < 20


async def test_a_cluster_without_a_free_cpu_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fanloom.batch.engines.ray_engine.START_S", 0.01)
    monkeypatch.setattr(GraphWorker, "open", lambda *_: asyncio.sleep(60))
    with pytest.raises(UserError, match="no Ray worker could start"):
        await ended(job_on(FakeCluster(), graph_of(_at_once), 5))


async def test_what_keeps_every_item_from_running_is_raised_as_it_is() -> None:
    async def keyless(n: int) -> None:
        raise MissingCredentials("set GOOGLE_API_KEY")

    with pytest.raises(MissingCredentials, match="set GOOGLE_API_KEY"):
        await ended(job_on(FakeCluster(), graph_of(keyless), 5))


async def test_a_graph_that_cannot_be_imported_there_is_named() -> None:
    async def load(_: AsyncExitStack) -> Any:
        raise ModuleNotFoundError("No module named 'mine'")

    engine = RayEngine(load, None, 4, FakeCluster())
    job = Job(graph_of(_at_once), [{"n": 1}], engine=engine)
    with pytest.raises(UserError, match=r"a Ray worker cannot run the graph.*No module named 'mine'"):
        await ended(job)


async def test_a_context_that_cannot_be_sent_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Any, value: Any) -> bytes:
        raise TypeError("cannot pickle '_thread.lock' object")

    monkeypatch.setattr(FakeCluster, "pickled", refuse)
    job = job_on(FakeCluster(), graph_of(_at_once), 3, context={"model": "offline"})
    with pytest.raises(UserError, match=r"the context cannot be sent to a worker \(TypeError: .*lock.*name models"):
        await ended(job)


# The budget of the whole job


class Asked(RunState, total=False):
    n: int
    doubled: int


def asking(tmp_path: Path) -> Any:
    (tmp_path / "ask.md").write_text("Ask $n")
    step = LLMStep("ask", Prompt(tmp_path / "ask.md"), str)

    async def ask(state: Asked, runtime: Runtime[Context]) -> dict[str, Any]:
        await step.run(runtime, n=state["n"])
        await step.run(runtime, n=state["n"])
        return {"doubled": 2 * state["n"]}

    builder = StateGraph(Asked, context_schema=Context).add_node("ask", ask).add_edge(START, "ask")
    return builder.compile(name="asking")


async def test_the_budget_is_one_over_workers_and_resumes(tmp_path: Path) -> None:
    model, graph = ScriptedModel(reply=lambda _: "yes"), asking(tmp_path)
    given = {"folder": JobFolder(tmp_path / "job"), "context": {"model": model}}
    job = job_on(FakeCluster(), graph, 20, **given, bounds=Bounds(max_model_calls=11))
    first = await ended(job)
    assert (len(model.asked), "budget of the whole job" in job.stopped_by) == (11, True)
    assert len(first) <= 5
    await ended(job_on(FakeCluster(), graph, 20, **given, bounds=Bounds(max_model_calls=17)))
    assert len(model.asked) == 17
    spent = JobFolder(tmp_path / "job").spent()
    assert (spent["max_model_calls"], spent["max_total_tokens"] > 0) == (17, True)


async def test_what_a_dead_worker_may_have_sent_counts_as_spent(tmp_path: Path) -> None:
    cluster, waits = FakeCluster(cpus=1), asyncio.Event()
    model = ScriptedModel(reply=lambda _: "yes", gate=waits.wait)
    job = job_on(cluster, asking(tmp_path), 4, context={"model": model}, bounds=Bounds(max_model_calls=10))
    running = asyncio.create_task(ended(job))
    async with asyncio.timeout(10):
        while len(model.asked) < 4:  # noqa: ASYNC110 - a model tells nobody that it was asked
            await asyncio.sleep(0.001)
    cluster.handles[0].kill()
    waits.set()
    found = await running
    # Four were sent to nobody, so six are left: the first one of each item, and the second one of two.
    assert (len(model.asked), len(found)) == (10, 2)
    assert job.stopped_by


@pytest.mark.parametrize("at", [1, 2, 5])
async def test_a_budget_that_cannot_be_written_down_ends_the_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    model, written = ScriptedModel(reply=lambda _: "yes"), count(1)
    noted = JobFolder.note_spent

    def full(folder: JobFolder, amount: Any) -> None:
        if next(written) >= at:
            raise OSError(28, "No space left on device")
        noted(folder, amount)

    monkeypatch.setattr(JobFolder, "note_spent", full)
    given = {"folder": JobFolder(tmp_path / "job"), "context": {"model": model}}
    job = job_on(FakeCluster(), asking(tmp_path), 20, **given, bounds=Bounds(max_model_calls=30))
    with pytest.raises(OSError, match="No space left"):
        await ended(job)
    assert len(model.asked) < at


async def test_a_call_that_is_given_up_while_it_asks_frees_its_place() -> None:
    budget = Budget(Context(max_model_calls=1), no_usage())

    async def reply(told: Reply) -> None:
        there.take(told)

    desk = BudgetDesk(budget, reply, lambda _: None)
    there = RemoteBudget(Context(max_model_calls=1), desk.take)
    first = await there.reserve(10, 0.0)
    second = asyncio.create_task(there.reserve(10, 0.0))
    third = asyncio.create_task(there.reserve(10, 0.0))
    await asyncio.sleep(0)
    second.cancel()
    # Nothing was sent, so there is still one call.
    there.settle(first, None)
    last = await third
    assert second.cancelled()
    assert (budget.reserved.max_model_calls, budget.spent.max_model_calls, there.reserved) == (1, 0, budget.reserved)
    desk.lose()
    assert (budget.reserved, budget.spent.max_model_calls) == (Amount(), 1)
    assert budget.spent.max_total_tokens == last.max_total_tokens
    with pytest.raises(BudgetExceeded, match="max_model_calls=1"):
        await there.reserve(10, 0.0)


async def test_what_calls_wait_for_is_known_of_all_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fanloom.batch.engines.graph_worker._NEWS_S", 0.01)
    monkeypatch.setattr("fanloom.batch.engines.graph_worker.waiting_calls", lambda: {"rpm": 3})
    goes_on = asyncio.Event()

    async def body(_: int) -> None:
        await goes_on.wait()

    job = job_on(FakeCluster(), graph_of(body), 8, concurrency=5)
    running = asyncio.create_task(ended(job))
    async with asyncio.timeout(10):
        while dict(job.waiting()) != {"rpm": 6}:  # noqa: ASYNC110 - nobody is told of it
            await asyncio.sleep(0.001)
    goes_on.set()
    assert len(await running) == 8


# What a worker is told


def test_settings_of_the_job_hold_in_its_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    assert most_workers(64, 16) == 16
    monkeypatch.setenv("FANLOOM_MAX_CONCURRENCY", "5")
    monkeypatch.setenv("FANLOOM_RPM", "60")
    monkeypatch.setenv("FANLOOM_DATABASE_URL", "postgresql://me:secret@host/db")
    assert most_workers(64, 16) == 5
    told = [variables_of(number, 3) for number in range(3)]
    assert [each["FANLOOM_MAX_CONCURRENCY"] for each in told] == ["2", "2", "1"]
    assert {each["FANLOOM_RPM"] for each in told} == {"60"}
    assert "secret" not in str(told)
    assert float(told[0]["FANLOOM_LIMITS_SHARE"]) == pytest.approx(1 / 3)


async def test_a_place_for_limits_has_to_be_known_where_the_workers_run(monkeypatch: pytest.MonkeyPatch) -> None:
    order = WorkerOrder(AsyncExitStack.aclose, None, shares_elsewhere=True)
    refusal = await GraphWorker().open(FakeCluster().pickled(order))
    assert refusal
    assert "set FANLOOM_LIMITS_URL where the workers run" in refusal.said


def test_limits_are_shared_through_a_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = LimitsLedger()
    page = ledger.read()
    assert (page.version, page.text, ledger.swap(page.version, '{"m": 1}')) == (0, "{}", True)
    assert not ledger.swap(page.version, "{}")
    assert ledger.read()[:2] == (1, '{"m": 1}')
    monkeypatch.setattr(shared_limits, "_sharers", {})
    assert shared_limits.sharer_of(None) is None
    shared_limits.share_through(_Direct(ledger), "a ledger")
    assert shared_limits.sharer_of(None) is not None


class _Direct:
    def __init__(self, ledger: LimitsLedger) -> None:
        self.read, self._ledger = ledger.read, ledger

    def swap(self, page: Page, text: str) -> bool:
        return self._ledger.swap(page.version, text)

    def close(self) -> None:
        """Do nothing."""


async def test_a_graph_is_imported_by_the_name_of_its_module() -> None:
    from graphs.support_router import graph

    load = load_of(graph)
    assert load.args == ("graphs.support_router", "graph")  # type: ignore[attr-defined]
    async with AsyncExitStack() as stack:
        assert await load(stack) is graph
    own = graph_of(_at_once)
    with pytest.raises(UserError, match="put it into a module, and import it"):
        load_of(own)
    assert (project_of(graph) == Path.cwd(), project_of(own)) == (True, None)


async def test_a_graph_of_a_project_is_made_as_the_command_line_makes_it(tmp_path: Path) -> None:
    (tmp_path / "langgraph.json").write_text('{"graphs": {"mine": "./made_in_worker.py:make"}}')
    (tmp_path / "made_in_worker.py").write_text(
        "from contextlib import asynccontextmanager\n"
        "from langgraph.graph import START, MessagesState, StateGraph\n"
        "told = []\n\n\n"
        "@asynccontextmanager\n"
        "async def make():\n"
        "    told.append('made')\n"
        "    yield StateGraph(MessagesState).add_node('n', lambda state: {}).add_edge(START, 'n')\n"
        "    told.append('closed')\n"
    )
    async with AsyncExitStack() as stack:
        made = await load_from(tmp_path, "mine")(stack)
        told = __import__("made_in_worker").told
        assert (made.name, told) == ("mine", ["made"])
    assert told == ["made", "closed"]


# Which engine, and where


def test_an_engine_is_chosen_and_kept() -> None:
    assert EngineChoice().as_kept() == {}
    kept = EngineChoice("ray", "auto", 3).as_kept()
    nothing: dict[str, Any] = {"engine": None, "address": None, "workers": None}
    assert engine_choice(nothing, kept) == EngineChoice("ray", "auto", 3)
    assert engine_choice({**nothing, "workers": 5}, kept) == EngineChoice("ray", "auto", 5)
    assert engine_choice({**nothing, "engine": "local"}, kept) == EngineChoice()
    assert engine_choice(nothing, {}) == EngineChoice()
    for wrong, said in [
        ({"name": "spark"}, "there is no engine 'spark'"),
        ({"address": "auto"}, "choose it too"),
        ({"name": "ray", "workers": 0}, "at least 1 worker"),
    ]:
        with pytest.raises(UserError, match=said):
            EngineChoice(**wrong)


def test_files_are_where_they_were_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    assert EngineChoice("ray").place_in_workers(tmp_path) == tmp_path
    assert EngineChoice("ray", "auto").place_in_workers(tmp_path) == Path()
    monkeypatch.setenv("RAY_JOB_CONFIG_JSON_ENV_VAR", "{}")
    monkeypatch.chdir(tmp_path)
    assert EngineChoice("ray", "auto").place_in_workers(tmp_path / "sub") == Path("sub")


def test_without_ray_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_cluster, "find_spec", lambda _: None)
    with pytest.raises(MissingPackage, match=r'pip install "fanloom\[ray\]"'):
        RayCluster()


@pytest.mark.parametrize(
    ("address", "said"),
    [("ray://127.0.0.1:10001", "ray job submit"), ("nowhere", "HOST:PORT"), ("host:0", "HOST:PORT")],
)
def test_an_address_that_cannot_be_one_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch, address: str, said: str
) -> None:
    monkeypatch.setattr(ray_cluster, "find_spec", lambda _: True)
    with pytest.raises(UserError, match=said):
        RayCluster(address)


def _answer_once(server: socket.socket, answer: bytes) -> None:
    with server.accept()[0] as connection:
        connection.sendall(answer)


@pytest.mark.parametrize("answer", [None, b"", b"-ERR unknown command 'PRI'\r\n"])
def test_an_address_where_no_ray_answers_is_told_at_once(monkeypatch: pytest.MonkeyPatch, answer: bytes | None) -> None:
    monkeypatch.setattr(ray_cluster, "find_spec", lambda _: True)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if answer is not None:
            server.listen()
            threading.Thread(target=_answer_once, args=(server, answer)).start()
        with pytest.raises(UserError, match="no Ray cluster answers at 127"):
            RayCluster(f"127.0.0.1:{server.getsockname()[1]}")
