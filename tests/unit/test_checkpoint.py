"""The configured checkpointer: its URLs, what it refuses, what it may load, and runs that go on in it."""

from __future__ import annotations

import operator
import socket
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from threading import Barrier, Lock
from typing import Annotated, Any, Generic, NamedTuple, TypeVar

import psycopg
import pytest
from langgraph.graph import START, StateGraph
from langgraph.types import Command, Send, interrupt
from pydantic import BaseModel
from typing_extensions import TypeAliasType, TypedDict

import fanloom
from fanloom import UserError, open_checkpointer
from fanloom.durable.checkpointer import with_checkpointer
from fanloom.errors import InvalidSettings, MissingPackage, RunError

T = TypeVar("T")
KINDS = ["memory", "sqlite", "postgresql"]
SYNC = {"memory": "InMemorySaver", "sqlite": "SqliteSaver", "postgresql": "PostgresSaver"}
ASYNC = {"memory": "InMemorySaver", "sqlite": "AsyncSqliteSaver", "postgresql": "AsyncPostgresSaver"}
CONFIG: Any = {"configurable": {"thread_id": "t"}, "metadata": {"fanloom_graph": "g", "fanloom_context": '{"a": "b"}'}}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if kind == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return {"memory": "memory://", "sqlite": f"sqlite:///{tmp_path}/new/x.db"}[kind]


@dataclass
class Point:
    x: int


class State(TypedDict):
    parts: Annotated[list[int], operator.add]
    point: Point


class Untyped(TypedDict):
    point: Any


class Mood(Enum):
    GOOD = "good"


class Review(BaseModel):
    summary: str
    mood: Mood


class Reviewed(TypedDict, total=False):
    reviews: list[Review]
    verdict: str


class Verdict(TypedDict, total=False):
    verdict: str


class Flow:
    """Four workers, of which the second fails the first time and the third asks a person."""

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.broken = True
        builder = StateGraph(State)
        builder.add_node("plan", lambda state: {"point": Point(7)})
        builder.add_node("work", self.work)
        builder.add_node("join", lambda state: {"parts": [state["point"].x]})
        builder.add_edge(START, "plan")
        builder.add_conditional_edges("plan", lambda state: [Send("work", x) for x in range(4)], ["work"])
        builder.add_edge("work", "join")
        self.graph: Any = builder.compile(name="flow").with_config(max_concurrency=1)

    def work(self, x: int) -> dict[str, Any]:
        self.calls.append(x)
        if x == 1 and self.broken:
            raise ConnectionError("the worker's line is down")
        return {"parts": [x if x != 2 else interrupt("which?")]}

    def check(self, waiting: Any, result: Any, metadata: Any) -> None:
        assert waiting["__interrupt__"][0].value == "which?"
        assert result["parts"] == [0, 1, 20, 3, 7]
        assert self.calls.count(0) == 1
        assert metadata.items() >= CONFIG["metadata"].items()


# LangGraph's own: it drops the tasks that were still to begin when one fails.
@pytest.mark.filterwarnings("ignore:coroutine 'arun_with_retry' was never awaited:RuntimeWarning")
async def test_a_run_goes_on_in_each_async_saver(kind: str, url: str) -> None:
    flow = Flow()
    async with open_checkpointer(url) as saver:
        assert type(saver).__name__ == ASYNC[kind]
        graph = with_checkpointer(flow.graph, saver)
        with pytest.raises(ConnectionError):
            await graph.ainvoke({"parts": []}, CONFIG)
        flow.broken = False
        waiting = await graph.ainvoke(None, CONFIG)
        result = await graph.ainvoke(Command(resume={waiting["__interrupt__"][0].id: 20}), CONFIG)
        flow.check(waiting, result, (await graph.aget_state(CONFIG)).metadata)


def test_a_run_goes_on_in_each_sync_saver(kind: str, url: str) -> None:
    flow = Flow()
    with open_checkpointer(url) as saver:
        assert type(saver).__name__ == SYNC[kind]
        graph = with_checkpointer(flow.graph, saver)
        with pytest.raises(ConnectionError):
            graph.invoke({"parts": []}, CONFIG)
        flow.broken = False
        waiting = graph.invoke(None, CONFIG)
        result = graph.invoke(Command(resume={waiting["__interrupt__"][0].id: 20}), CONFIG)
        flow.check(waiting, result, graph.get_state(CONFIG).metadata)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_what_is_written_sync_is_read_async(url: str) -> None:
    flow = Flow()
    with open_checkpointer(url) as saver, pytest.raises(ConnectionError):
        with_checkpointer(flow.graph, saver).invoke({"parts": []}, CONFIG)
    async with open_checkpointer(url) as saver:
        snapshot = await with_checkpointer(flow.graph, saver).aget_state(CONFIG)
    assert [task.error is not None for task in snapshot.tasks][:2] == [False, True]


