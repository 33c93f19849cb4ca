"""Jobs of many items: what is read, run, kept and gone on with, whatever happens in between."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from langgraph.graph import END, START
from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from fanloom import (
    Context,
    InvalidInput,
    LLMStep,
    MissingCredentials,
    Outcome,
    Prompt,
    RunState,
    StateGraph,
    UserError,
    not_done,
)
from fanloom.batch.export import write_results
from fanloom.batch.inputs import InputSource, Item
from fanloom.batch.job import Bounds, Job, run_batch
from fanloom.batch.job_folder import EndedItem, JobFolder, Manifest, totals
from fanloom.cli import cli
from fanloom.cli.showing.job_progress import JobProgress
from tests.fakes import ScriptedModel


class State(TypedDict, total=False):
    n: int
    doubled: int
    outcomes: list[Outcome]


class Told:
    """What the graph of a test was asked, and how many runs were under way at most."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.in_flight = self.peak = 0


def graph(told: Told) -> Any:
    async def double(state: State) -> dict[str, Any]:
        told.asked.append(state["n"])
        told.in_flight += 1
        told.peak = max(told.peak, told.in_flight)
        await asyncio.sleep(0)
        told.in_flight -= 1
        if state["n"] == 13:
            raise ValueError("unlucky AKIAABCDEFGHIJKLMNOP")
        if state["n"] == 14:
            raise InvalidInput("input field 'n': is 14")
        if state["n"] == 99:
            raise MissingCredentials("set GOOGLE_API_KEY")
        left = [not_done("t1", "w", "no")] if state["n"] == 15 else []
        return {"doubled": 2 * state["n"], "outcomes": left}

    builder = StateGraph(State)
    builder.add_node("double", double)
    builder.add_edge(START, "double")
    builder.add_edge("double", END)
    return builder.compile(name="doubling")


MANIFEST = Manifest("doubling", {}, "in.jsonl", "abc")


def numbers(*chosen: int) -> list[tuple[str, dict[str, int]]]:
    return [(f"i{n}", {"n": n}) for n in chosen]


async def ended(job: Job) -> list[EndedItem]:
    return [result async for result in job.results()]


async def test_items_run_within_the_width_and_each_ends_as_it_does(tmp_path: Path) -> None:
    told = Told()
    items = numbers(*range(10, 60))
    found = [r async for r in run_batch(graph(told), items, out=tmp_path / "job", concurrency=4)]
    assert told.peak == 4
    assert Counter(result["status"] for result in found) == {"done": 47, "failed": 2, "partly": 1}
    by_id = {result["id"]: result for result in found}
    assert (by_id["i20"]["output"]["doubled"], by_id["i20"]["error"]) == (40, None)
    assert by_id["i13"]["error"] == {"kind": "error", "message": "ValueError: unlucky ***", "retryable": False}
    assert by_id["i14"]["error"]["kind"] == "input"
    kept = list(JobFolder(tmp_path / "job").results())
    assert kept == found
    failures = [json.loads(line) for line in (tmp_path / "job/failures.jsonl").read_text().splitlines()]
    assert sorted(failure["id"] for failure in failures) == ["i13", "i14", "i15"]


async def test_what_has_ended_does_not_run_again_and_failures_only_when_asked(tmp_path: Path) -> None:
    told, folder = Told(), JobFolder(tmp_path)
    assert len(await ended(Job(graph(told), numbers(*range(10, 20)), folder=folder, bounds=Bounds(limit=5)))) == 5
    assert len(await ended(Job(graph(told), numbers(*range(10, 20)), folder=folder))) == 5
    assert sorted(told.asked) == list(range(10, 20))
    again = await ended(Job(graph(told), numbers(*range(10, 20)), folder=folder, retry_failed=True))
    assert sorted(result["id"] for result in again) == ["i13", "i14", "i15"]
    assert totals(folder.results())["items"] == 10


async def test_what_keeps_every_item_from_running_ends_the_job(tmp_path: Path) -> None:
    job = Job(graph(Told()), numbers(1, 99, 2, 3), folder=JobFolder(tmp_path), concurrency=2)
    with pytest.raises(MissingCredentials):
        await ended(job)
    assert "i99" not in JobFolder(tmp_path).ended()


