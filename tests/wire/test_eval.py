"""`fanloom eval` at the wire: experiments in LangSmith through its real client, and both providers compared."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest
from click.testing import CliRunner
from langsmith import Client, tracing_context
from langsmith.utils import get_env_var, tracing_is_enabled

from fanloom.cli import cli
from fanloom.evaluation.dataset import Dataset, Item, read_dataset
from fanloom.evaluation.evaluators import Judgement
from fanloom.evaluation.experiment import SILENCE_S, LangSmith, _answered
from fanloom.evaluation.figures.intervals import Ratio
from fanloom.evaluation.item_run import ItemRun
from fanloom.evaluation.langsmith_dataset import dataset_there, synced, wanted_examples
from fanloom.evaluation.runner import Candidate, Judge, run_all
from fanloom.tracing.trace_mask import TraceMask
from graphs.support_router import graph
from tests.slow import slow
from tests.wire.conftest import BEDROCK, GEMINI
from tests.wire.langsmith.collector import KEY, Collector
from tests.wire.langsmith.experiments import Experiments
from tests.wire.provider import FakeProvider, bad_key

ROOT = Path(__file__).parents[2]
ROUTER = ROOT / "evals/support_router.jsonl"

Change = Callable[..., Dataset]


@pytest.fixture
def langsmith() -> Iterator[Experiments]:
    with Experiments() as running:
        yield running


@pytest.fixture
def client(langsmith: Experiments) -> Client:
    return Client(langsmith.url, api_key=KEY, auto_batch_tracing=False)


def evaluated(collector: Collector, *args: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return ran({**collector.environment(), **environment}, *args)


def ran(environment: dict[str, str], *args: str) -> subprocess.CompletedProcess[str]:
    # A home of its own: the same evaluation may go on in another test.
    with TemporaryDirectory() as home:
        return subprocess.run(
            [sys.executable, "-m", "fanloom", "eval", str(ROUTER), "--limit", "3", "--json", *args],
            cwd=ROOT,
            env={**os.environ, "FANLOOM_HOME": home, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def test_an_evaluation_is_an_experiment(langsmith: Experiments) -> None:
    done = evaluated(langsmith)
    assert done.returncode == 0, done.stderr
    (candidate,) = json.loads(done.stdout)["candidates"]
    (dataset,) = langsmith.datasets.values()
    (session,) = langsmith.sessions.values()
    assert (dataset["name"], session["reference_dataset_id"]) == ("support_router", dataset["id"])
    assert session["name"] == candidate["experiment"]
    assert [row["inputs"].keys() for row in langsmith.examples.values()] == [{"query"}] * 3
    assert {"intent", "set"} <= next(iter(langsmith.examples.values()))["outputs"].keys()

    # One tree an item, each under its example, with the whole run below it.
    trees = langsmith.trees()
    assert {tree.fields["reference_example_id"] for tree in trees} == set(langsmith.examples)
    for tree in trees:
        assert (tree.name, tree.children[0].name) == ("evaluate support_router", "support_router")
        assert tree.fields["session_name"] == session["name"]
        assert len(tree.models()) == 2
        assert tree.ended
    for measure, figure in candidate["figures"].items():
        assert langsmith.received.count(f'"key":"{measure}"'.encode()) == figure["n"]
    assert b"Unnamed" not in langsmith.received
    assert KEY.encode() not in langsmith.received


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Collector], None]]:
    """Lead experiments, but no trace of this process, to a collector."""
    forget = cast(Any, get_env_var).cache_clear

    def lead(collector: Collector) -> None:
        for name, value in {**collector.environment(), "LANGSMITH_TRACING": "false"}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("fanloom.evaluation.experiment.is_configured", lambda: True)
        # Nothing has been said yet.
        monkeypatch.setattr("fanloom.tracing.langsmith_tracing._ONE_LINE._told", float("-inf"))
        forget()

    yield lead
    forget()


@pytest.mark.parametrize(
    ("fault", "only"), [*[(fault, "/") for fault in ("refuse", "hang", 401, 429, 500)], ("hang", "/datasets")]
)
async def test_a_langsmith_that_is_down_is_asked_once_and_not_for_long(
    configured: Callable[[Collector], None], dataset: Change, caplog: pytest.LogCaptureFixture, fault: Any, only: str
) -> None:
    judge, told = Judge(dataset("a"), Candidate("c", "support_router", graph, {}), [Half()], 10), []
    with Experiments(fault, only=only) as down:
        configured(down)
        langsmith, began = LangSmith(), time.monotonic()
        for _ in range(2):
            assert await langsmith.experiment(judge, 1, told.append) is None
        # About what one silence takes; a client left to itself takes 5 to 60 seconds.
        assert time.monotonic() - began < 5
        with tracing_context(enabled=True), langsmith.traces():
            assert not tracing_is_enabled()
    assert not told
    assert len(down.requests) <= 2
    (line,) = caplog.messages
    assert line.startswith("This is no experiment in LangSmith, and no trace is sent. ")


async def test_an_experiment_that_breaks_off_loses_and_repeats_nothing(
    configured: Callable[[Collector], None], monkeypatch: pytest.MonkeyPatch, dataset: Change
) -> None:
    judge, told = Judge(dataset("a", "b", "c"), Candidate("c", "support_router", graph, {}), [Half()], 10), []

    async def cut_off(*_: Any) -> None:
        await judge.once(2, told.append)
        raise TimeoutError("gone")

    monkeypatch.setattr("fanloom.evaluation.experiment.run_experiment", cut_off)
    with Experiments() as langsmith:
        configured(langsmith)
        assert await LangSmith().experiment(judge, 1, told.append) is None
    await run_all(judge, judge.dataset.items, 1, told.append)
    assert [result.number for result in told] == [2, 1, 3]


async def test_a_silence_ends_a_request_but_not_an_item(
    client: Client, dataset: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr("fanloom.evaluation.experiment.time", clock)
    judge = Judge(dataset("a"), Candidate("c", "support_router", graph, {}), [Half()], 10)
    with pytest.raises(TimeoutError, match="does not answer within"):
        await _answered(client, judge, lambda: clock.passes(SILENCE_S * 1.1))
    judge.running.add(1)
    assert await _answered(client, judge, lambda: clock.passes(SILENCE_S * 3)) is None
    judge.running.clear()

    def talk() -> str:
        for _ in range(4):
            clock.passes(SILENCE_S * 0.9)
            client.request_with_retries("GET", "/info")
        return "all said"

    assert await _answered(client, judge, talk) == "all said"
    assert not client.session.hooks["response"]


class Clock:
    """Time that passes only when it is told to, and not before somebody has looked."""

    def __init__(self) -> None:
        self._now, self._looked = 0.0, threading.Event()

    def monotonic(self) -> float:
        self._looked.set()
        return self._now

    def passes(self, seconds: float) -> None:
        self._now += seconds
        self._looked.clear()
        self._looked.wait(20)


@pytest.mark.slow
def test_without_langsmith_an_evaluation_is_the_same_as_fast_and_says_so_in_a_line(tmp_path: Path) -> None:
    with Experiments("hang") as hanging, Experiments(500, only="/sessions") as dying:
        with ThreadPoolExecutor(3) as pool:
            # Each keeps its runs in a folder of its own: side by side they would be one and the same evaluation.
            folders = [tmp_path / name for name in ("none", "hanging", "dying")]
            plain, *ends = pool.map(timed, [{}, hanging.environment(), dying.environment()], folders)
        # What no one takes is not sent either.
        assert not [request for one in (hanging, dying) for request in one.requests if "/runs" in request]
    for seconds, done in ends:
        assert done.returncode == 0, done.stderr
        for candidate in json.loads(done.stdout)["candidates"]:
            assert candidate["experiment"] is None
            assert (candidate["failed"], len(candidate["results"])) == (0, 3)
        assert done.stderr.count("This is no experiment in LangSmith") == 1
        assert len(done.stderr.splitlines()) == 1, done.stderr
        # Two seconds, and what a busy machine adds; a client left to itself takes 5 to 60.
        assert seconds - plain[0] < 10


def timed(environment: dict[str, str], folder: Path) -> tuple[float, subprocess.CompletedProcess[str]]:
    began = time.monotonic()
    done = ran(environment, "--model", "offline", "--compare", "support_router", "--out", str(folder))
    return time.monotonic() - began, done


class Half:
    """An evaluator that finds everything half right."""

    name = "half"

    def judge(self, item: Item, run: ItemRun) -> Judgement:
        return Judgement({"half": Ratio(0.5, 1)})


@pytest.mark.parametrize("unset", ["LANGSMITH_TRACING", slow("LANGSMITH_API_KEY")])
def test_nothing_leaves_the_machine_where_langsmith_is_not_configured(langsmith: Experiments, unset: str) -> None:
    done = evaluated(langsmith, **{unset: ""})
    assert done.returncode == 0, done.stderr
    if unset == "LANGSMITH_TRACING":
        assert not langsmith.requests
    # Without a key traces may still be tried, to a collector that needs none; but no data set is made.
    assert not langsmith.datasets


@pytest.fixture
def dataset(tmp_path: Path) -> Change:
    def written(*queries: str, limit: int | None = None) -> Dataset:
        lines = [json.dumps({"query": query, "intent": "x"}) for query in queries]
        (tmp_path / "mine.jsonl").write_text("\n".join(lines))
        return read_dataset(tmp_path / "mine.jsonl").only({}, limit)

    return written


def uploaded(client: Client, data: Dataset) -> list[Any]:
    there = dataset_there(client, data).id
    return synced(client, there, wanted_examples(data, ["query"], there, TraceMask(())), whole=data.whole)


def test_the_data_set_there_becomes_what_the_file_says(langsmith: Experiments, client: Client, dataset: Change) -> None:
    def queries() -> list[str]:
        return sorted(row["inputs"]["query"] for row in langsmith.examples.values())

    def lines(data: Dataset) -> list[Any]:
        return [(example.metadata or {})["line"] for example in uploaded(client, data)]

    assert lines(dataset("a", "b", "b")) == [1, 2, 3]
    assert queries() == ["a", "b", "b"]
    (there,) = langsmith.datasets.values()
    client.create_examples(dataset_id=there["id"], examples=[{"inputs": {"query": "theirs"}}])
    langsmith.requests.clear()
    assert lines(dataset("a", "b", "b")) == [1, 2, 3]
    # A part of the file takes nothing away.
    assert lines(dataset("a", "b", "b", limit=1)) == [1]
    assert not {request for request in langsmith.requests if not request.startswith("GET")}
    assert lines(dataset("b", "c")) == [1, 2]
    assert queries() == ["b", "c", "theirs"]
    assert len(langsmith.datasets) == 1


def test_many_examples_come_in_pages(langsmith: Experiments, client: Client, dataset: Change) -> None:
    data = dataset(*map(str, range(230)))
    assert len(uploaded(client, data)) == 230
    assert len(langsmith.examples) == 230


def test_no_key_is_uploaded(
    langsmith: Experiments, client: Client, dataset: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "open-sesame-1")
    uploaded(client, dataset("my password is open-sesame-1"))
    assert b"open-sesame" not in langsmith.received
    assert b"my password is" in langsmith.received


@pytest.mark.slow
def test_nothing_is_uploaded_where_traces_are_masked(langsmith: Experiments) -> None:
    done = evaluated(langsmith, FANLOOM_TRACE_REDACT="outputs")
    assert done.returncode == 0, done.stderr
    (line,) = done.stderr.splitlines()
    assert "FANLOOM_TRACE_REDACT hides" in line
    assert not langsmith.datasets
    assert not langsmith.sessions
    # Its runs are traced all the same.
    assert [tree.name for tree in langsmith.trees()] == ["support_router"] * 3


@pytest.mark.slow
def test_a_key_that_is_for_traces_only_gets_traces() -> None:
    with Experiments(403, only="/datasets") as langsmith:
        done = evaluated(langsmith)
    assert done.returncode == 0, done.stderr
    (line,) = done.stderr.splitlines()
    assert "This is no experiment in LangSmith. LangSmithError: Failed to GET /datasets" in line
    assert [tree.name for tree in langsmith.trees()] == ["support_router"] * 3


def test_two_providers_are_compared_on_the_same_items(provider: FakeProvider) -> None:
    args = ["--limit", "4", "--model", GEMINI, "--compare", BEDROCK, "--compare", "offline", "--json"]
    done = CliRunner().invoke(cli, ["-C", str(ROOT), "eval", str(ROUTER), *args])
    assert done.exit_code == 0, done.output
    gemini, bedrock, offline = json.loads(done.stdout)["candidates"]
    assert [c["models"] for c in (gemini, bedrock, offline)] == [[GEMINI], [BEDROCK], ["offline"]]
    assert gemini["figures"]["model calls"]["value"] == 2
    assert gemini["figures"]["cost, US$"]["value"] > 0
    assert offline["differences"]["cost, US$"]["value"] == pytest.approx(-gemini["figures"]["cost, US$"]["value"])
    assert set(bedrock["differences"]) == set(gemini["figures"])


def test_an_item_that_a_provider_refuses_is_shown(provider: FakeProvider) -> None:
    provider.enqueue(bad_key())
    args = ["--limit", "3", "--model", GEMINI, "--concurrency", "1", "--set", "max_attempts=1"]
    done = CliRunner().invoke(cli, ["-C", str(ROOT), "eval", str(ROUTER), *args])
    assert done.exit_code == 3, done.output
    assert "1 of 3 items failed, and count as wrong:\n  line 1: " in done.stdout
    assert "GOOGLE_API_KEY" in done.stdout
