"""Jobs of many items: what is read, run, kept and gone on with, whatever happens in between."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from langgraph.graph import END, START
from langgraph.runtime import Runtime
from langgraph.types import interrupt
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
from fanloom.batch.ended_items import EndedItem, totals
from fanloom.batch.engines import ray_cluster
from fanloom.batch.export import write_results
from fanloom.batch.inputs import InputSource, Item
from fanloom.batch.job import Bounds, Job, run_batch
from fanloom.batch.job_folder import JobFolder
from fanloom.batch.job_manifest import Manifest
from fanloom.cli import cli
from fanloom.cli.showing.job_progress import JobProgress, watched
from fanloom.gateway.bounds.process_limits import waiting_calls
from tests.fakes import ScriptedModel


class State(TypedDict, total=False):
    n: int
    doubled: int
    outcomes: list[Outcome]


class Spoken(TypedDict, total=False):
    said: Any
    id: str


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


async def test_an_item_that_waits_for_a_person_has_not_been_done(tmp_path: Path) -> None:
    async def ask(state: State) -> dict[str, Any]:
        return {"doubled": interrupt("may I?")}

    made = StateGraph(State).add_node("ask", ask).add_edge(START, "ask").add_edge("ask", END).compile()
    (found,) = [result async for result in run_batch(made, [{"n": 1}], out=tmp_path / "job")]
    assert (found["status"], found["error"]["kind"]) == ("failed", "needs_input")
    assert "fanloom run --thread" in found["error"]["message"]
    assert list(JobFolder(tmp_path / "job").ended()) == ["1"]


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


async def test_the_own_budget_of_an_item_ends_that_item_only(tmp_path: Path) -> None:
    made, context = asking(ScriptedModel(reply=lambda _: "yes"), tmp_path), {"max_model_calls": 1}
    context |= {"model": ScriptedModel(reply=lambda _: "yes")}
    job = Job(made, numbers(1, 2, 3), context, JobFolder(tmp_path / "job"), bounds=Bounds(max_model_calls=100))
    found = await ended(job)
    assert [result["error"]["kind"] for result in found] == ["budget"] * 3
    assert not job.stopped_by
    # What a failed item has paid for counts too.
    assert [result["usage"]["model_calls"] for result in found] == [1, 1, 1]
    assert totals(JobFolder(tmp_path / "job").results())["model_calls"] == 3


async def test_a_kill_forgets_nothing_of_what_a_job_has_spent(tmp_path: Path) -> None:
    model, out = ScriptedModel(reply=lambda _: "yes"), tmp_path / "job"
    items, made, context = numbers(*range(100, 120)), asking(model, tmp_path), {"model": model}
    async for _ in (first := Job(made, items, context, JobFolder(out), 2, Bounds(max_model_calls=9)).results()):
        # What a process leaves that is killed here.
        kept = (out / "spent.json").read_bytes(), (out / "results.jsonl").read_bytes()
        asked = len(model.asked)
        break
    await first.aclose()
    (out / "spent.json").write_bytes(kept[0])
    (out / "results.jsonl").write_bytes(kept[1])
    await ended(Job(made, items, context, JobFolder(out), 2, Bounds(max_model_calls=9)))
    assert json.loads(kept[0])["max_model_calls"] >= asked
    assert len(model.asked) <= 9


@pytest.mark.parametrize("divisions", [[(1, 1), (1, 2), (2, 2)], [(1, 2), (2, 2), (1, 1)], [(1, 3), (2, 3), (3, 3)]])
async def test_a_budget_holds_however_the_job_is_divided(tmp_path: Path, divisions: list[tuple[int, int]]) -> None:
    model, out = ScriptedModel(reply=lambda _: "yes"), tmp_path / "job"
    items, made = numbers(*range(100, 130)), asking(model, tmp_path)
    for most, shard in zip([4, 7, 10], divisions, strict=True):
        await ended(Job(made, items, {"model": model}, JobFolder(out, shard), 3, Bounds(max_model_calls=most)))
        assert len(model.asked) <= most
    await ended(Job(made, items, {"model": model}, JobFolder(out), 3, Bounds(max_model_calls=20)))
    assert 19 <= len(model.asked) <= 20


def test_shards_share_what_does_not_divide() -> None:
    parts = [Bounds(max_model_calls=10).of_shard(4, number)["max_model_calls"] for number in range(1, 5)]
    assert parts == [3, 3, 2, 2]


async def test_results_are_written_before_anybody_reads_them(tmp_path: Path) -> None:
    told, folder = Told(), JobFolder(tmp_path)
    results = Job(graph(told), numbers(*range(20, 90)), folder=folder, concurrency=4).results()
    await anext(results)
    await asyncio.sleep(0.05)
    # A kill in this moment: no more than the width runs again.
    assert len(told.asked) - len(JobFolder(tmp_path).ended()) <= 4
    await results.aclose()


async def test_two_processes_do_not_work_in_one_place(tmp_path: Path) -> None:
    first = Job(graph(Told()), numbers(20, 21, 22), folder=JobFolder(tmp_path), concurrency=1).results()
    await anext(first)
    for shard in ((1, 1), (2, 2)):
        with pytest.raises(UserError, match="another process works in"):
            await ended(Job(graph(Told()), numbers(20, 21, 22), folder=JobFolder(tmp_path, shard)))
    await first.aclose()
    assert len(await ended(Job(graph(Told()), numbers(20, 21, 22), folder=JobFolder(tmp_path)))) == 2


async def test_shards_work_beside_each_other(tmp_path: Path) -> None:
    first = Job(graph(Told()), numbers(*range(20, 40)), folder=JobFolder(tmp_path, (1, 2)), concurrency=1).results()
    await anext(first)
    assert await ended(Job(graph(Told()), numbers(*range(20, 40)), folder=JobFolder(tmp_path, (2, 2))))
    await first.aclose()


async def test_a_folder_of_python_belongs_to_one_job_too(tmp_path: Path) -> None:
    out = tmp_path / "job"
    async for _ in run_batch(graph(Told()), numbers(20), context={"model": ScriptedModel(reply=str)}, out=out):
        pass
    other = run_batch(graph(Told()), numbers(20), context={"model": "offline"}, out=out)
    with pytest.raises(UserError, match="context differs"):
        await anext(other)
    again = run_batch(graph(Told()), numbers(20, 13), context={"model": "offline"}, out=out, force=True)
    assert [result["id"] async for result in again] == ["i13"]
    assert run("status", str(out), "--json").exit_code == 0


async def test_failures_are_those_that_stand(tmp_path: Path) -> None:
    failing = Told()
    await ended(Job(graph(failing), numbers(13, 15, 20), folder=JobFolder(tmp_path)))
    # A kill between the two files.
    (tmp_path / "failures.jsonl").unlink()
    await ended(Job(graph(failing), numbers(13, 15, 20), folder=JobFolder(tmp_path)))
    assert len((tmp_path / "failures.jsonl").read_text().splitlines()) == 2
    items = [("i13", {"n": 21}), ("i15", {"n": 15}), ("i20", {"n": 20})]
    await ended(Job(graph(failing), items, folder=JobFolder(tmp_path, (1, 1)), retry_failed=True))
    await ended(Job(graph(failing), items, folder=JobFolder(tmp_path)))
    assert [json.loads(line)["id"] for line in (tmp_path / "failures.jsonl").read_text().splitlines()] == ["i15"]


async def test_what_a_shard_has_done_since_counts(tmp_path: Path) -> None:
    await ended(Job(graph(Told()), numbers(13), folder=JobFolder(tmp_path)))
    for number in (1, 2):
        await ended(
            Job(graph(Told()), [("i13", {"n": 21})], folder=JobFolder(tmp_path, (number, 2)), retry_failed=True)
        )
    assert JobFolder(tmp_path).ended() == {"i13": "done"}
    assert totals(JobFolder(tmp_path).results())["done"] == 1
    assert write_results(JobFolder(tmp_path).results(), tmp_path / "o.jsonl") == 1
    assert json.loads((tmp_path / "o.jsonl").read_text())["status"] == "done"


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


def test_folders_name_their_texts_apart(tmp_path: Path) -> None:
    for year in ("2024", "2025"):
        (tmp_path / year).mkdir()
        (tmp_path / year / "report.md").write_text(year)
    found = InputSource(str(tmp_path), {"text": "content"}, "path").items()
    assert [item.id for item in found] == ["2024/report.md", "2025/report.md"]
    with pytest.raises(UserError, match="'report' comes twice"):
        list(InputSource(str(tmp_path), {}, "id").items())


def test_an_arrow_data_set_is_a_folder_of_tables(tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import feather, ipc
    from pyarrow.parquet import write_table

    rows = pyarrow.table({"q": ["x", "y"]})
    (tmp_path / "lang=de").mkdir()
    write_table(rows, tmp_path / "lang=de/a.parquet")
    feather.write_feather(rows, tmp_path / "b.feather", compression="uncompressed")
    with ipc.new_stream(str(tmp_path / "c.arrow"), rows.schema) as stream:
        stream.write_table(rows)
    (tmp_path / "state.json").write_text("{}")
    found = [item.given for item in InputSource(str(tmp_path)).items()]
    assert found == [{"q": "x"}, {"q": "y"}] * 2 + [{"q": "x", "lang": "de"}, {"q": "y", "lang": "de"}]
    assert [item.given for item in InputSource(str(tmp_path / "c.arrow")).items()] == [{"q": "x"}, {"q": "y"}]


async def test_a_table_in_memory_is_read_by_rows() -> None:
    import pyarrow
    from pyarrow.dataset import dataset

    table = pyarrow.table({"n": [21, 22]})
    for items in (table, dataset(table)):
        found = [result["output"]["doubled"] async for result in run_batch(graph(Told()), items)]
        assert sorted(found) == [42, 44]


def test_a_cell_may_hold_a_long_document(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(f"q\n{'x' * 300_000}\n")
    assert len(next(InputSource(str(tmp_path / "in.csv")).items()).given["q"]) == 300_000


@pytest.mark.parametrize("name", ["in.jsonl", "in.csv", "in.parquet", "in.arrow", "in.feather", "folder"])
def test_what_is_no_such_file_is_named(tmp_path: Path, name: str) -> None:
    source = InputSource(str(tmp_path / name))
    with pytest.raises(UserError, match="there is no file or folder"):
        source.fingerprint()
    with pytest.raises(UserError, match="there is no file or folder"):
        list(source.items())
    (tmp_path / name).mkdir() if name == "folder" else (tmp_path / name).write_bytes(b"q\n\xff\xfe")
    with pytest.raises(UserError, match=name):
        list(source.items())


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


@pytest.mark.parametrize("torn", ['{"id": "b"', "{", "\udcc3", '{"id": "b", "status": "done"}', "\x00" * 100_000])
def test_a_torn_last_line_is_cut_off(tmp_path: Path, torn: str) -> None:
    folder = JobFolder(tmp_path)
    result = EndedItem(id="a", status="done", output=None, usage=None, error=None, seconds=0.0)
    folder.add(result)
    folder.close()
    with (tmp_path / "results.jsonl").open("a", encoding="utf-8", errors="surrogateescape") as opened:
        opened.write(torn)
    assert [one["id"] for one in folder.results()] == ["a"]
    assert JobFolder(tmp_path).ended() == {"a": "done"}
    folder.mend()
    folder.add({**result, "id": "c"})
    assert [one["id"] for one in folder.results()] == ["a", "c"]


@pytest.mark.parametrize("text", ["half \ud83d of it", "\u2028\x00", 2**70])
async def test_whatever_a_graph_answers_is_read_again(tmp_path: Path, text: Any) -> None:
    async def say(state: Spoken) -> dict[str, Any]:
        return {"said": text, "id": "its own"}

    builder = StateGraph(Spoken).add_node("say", say).add_edge(START, "say").add_edge("say", END)
    out = tmp_path / "job"
    (found,) = [one async for one in run_batch(builder.compile(), [{"said": None}], out=out)]
    for line in (out / "results.jsonl").read_bytes().splitlines():
        line.decode("utf-8")
    assert list(JobFolder(out).results()) == [found]
    for name in ("o.jsonl", "o.csv", "o.parquet"):
        assert write_results(JobFolder(out).results(), tmp_path / name) == 1
    with (tmp_path / "o.csv").open(newline="") as opened:
        (row,) = csv.DictReader(opened)
    assert (row["id"], row["output.id"]) == ("1", "its own")


def test_a_folder_is_begun_by_several_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        for turn in range(20):
            folder = JobFolder(tmp_path / f"job{turn}")
            list(pool.map(lambda _, folder=folder: folder.begin(MANIFEST), range(8)))
            assert folder.manifest() == MANIFEST


def test_a_folder_belongs_to_one_job(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path / "job")
    folder.begin(MANIFEST)
    folder.begin(MANIFEST)
    other = Manifest("refine", {}, "in.jsonl", "xyz")
    with pytest.raises(UserError, match="graph, the input's content differs"):
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


async def test_progress_is_told_while_nothing_ends(capfd: pytest.CaptureFixture[str]) -> None:
    class Stuck:
        async def results(self) -> Any:
            yield {"status": "done", "usage": None}
            await asyncio.sleep(0.2)

    await watched(Stuck(), shown=True, total=2, waiting=lambda: {"rpm": 7}, every_s=0.05)
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) >= 2
    assert "1 done" in lines[0]
    assert "1 left, about" in lines[0]
    assert lines[0].endswith("$0.0000 in all, 7 calls wait for requests a minute")


async def test_what_calls_wait_for_is_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FANLOOM_RPM", "3")
    model = ScriptedModel(reply=lambda _: "yes")
    job = Job(asking(model, tmp_path), numbers(*range(100, 110)), {"model": model}, concurrency=5)
    running = asyncio.create_task(ended(job))
    async with asyncio.timeout(10):
        # Three calls are sent, and each of the five items in flight then waits with one.
        while waiting_calls()["rpm"] < 5:  # noqa: ASYNC110 - a limiter tells nobody of who waits
            await asyncio.sleep(0.01)
    assert len(model.asked) == 3
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


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


def test_a_column_that_there_is_not_leaves_no_job_behind(items: Path, tmp_path: Path) -> None:
    begun = ["run", "support_router", str(items), "--out", str(tmp_path / "job"), "--id", "k"]
    wrong = run(*begun, "--map", "query=text")
    assert (wrong.exit_code, "there is no column 'text'" in wrong.stderr) == (2, True)
    assert not (tmp_path / "job").exists()
    assert run(*begun, "--map", "query=q", "--limit", "1").exit_code == 0


def test_a_dry_run_counts_and_estimates(items: Path, tmp_path: Path) -> None:
    told = run("run", "support_router", str(items), "--out", str(tmp_path / "j"), "--map", "query=q", "--dry-run")
    assert told.exit_code == 0, told.output
    assert (json.loads(told.stdout)["items"], json.loads(told.stdout)["expected"]["model_calls"]) == (30, 60.0)
    assert not (tmp_path / "j").exists()


def test_a_dry_run_is_of_what_would_run(items: Path, tmp_path: Path) -> None:
    begun = ["run", "support_router", str(items), "--out", str(tmp_path / "j"), "--map", "query=q"]
    assert json.loads(run(*begun, "--dry-run", "--limit", "7").stdout)["items"] == 7
    parts = [json.loads(run(*begun, "--dry-run", "--shard", f"{n}/3").stdout)["items"] for n in (1, 2, 3)]
    assert sum(parts) == 30
    assert run(*begun, "--limit", "10").exit_code == 0
    assert json.loads(run(*begun, "--dry-run").stdout)["items"] == 20


def test_standard_input_is_read_once(tmp_path: Path) -> None:
    lines = "".join(f'{{"query": "I was charged twice, {n}"}}\n' for n in range(9))
    args = ["batch", "run", "support_router", "-", "--out", str(tmp_path / "j")]
    told = json.loads(CliRunner().invoke(cli, [*args, "--dry-run"], input=lines).stdout)
    assert (told["items"], told["sample"], told["expected"]["model_calls"]) == (9, 3, 18.0)
    assert CliRunner().invoke(cli, args, input=lines).exit_code == 0
    assert json.loads(run("status", str(tmp_path / "j"), "--json").stdout)["done"] == 9


def test_cells_become_what_the_graph_takes(tmp_path: Path) -> None:
    source = json.dumps([{"title": "R", "content": "A product may be returned within 30 days."}])
    with (tmp_path / "in.csv").open("w", newline="") as opened:
        csv.writer(opened).writerows([["sources", "n"], [source, "1"], [source, ""]])
    out = str(tmp_path / "j")
    begun = ["run", "faq_one_shot", str(tmp_path / "in.csv"), "--out", out, "--map", "sources=sources"]
    assert run(*begun, "--map", "n_questions=n").exit_code in (0, 3)
    found = {result["id"]: result for result in JobFolder(Path(out)).results()}
    assert [len(found[name]["output"]["faqs"]) for name in ("1", "2")] == [1, 3]


def test_an_item_that_cannot_be_read_is_told_before_any_runs(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"query": "I was charged twice"}\n{"query"\n')
    told = run("run", "support_router", str(tmp_path / "in.jsonl"), "--out", str(tmp_path / "j"))
    assert (told.exit_code, "line 2: not valid JSON" in told.stderr) == (2, True)
    assert not (tmp_path / "j/results.jsonl").exists()


def test_a_job_goes_on_as_wide_as_it_began(items: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    widths = []
    kept = Job.__post_init__
    monkeypatch.setattr(Job, "__post_init__", lambda job: widths.append(job.concurrency) or kept(job))
    out = str(tmp_path / "j")
    begun = ["run", "support_router", str(items), "--out", out, "--map", "query=q", "--limit", "1"]
    run(*begun, "--concurrency", "3")
    run("resume", out, "--limit", "1")
    run("resume", out, "--limit", "1", "--concurrency", "5")
    assert widths == [3, 3, 5]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--map", "query"], "--map takes FIELD=COLUMN"),
        (["--map", "qury=q"], "there is no input field 'qury'"),
        (["--map", "query=q", "--shard", "3/2"], "--shard takes I/N"),
        (["--map", "query=q", "--set", "nothing=1"], "there is no context field"),
        (["--map", "query=nothing"], "there is no column 'nothing'"),
    ],
)
def test_what_does_not_fit_is_refused(items: Path, tmp_path: Path, args: list[str], said: str) -> None:
    refused = run("run", "support_router", str(items), "--out", str(tmp_path / "job"), *args)
    assert (refused.exit_code, said in refused.stderr) == (2, True), refused.output


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--engine", "ray"], 'run: pip install "fanloom[ray]"'),
        (["--address", "auto"], "are those of the engine 'ray'; choose it too"),
        (["--workers", "2"], "are those of the engine 'ray'; choose it too"),
        (["--engine", "spark"], "'spark' is not one of 'local', 'ray'"),
    ],
)
def test_an_engine_that_cannot_be_had_is_told_before_anything_is_made(
    items: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: list[str], said: str
) -> None:
    monkeypatch.setattr(ray_cluster, "find_spec", lambda _: None)
    refused = run("run", "support_router", str(items), "--out", str(tmp_path / "job"), "--map", "query=q", *args)
    assert (refused.exit_code, said in refused.stderr) == (2, True), refused.output
    assert not (tmp_path / "job").exists()


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


HELD = """
import asyncio, os
from langgraph.graph import START, StateGraph
from typing_extensions import TypedDict