async def test_too_many_failures_end_the_job(tmp_path: Path) -> None:
    job = Job(graph(Told()), numbers(*[13] * 1, 14, *range(100, 200)), concurrency=1, bounds=Bounds(max_failures=1))
    assert len(await ended(job)) < 10
    assert job.stopped_by == "more than 1 items failed"


async def test_a_job_that_is_stopped_lets_what_is_in_flight_end(tmp_path: Path) -> None:
    told = Told()
    job = Job(graph(told), numbers(*range(20, 100)), folder=JobFolder(tmp_path), concurrency=8)
    found = []
    async for result in job.results():
        found.append(result)
        job.stop()
    assert sorted(f"i{n}" for n in told.asked) == sorted(result["id"] for result in found)
    assert len(found) < 80


async def test_memory_is_bounded_by_the_width_however_slowly_results_are_read() -> None:
    taken = []

    def endless() -> Any:
        for n in range(100, 10**9):
            taken.append(n)
            yield {"n": n}

    job, read = Job(graph(Told()), endless(), concurrency=4), 0
    async for _ in job.results():
        read += 1
        # In flight, ended and not read, and about to be handed on.
        assert len(taken) - read <= 3 * 4
        if read == 200:
            break


def asking(model: ScriptedModel, tmp_path: Path) -> Any:
    (tmp_path / "ask.md").write_text("Ask $n")
    step = LLMStep("ask", Prompt(tmp_path / "ask.md"), str)

    async def ask(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
        await step.run(runtime, n=state["n"])
        await step.run(runtime, n=state["n"])
        return {"doubled": 2 * state["n"]}

    builder = StateGraph(Asked, context_schema=Context)
    builder.add_node("ask", ask)
    builder.add_edge(START, "ask")
    builder.add_edge("ask", END)
    return builder.compile(name="asking")


class Asked(State, RunState, total=False):
    pass


async def test_the_budget_is_the_whole_jobs_over_its_resumes(tmp_path: Path) -> None:
    model, out = ScriptedModel(reply=lambda _: "yes"), tmp_path / "job"
    items, context = numbers(*range(100, 120)), {"model": model}
    made = asking(model, tmp_path)
    job = Job(made, items, context, JobFolder(out), 4, Bounds(max_model_calls=11))
    first = await ended(job)
    assert len(model.asked) == 11
    assert "budget" in job.stopped_by
    assert len(first) <= 5
    # Also what was spent on items that did not end.
    again = Job(made, items, context, JobFolder(out), 4, Bounds(max_model_calls=17))
    await ended(again)
    assert len(model.asked) == 17
    left = 20 - len(JobFolder(out).ended())
    assert len(await ended(Job(made, items, context, JobFolder(out)))) == left


@given(st.integers(0, 1000), st.integers(1, 9))
def test_shards_share_a_budget(calls: int, of: int) -> None:
    each = Bounds(max_model_calls=calls, max_cost_usd=1.0).of_shard(of)
    assert each["max_model_calls"] * of <= calls
    assert each["max_cost_usd"] * of == pytest.approx(1.0)


# Reading


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("in.jsonl", '{"k": "a", "q": "x"}\n\n{"k": "b", "q": "é"}\n'),
        ("in.csv", "k,q\na,x\nb,é\n"),
        ("in.CSV", "\ufeffk,q\na,x\nb,é\n"),
    ],
)
def test_items_are_read_from_files(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    source = InputSource(str(tmp_path / name), {"query": "q"}, "k")
    assert list(source.items()) == [Item("a", {"query": "x"}), Item("b", {"query": "é"})]
    assert [item.id for item in InputSource(str(tmp_path / name)).items()] == ["1", "2"]
    assert len(source.fingerprint()) == 64


def test_parquet_and_folders(tmp_path: Path) -> None:
    import pyarrow
    from pyarrow.parquet import write_table

    write_table(pyarrow.table({"q": ["x", "y"]}), tmp_path / "in.parquet")
    assert [item.given for item in InputSource(str(tmp_path / "in.parquet")).items()] == [{"q": "x"}, {"q": "y"}]
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/b.md").write_text("B")
    (tmp_path / "a.txt").write_text("A")
    found = list(InputSource(str(tmp_path), {"text": "content"}, "id").items())
    assert found == [Item("a", {"text": "A"}), Item("b", {"text": "B"})]


@pytest.mark.parametrize(
    ("name", "text", "source", "said"),
    [
        ("in.jsonl", "{", {}, "line 1: not valid JSON"),
        ("in.jsonl", "[1]", {}, "an item is a JSON object, not list"),
        ("in.jsonl", '{"k": 1}\n{"k": 1}', {"id_column": "k"}, "the id '1' comes twice"),
        ("in.jsonl", '{"k": ""}', {"id_column": "k"}, "there is no 'k'"),
        ("in.jsonl", '{"k": 1}', {"columns": {"q": "x"}}, "there is no column 'x'; there are k"),
        ("in.csv", "a,b\n1\n", {}, "line 2: it has not as many fields"),
        ("in.csv", "a,b\n1,2,3\n", {}, "line 2: it has not as many fields"),
    ],
)
def test_what_cannot_be_read_names_its_line(tmp_path: Path, name: str, text: str, source: Any, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=said):
        list(InputSource(str(tmp_path / name), **source).items())


@given(st.lists(st.text(min_size=1), unique=True), st.integers(1, 5))
def test_shards_have_each_item_once(ids: list[str], of: int) -> None:
    items = [Item(name, {}) for name in ids]
    jobs = [Job(None, items, folder=JobFolder(Path("nowhere"), (number, of))) for number in range(1, of + 1)]  # type: ignore[arg-type]
    assert Counter(item.id for job in jobs for item in job._items()) == Counter(ids)


# The folder


@pytest.mark.parametrize("torn", ['{"id": "b"', "{", '{"id": "b", "status": "done"}', "\x00" * 100_000])
def test_a_torn_last_line_is_cut_off(tmp_path: Path, torn: str) -> None:
    folder = JobFolder(tmp_path)
    result = EndedItem(id="a", status="done", output=None, usage=None, error=None, seconds=0.0)
    folder.add(result)
    folder.close()
    with (tmp_path / "results.jsonl").open("a") as opened:
        opened.write(torn)
    assert JobFolder(tmp_path).ended() == {"a": "done"}
    folder.add({**result, "id": "c"})
    assert [one["id"] for one in folder.results()] == ["a", "c"]


def test_a_folder_belongs_to_one_job(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path / "job")
    folder.begin(MANIFEST)
    folder.begin(MANIFEST)
    other = Manifest("refine", {}, "in.jsonl", "xyz")
    with pytest.raises(UserError, match="graph, fingerprint differs"):
        folder.begin(other)
    folder.begin(other, force=True)
    assert folder.manifest() == other
    (tmp_path / "strange").mkdir()
    (tmp_path / "strange/x").write_text("")
    with pytest.raises(UserError, match="is not empty and holds no job"):
        JobFolder(tmp_path / "strange").begin(MANIFEST)
    (tmp_path / "job/manifest.json").write_text("[")
    with pytest.raises(UserError, match="cannot be read"):
        folder.manifest()


def test_totals_count_an_item_once_and_what_it_used_each_time() -> None:
    usage = {"model_calls": 1, "input_tokens": 10, "output_tokens": 2, "cost_usd": 0.5}
    one = EndedItem(id="a", status="failed", output=None, usage=usage, error=None, seconds=0.0)
    told = totals([one, {**one, "status": "done"}])
    assert (told["items"], told["done"], told["failed"], told["model_calls"], told["cost_usd"]) == (1, 1, 0, 2, 1.0)
    assert totals([one, {**one, "usage": {**usage, "cost_usd": None}}])["cost_usd"] is None


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv", "out.parquet"])
def test_results_are_exported_sorted(tmp_path: Path, name: str) -> None:
    def result(number: str) -> EndedItem:
        output = {"n": number, "list": [1]}
        return EndedItem(id=number, status="done", output=output, usage=None, error=None, seconds=0.0)

    assert write_results([result("10"), result("b"), result("9"), result("9")], tmp_path / name) == 3
    if name == "out.jsonl":
        assert [json.loads(line)["id"] for line in (tmp_path / name).read_text().splitlines()] == ["9", "10", "b"]
    with pytest.raises(UserError, match=r"not 'x\.xml'"):
        write_results([], tmp_path / "x.xml")


def test_progress_says_what_is_known() -> None:
    now = [0.0]
    progress = JobProgress(total=100, clock=lambda: now[0])
    now[0] = 60.0
    for _ in range(20):
        progress.take({"status": "done", "usage": {"cost_usd": 0.01}})
    assert progress.line() == "20 done, 20 a minute, cost $0.2000, 80 left, about 4 min 0 s, $1.0000 in all"
    progress.take({"status": "failed", "usage": {"cost_usd": None}})
    assert "1 failed" in progress.line()
    assert "cost unknown" in progress.line()


# The command line


@pytest.fixture
def items(tmp_path: Path) -> Path:
    rows = [{"q": f"I was charged twice, {n}", "k": f"r{n}"} for n in range(30)]
    (tmp_path / "in.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return tmp_path / "in.jsonl"


def run(*args: str) -> Any:
    return CliRunner().invoke(cli, ["batch", *map(str, args)])


def test_a_job_from_the_command_line_goes_on_and_is_told(items: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "job")
    begun = ["run", "support_router", str(items), "--out", out, "--map", "query=q", "--id", "k"]
    first = run(*begun, "--limit", "10")
    assert first.exit_code == 0, first.output
    assert json.loads(run("status", out, "--json").stdout)["done"] == 10
    changed = run("run", "support_router", str(items), "--out", out, "--map", "query=k")
    assert (changed.exit_code, "differs" in changed.stderr) == (2, True)
    assert run("resume", out).exit_code == 0
    assert json.loads(run("status", out, "--json").stdout)["done"] == 30
    assert run("export", out, str(tmp_path / "o.csv")).exit_code == 0
    assert len((tmp_path / "o.csv").read_text().splitlines()) == 31


def test_a_dry_run_counts_and_estimates(items: Path, tmp_path: Path) -> None:
    told = run("run", "support_router", str(items), "--out", str(tmp_path / "j"), "--map", "query=q", "--dry-run")
    assert told.exit_code == 0, told.output
    assert (json.loads(told.stdout)["items"], json.loads(told.stdout)["expected"]["model_calls"]) == (30, 60.0)
    assert not (tmp_path / "j").exists()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--map", "query"], "--map takes FIELD=COLUMN"),
        (["--map", "query=q", "--shard", "3/2"], "--shard takes I/N"),
        (["--map", "query=q", "--set", "nothing=1"], "there is no context field"),
        (["--map", "query=nothing"], "there is no column 'nothing'"),
    ],
)
def test_what_does_not_fit_is_refused(items: Path, tmp_path: Path, args: list[str], said: str) -> None:
    refused = run("run", "support_router", str(items), "--out", str(tmp_path / "job"), *args)
    assert (refused.exit_code, said in refused.stderr) == (2, True), refused.output


def test_a_killed_job_goes_on_without_loss(items: Path, tmp_path: Path) -> None:
    out = tmp_path / "job"
    command = [sys.executable, "-m", "fanloom", "batch", "run", "support_router", str(items), "--out", str(out)]
    command += ["--map", "query=q", "--id", "k", "--concurrency", "2"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env={**os.environ, "FANLOOM_MODEL": "offline"})
    deadline = time.monotonic() + 60
    while not (out / "results.jsonl").exists() and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert subprocess.run(command, capture_output=True, timeout=120).returncode == 0
    ids = [result["id"] for result in JobFolder(out).results()]
    assert sorted(set(ids)) == sorted(f"r{n}" for n in range(30))
    assert max(Counter(ids).values()) == 1