async def test_only_known_types_are_loaded(kind: str, url: str) -> None:
    builder = StateGraph(State)
    builder.add_node("plan", lambda state: {"point": Point(7)})
    builder.add_edge(START, "plan")
    async with open_checkpointer(url) as saver:
        plain = builder.compile(checkpointer=saver)
        await plain.ainvoke({"parts": []}, CONFIG)
        assert (await plain.aget_state(CONFIG)).values["point"] == Point(7)
        typed = with_checkpointer(builder.compile(), saver)
        assert (await typed.aget_state(CONFIG)).values["point"] == Point(7)
        # What no schema of the graph names is plain data.
        builder = StateGraph(Untyped)
        builder.add_node("plan", lambda state: {})
        builder.add_edge(START, "plan")
        untyped = builder.compile(checkpointer=saver)
        assert (await untyped.aget_state(CONFIG)).values["point"] == {"x": 7}


class Pair(NamedTuple):
    mood: Mood


@dataclass
class Box(Generic[T]):
    held: T


HELD: dict[str, tuple[Any, Any]] = {
    "a sequence": (Sequence[Review], [Review(summary="s", mood=Mood.GOOD)]),
    "a mapping": (Mapping[str, Review], {"a": Review(summary="s", mood=Mood.GOOD)}),
    "an alias": (TypeAliasType("Reviews", list[Review]), [Review(summary="s", mood=Mood.GOOD)]),
    "a named tuple": (Pair, Pair(Mood.GOOD)),
    "a generic class": (Box[Point], Box(Point(1))),
    "an annotation without a hash": (Annotated[Sequence[Point], {"a": []}], [Point(1)]),
    "one or none": (Sequence[Point] | None, [Point(1)]),
}


@pytest.mark.parametrize("held", HELD)
def test_the_types_in_types_come_back_without_a_word(held: str, url: str, caplog: pytest.LogCaptureFixture) -> None:
    kind, value = HELD[held]
    state: Any = TypedDict("state", {"held": kind})  # type: ignore[misc]
    builder = fanloom.StateGraph(state)
    builder.add_node("write", lambda state: {"held": value})
    builder.add_edge(START, "write")
    with open_checkpointer(url) as saver:
        graph = builder.compile(checkpointer=saver)
        graph.invoke({}, CONFIG)
        assert graph.get_state(CONFIG).values["held"] == value
    assert not caplog.records


class Shape(BaseModel):
    name: str = "shape"


class Edge(BaseModel):
    length: int


class Square(Shape):
    edge: Edge


class Tile(Square):
    mood: Mood


@dataclass
class Animal:
    name: str


@dataclass
class Cat(Animal):
    lives: int


class Stranger(BaseModel):
    name: str


DERIVED: dict[str, tuple[Any, Any]] = {
    "a model": (Shape, Square(edge=Edge(length=1))),
    "of a derived one": (Shape, Tile(edge=Edge(length=1), mood=Mood.GOOD)),
    "in a list": (list[Shape], [Shape(), Square(edge=Edge(length=1))]),
    "or none": (Shape | None, Square(edge=Edge(length=1))),
    "a dataclass": (Animal, Cat("Tom", 9)),
}