class State(TypedDict, total=False):
    n: int

async def hold(state: State) -> State:
    print("began", flush=True)
    # What a stop has to wait for.
    while not os.path.exists("end"):
        await asyncio.sleep(0.01)
    return {}

graph = StateGraph(State).add_node("hold", hold).add_edge(START, "hold").compile(name="held")
"""


@contextmanager
def held_job(folder: Path, width: int) -> Iterator[subprocess.Popen[bytes]]:
    """Start a job whose items end when there is a file `end`, and yield it once as many as it may are in flight."""
    (folder / "held.py").write_text(HELD)
    (folder / "langgraph.json").write_text(json.dumps({"dependencies": ["."], "graphs": {"held": "./held.py:graph"}}))
    (folder / "in.jsonl").write_text("".join(f'{{"n": {n}}}\n' for n in range(20)))
    command = [sys.executable, "-m", "fanloom", "batch", "run", "held", "in.jsonl", "--out", "job", "-q"]
    command += ["--concurrency", str(width)]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert [process.stdout.readline() for _ in range(width)] == [b"began\n"] * width
        yield process


@pytest.mark.parametrize(
    ("number", "name", "again"),
    [(signal.SIGINT, "Ctrl-C", "press Ctrl-C again"), (signal.SIGTERM, "SIGTERM", "send it again")],
)
def test_a_signal_lets_what_is_in_flight_end(tmp_path: Path, number: signal.Signals, name: str, again: str) -> None:
    with held_job(tmp_path, width=3) as process:
        process.send_signal(number)
        assert process.stderr
        assert process.stderr.readline() == b"\n"
        assert process.stderr.readline().decode() == f"Waiting for what is in flight; {again} to leave it.\n"
        (tmp_path / "end").touch()
        out, error = process.communicate(timeout=60)
    told = error.decode().splitlines()
    assert (process.returncode, out) == (1, b"")
    assert told[0].startswith("3 done, 0 in part, 0 failed")
    assert told[1:] == [f"Error: the job has stopped: {name}. Go on with: fanloom batch resume job"]
    assert {result["status"] for result in JobFolder(tmp_path / "job").results()} == {"done"}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_the_second_signal_ends_the_command(tmp_path: Path, number: signal.Signals, code: int) -> None:
    with held_job(tmp_path, width=2) as process:
        assert process.stderr
        process.send_signal(number)
        process.stderr.readline()
        process.stderr.readline()
        process.send_signal(number)
        process.communicate(timeout=60)
    assert process.returncode == code
    assert list(JobFolder(tmp_path / "job").results()) == []