@pytest.mark.parametrize("ours", [True, False], ids=["of ours", "of LangGraph"])
@pytest.mark.parametrize("held", DERIVED)
def test_what_is_derived_from_a_type_comes_back_as_it_was(
    held: str, ours: bool, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    kind, value = DERIVED[held]
    state: Any = TypedDict("state", {"held": kind, "told": str}, total=False)  # type: ignore[misc]
    builder: Any = fanloom.StateGraph(state) if ours else StateGraph(state)
    builder.add_node("write", lambda state: {"held": value})
    builder.add_node("ask", lambda state: {"told": f"{state['held'] == value} {interrupt('ok?')}"})
    builder.add_edge(START, "write")
    builder.add_edge("write", "ask")
    with open_checkpointer(url) as saver:
        graph = builder.compile(checkpointer=saver)
        graph.invoke({}, CONFIG)
        result = graph.invoke(Command(resume="yes"), CONFIG)
        assert (result["held"], result["told"]) == (value, "True yes")
        assert type(result["held"]) is type(value)
    assert not caplog.records


def test_what_is_derived_after_the_graph_was_compiled_comes_back_too(url: str) -> None:
    state: Any = TypedDict("state", {"held": Animal}, total=False)  # type: ignore[misc]
    builder = fanloom.StateGraph(state)
    builder.add_node("write", lambda state: {"held": late("Rex")})
    builder.add_edge(START, "write")
    with open_checkpointer(url) as saver:
        graph = builder.compile(checkpointer=saver)
        late = globals()["Late"] = dataclass(type("Late", (Animal,), {"__module__": __name__}))
        graph.invoke({}, CONFIG)
        assert graph.get_state(CONFIG).values["held"] == late("Rex")


def test_no_other_type_comes_back(url: str) -> None:
    for kind in (Shape, BaseModel, Any):
        state: Any = TypedDict("state", {"held": kind}, total=False)  # type: ignore[misc]
        builder = fanloom.StateGraph(state)
        builder.add_node("write", lambda state: {"held": Stranger(name="s")})
        builder.add_edge(START, "write")
        with open_checkpointer(url) as saver:
            graph = builder.compile(checkpointer=saver)
            graph.invoke({}, CONFIG)
            assert graph.get_state(CONFIG).values["held"] == {"name": "s"}


@pytest.mark.parametrize("as_node", [True, False], ids=["as a node", "from a function"])
def test_the_types_of_a_graph_inside_come_back_too(as_node: bool, url: str, caplog: pytest.LogCaptureFixture) -> None:
    def approve(state: Reviewed) -> dict[str, Any]:
        return {"verdict": f"{state['reviews'][0].summary} {interrupt('ok?')}"}

    inside = fanloom.StateGraph(Reviewed)
    inside.add_sequence([("write", lambda state: {"reviews": [Review(summary="s", mood=Mood.GOOD)]}), approve])
    inside.add_edge(START, "write")
    inner: Any = inside.compile(name="inner")
    builder = fanloom.StateGraph(Verdict)
    builder.add_node("call", inner if as_node else lambda state: {"verdict": inner.invoke({})["verdict"]})
    builder.add_edge(START, "call")
    with open_checkpointer(url) as saver:
        graph = builder.compile(checkpointer=saver)
        graph.invoke({}, CONFIG)
        assert graph.invoke(Command(resume="yes"), CONFIG)["verdict"] == "s yes"
    assert not caplog.records


@pytest.mark.parametrize("ours", [True, False], ids=["of ours", "of LangGraph"])
def test_the_types_of_the_schemas_come_back_without_a_word(
    ours: bool, kind: str, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    def write(state: Reviewed) -> dict[str, Any]:
        return {"reviews": [Review(summary="s", mood=Mood.GOOD)]}

    def approve(state: Reviewed) -> dict[str, Any]:
        assert isinstance(state["reviews"][0], Review)
        return {"verdict": f"{state['reviews'][0].summary} {state['reviews'][0].mood} {interrupt('ok?')}"}

    builder: Any = fanloom.StateGraph(Reviewed) if ours else StateGraph(Reviewed)
    builder.add_sequence([write, approve])
    builder.add_edge(START, "write")
    with open_checkpointer(url) as saver:
        builder.compile(checkpointer=saver).invoke({}, CONFIG)
        result = builder.compile(checkpointer=saver).invoke(Command(resume="yes"), CONFIG)
    assert result["verdict"] == "s Mood.GOOD yes"
    assert caplog.text == ""


async def test_what_has_no_plain_form_is_refused_not_pickled(url: str) -> None:
    builder = StateGraph(State)
    builder.add_node("plan", lambda state: {"point": Lock()})
    builder.add_edge(START, "plan")
    async with open_checkpointer(url) as saver:
        with pytest.raises(TypeError, match="not msgpack serializable"):
            await builder.compile(checkpointer=saver).ainvoke({"parts": []}, CONFIG)


def test_the_copy_with_a_checkpointer_keeps_its_configuration() -> None:
    graph = Flow().graph
    with open_checkpointer("memory://") as saver:
        copy = with_checkpointer(graph, saver)
    assert (copy.name, copy.config["max_concurrency"]) == ("flow", 1)
    assert graph.checkpointer is None


@pytest.mark.parametrize("scheme", ["sqlite:///", "sqlite+aiosqlite:///"])
def test_an_sqlite_url_names_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.chdir(tmp_path)
    for place in ("deep/relative.db", f"{tmp_path}/absolute.db"):
        with open_checkpointer(scheme + place):
            assert (tmp_path / place).is_file()
    with open_checkpointer("sqlite:///:memory:"):
        assert len(list(tmp_path.iterdir())) == 2


async def test_the_default_is_a_file_or_what_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with open_checkpointer():
        assert (tmp_path / ".fanloom" / "checkpoints.db").is_file()
    monkeypatch.setenv("FANLOOM_CHECKPOINT_URL", "memory://")
    async with open_checkpointer() as saver:
        assert type(saver).__name__ == "InMemorySaver"


@pytest.mark.parametrize("form", ["postgres://", "postgresql://", "postgresql+psycopg://"])
def test_forms_of_a_postgresql_url(postgres_url: str, form: str) -> None:
    with open_checkpointer(form + postgres_url.partition("://")[2]) as saver:
        assert list(saver.list(None)) == []


@pytest.mark.parametrize(
    "given", ["mysql://me:geheim@db/x", "geheim", "sqlite://", "sqlite:///", "sqlite://geheim", ""]
)
def test_a_url_that_means_nothing_is_refused(given: str) -> None:
    with pytest.raises(InvalidSettings, match="a checkpoint URL is sqlite:///FILE") as refused:
        open_checkpointer(given)
    assert "geheim" not in str(refused.value)


def test_a_postgresql_url_that_cannot_be_read_is_refused_without_its_password() -> None:
    with pytest.raises(InvalidSettings, match="percent-encoded") as refused:
        open_checkpointer("postgresql://me:ge%heim@db/x")
    assert "heim" not in str(refused.value)


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "fanloom.durable.postgres_saver", raising=False)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingPackage, match=r'pip install "fanloom\[postgres\]"'):
        open_checkpointer("postgresql://db/x")


async def opened(checkpointer: AbstractAsyncContextManager[Any]) -> None:
    async with checkpointer:
        pass


def opened_sync(checkpointer: AbstractContextManager[Any]) -> None:
    with checkpointer:
        pass


@pytest.mark.parametrize("name", ["taken/x.db", "folder", "text"])
async def test_a_file_that_cannot_be_used_is_named_with_the_cure(tmp_path: Path, name: str) -> None:
    (tmp_path / "taken").write_text("")
    (tmp_path / "folder").mkdir()
    (tmp_path / "text").write_text("no database " * 100)
    checkpointer = open_checkpointer(f"sqlite:///{tmp_path}/{name}")
    with pytest.raises(InvalidSettings, match=rf"kept in '.*/{name}': .*set FANLOOM_CHECKPOINT_URL"):
        await opened(checkpointer)
    with pytest.raises(UserError, match=name):
        opened_sync(open_checkpointer(f"sqlite:///{tmp_path}/{name}"))


async def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    with socket.socket() as taken:
        # Bound, but nobody listens.
        taken.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{taken.getsockname()[1]}/x"
        with pytest.raises(RunError, match=f"{place}.*refused.*start it, or correct the URL") as failed:
            opened_sync(open_checkpointer(f"postgresql://me:geheim@{place}"))
        with pytest.raises(RunError) as failed_async:
            await opened(open_checkpointer(f"postgresql://me:geheim@{place}"))
    assert (failed.value.kind, failed.value.retryable) == ("database", True)
    assert str(failed_async.value) == str(failed.value)
    assert "geheim" not in str(failed.value)


def test_many_set_up_at_once(kind: str, url: str) -> None:
    together = Barrier(6)

    def use(_: int) -> list[Any]:
        together.wait(20)
        with open_checkpointer(url) as saver:
            return list(saver.list(None))

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(use, range(6))) == [[]] * 6


@pytest.mark.parametrize("is_async", [False, True])
async def test_a_connection_that_was_cut_is_replaced(postgres_url: str, is_async: bool) -> None:
    if is_async:
        async with open_checkpointer(postgres_url) as saver:
            _cut_connections(postgres_url)
            assert await saver.aget_tuple(CONFIG) is None
    else:
        with open_checkpointer(postgres_url) as saver:
            _cut_connections(postgres_url)
            assert saver.get_tuple(CONFIG) is None


def _cut_connections(url: str) -> None:
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> %s"
    with psycopg.connect(url) as connection:
        assert connection.execute(others, [connection.info.backend_pid]).rowcount >= 1
