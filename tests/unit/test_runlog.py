"""The run log: what is put in comes out, in order, without secrets, whatever happens to its store."""

from __future__ import annotations

import json
import logging
import os
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import MetaData
from sqlalchemy.exc import OperationalError

from fanloom import UserError
from fanloom.runlog.contents import Contents, packed, unpacked
from fanloom.runlog.fanrun import LoggedRun, read_fanrun, write_fanrun
from fanloom.runlog.log_writer import Batch, LogWriter
from fanloom.runlog.recorder import Content, Mode, RunRecorder
from fanloom.runlog.run_store import RunStore
from fanloom.runlog.run_summary import RunSummary
from fanloom.runs.run_log import RunLogMask

SECRET = "sk-canary-canary-canary"


class Mask:
    def text(self, content: Content) -> str:
        return content.text.replace(SECRET, "***")

    def fields(self, fields: dict[str, Any]) -> dict[str, Any]:
        masked: dict[str, Any] = json.loads(json.dumps(fields).replace(SECRET, "***"))
        return masked

    def is_needed(self, lines: bytes) -> bool:
        return SECRET.encode() in lines


class Kept:
    """A sink that keeps batches, or raises."""

    def __init__(self, *errors: Exception) -> None:
        self.batches: list[Batch] = []
        self.errors = list(errors)

    def write(self, batches: list[Batch]) -> None:
        if self.errors:
            raise self.errors.pop()
        self.batches += batches

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for batch in self.batches for event in batch.events]


def writer(sink: Any, mode: Mode = "all") -> LogWriter:
    return LogWriter(sink, Mask(), mode)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunStore]:
    is_file = request.param == "sqlite"
    made = RunStore(f"sqlite:///{tmp_path}/runs.db" if is_file else request.getfixturevalue("postgres_url"))
    yield made
    made.close()


def fill(log: LogWriter, run: str, **started: Any) -> RunRecorder:
    recorder = RunRecorder(run, log.put)
    recorder.add("run.started", run=run, **{"graph": "faq", "thread": "t", **started})
    recorder.add("plan.made", tasks=[{"task_id": "t1"}, {"task_id": "t2"}], cut=1)
    prompt = [{"role": "human", "text": Content("What?")}, {"role": "human", "text": Content(f"key {SECRET}")}]
    recorder.add("attempt.started", {"prompt": prompt}, call="c1", n=1, **{"gen_ai.request.model": "m"})
    recorder.add("attempt.ended", {"answer": Content("no")}, call="c1", n=1, outcome="wrong_shape", cost_usd=0.5)
    recorder.add("attempt.started", {"prompt": prompt}, call="c1", n=2, **{"gen_ai.request.model": "m"})
    recorder.add("attempt.ended", {"answer": Content("yes")}, call="c1", n=2, outcome="ok", cost_usd=0.25)
    recorder.add("outcome", task="t1", status="done", error=SECRET)
    return recorder


def test_what_is_put_in_comes_out(store: RunStore) -> None:
    log = writer(store)
    fill(log, "r1").add("run.ended", status="done")
    assert log.flush()
    events = list(store.events("r1"))
    assert [event["seq"] for event in events] == list(range(1, 9))
    assert [event["type"] for event in store.events("r1", after=6)] == ["outcome", "run.ended"]
    first, second = events[2]["prompt"]
    assert (store.content("r1", first["text"]), store.content("r1", second["text"])) == ("What?", "key ***")
    assert events[4]["prompt"] == events[2]["prompt"]
    assert len(store.contents("r1")) == 4
    assert store.content("r2", first["text"]) is None
    assert events[6]["error"] == "***"
    summary = store.run("r1")
    assert summary is not None
    assert (summary.graph, summary.status, summary.planned, summary.outcomes) == ("faq", "done", 3, {"done": 1})
    assert (summary.requests, summary.cost_usd, summary.lost_usd, summary.models) == (2, 0.75, 0.5, ["m"])


def test_two_processes_that_begin_at_once_make_the_tables_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/runs.db"
    make, calls = MetaData.create_all, iter([True])

    def made_meanwhile(meta: MetaData, engine: Any) -> None:
        make(meta, engine)
        if next(calls, False):
            raise OperationalError("CREATE TABLE", {}, Exception("table already exists"))

    monkeypatch.setattr(MetaData, "create_all", made_meanwhile)
    assert RunStore(url).runs() == []


def test_a_run_that_goes_on_in_another_process_goes_on_in_its_log(store: RunStore) -> None:
    log = writer(store)
    fill(log, "r1").add("run.paused")
    log.flush()
    again = writer(store)
    RunRecorder("r1", again.put, first_seq=(store.run("r1") or RunSummary()).last_seq + 1).add("run.resumed", by="sue")
    again.flush()
    assert [event["seq"] for event in store.events("r1")] == list(range(1, 10))
    summary = store.run("r1")
    assert summary is not None
    assert (summary.status, summary.requests, summary.planned) == ("running", 2, 3)


def test_runs_are_listed_newest_first_and_by_what_they_are(store: RunStore) -> None:
    log = writer(store)
    for number, (graph, owner) in enumerate([("faq", "ann"), ("desk", "ann"), ("faq", "bob")]):
        fill(log, f"r{number}", graph=graph, owner=owner, thread=f"t{number}")
        log.flush()
    assert [run.run for run in store.runs(graph="faq", owner="ann")] == ["r0"]
    assert {run.run for run in store.runs()} == {"r0", "r1", "r2"}
    assert len(store.runs(limit=2)) == 2
    assert store.runs(before=min(run.started for run in store.runs())) == []
    assert store.delete(thread="t1") == 1
    assert (store.run("r1"), list(store.events("r1")), store.contents("r1")) == (None, [], {})
    assert store.prune(days=1) == 0
    assert store.prune(size=0) == 2


def test_what_is_being_written_is_waited_for() -> None:
    begun, may_end = threading.Event(), threading.Event()

    class Slow:
        def write(self, batches: list[Any]) -> None:
            begun.set()
            may_end.wait(10)

    log = writer(Slow())
    fill(log, "r1")
    assert begun.wait(10)
    assert not log.flush(0.01)
    may_end.set()
    assert log.flush()


def test_facts_hold_no_contents() -> None:
    sink = Kept()
    log = writer(sink, "facts")
    fill(log, "r1")
    log.flush()
    assert not any(batch.bodies for batch in sink.batches)
    assert not [event for event in sink.events if {"prompt", "answer"} & event.keys()]


@pytest.mark.parametrize("error", [OSError("disk full"), OperationalError("x", {}, Exception("locked"))])
def test_a_store_that_fails_costs_the_log_only_and_is_told_once(error: Exception, caplog: Any) -> None:
    sink = Kept(error, error)
    log = writer(sink)
    recorder = RunRecorder("r1", log.put)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            recorder.add("run.started", run="r1")
            log.flush()
    recorder.add("run.ended", status="done")
    log.flush()
    assert [event["type"] for event in sink.events] == ["run.ended", "log.gap"]
    assert sink.events[-1]["dropped"] == 2
    assert [record.message.partition(";")[0] for record in caplog.records] == ["The run log cannot be written"]


def test_the_queue_has_an_end_and_says_what_it_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    most = 4000
    monkeypatch.setattr("fanloom.runlog.log_writer.MOST_QUEUED", most)
    sink, gate = Kept(), threading.Event()
    log = writer(sink)
    monkeypatch.setattr(log, "_write", lambda entries: gate.wait() and type(log)._write(log, entries))
    recorder = RunRecorder("r1", log.put)
    for _ in range(3 * most):
        recorder.add("tick", {"text": Content("x")})
    gate.set()
    log.flush(60)
    recorder.add("last")
    assert log.flush(60)
    dropped = sum(event["dropped"] for event in sink.events if event["type"] == "log.gap")
    kept = [event for event in sink.events if event["type"] == "tick"]
    assert dropped + len(kept) == 3 * most
    assert 0 < len([event for event in kept if "text" in event]) < len(kept) <= most + 2000


def test_many_threads_write_one_run_with_numbers_in_order() -> None:
    sink = Kept()
    log = writer(sink)
    recorder = RunRecorder("r1", log.put)
    threads = [threading.Thread(target=lambda: [recorder.add("tick") for _ in range(500)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.flush()
    assert sorted(event["seq"] for event in sink.events) == list(range(1, 4001))


@given(st.text(max_size=300))
def test_a_content_comes_out_as_it_went_in(text: str) -> None:
    assert unpacked(packed(text)) == text
    contents = Contents(lambda content: content.text, kept=True)
    names = {contents.named("r", {"a": Content(text)})["a"] for _ in range(2)}
    assert [unpacked(contents.new[name]) for name in names] == [text]


def test_whatever_an_event_holds_is_masked_wherever_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET", "tell-nobody-of-this")
    mask, secret = RunLogMask(frozenset()), "so: tell-nobody-of-this."
    long = secret + "x" * 1000
    told = mask.fields({"a": secret, "b": [{"c": (secret, 1.5, None)}, long], "d": {secret: secret, (1, 2): secret}})
    assert told["b"] == [{"c": ["so: ***.", 1.5, None]}, "so: ***." + "x" * 1000]
    assert (told["a"], told["d"]) == ("so: ***.", {"so: ***.": "so: ***.", (1, 2): "so: ***."})
    assert mask.fields({"a": {"b": Path(secret)}}) == {"a": {"b": "so: ***."}}


def test_a_secret_that_is_new_is_masked_a_moment_later(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("fanloom.runs.run_log.time.monotonic", lambda: now[0])
    mask = RunLogMask(frozenset())
    assert mask.fields({"a": "my-newest-secret"}) == {"a": "my-newest-secret"}
    monkeypatch.setenv("NEW_TOKEN", "my-newest-secret")
    now[0] += 1.5
    assert mask.fields({"a": "my-newest-secret"}) == {"a": "***"}


def test_a_run_travels_in_a_file(tmp_path: Path) -> None:
    run = LoggedRun([{"seq": 1, "t": 1, "type": "run.started", "x": "é"}], {"abc": "text\n\u202e"})
    write_fanrun(run, tmp_path / "a.fanrun")
    assert read_fanrun(tmp_path / "a.fanrun") == run


def zipped(file: Path, **parts: str) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in parts.items():
            made.writestr(name.replace("__", "/").replace("_", "."), text)
    return file


MANIFEST = '{"format": "fanrun", "v": 1}'


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({}, "no .fanrun file"),
        ({"manifest_json": "[]", "events_ndjson": ""}, "its manifest does not say so"),
        ({"manifest_json": '{"format": "fanrun", "v": 99}', "events_ndjson": ""}, "update Fanloom"),
        ({"manifest_json": MANIFEST, "events_ndjson": "{"}, "no .fanrun file"),
        ({"manifest_json": MANIFEST, "events_ndjson": "[" * 100_000}, "no .fanrun file"),
        ({"manifest_json": MANIFEST, "events_ndjson": '{"seq": 1}'}, "no number, time or type"),
    ],
)
def test_a_hostile_file_is_refused(tmp_path: Path, parts: dict[str, str], said: str) -> None:
    with pytest.raises(UserError, match=said):
        read_fanrun(zipped(tmp_path / "x.fanrun", **parts))


def test_a_file_that_unpacks_to_too_much_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fanloom.runlog.fanrun._MOST_BYTES", 1_000_000)
    bomb = zipped(tmp_path / "x.fanrun", manifest_json=MANIFEST, events_ndjson="\n" * 1_000_001)
    assert bomb.stat().st_size < 10_000
    with pytest.raises(UserError, match="it is not read"):
        read_fanrun(bomb)


def test_what_is_no_zip_and_what_is_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.fanrun").write_text("<html>")
    for name in ("x.fanrun", "y.fanrun"):
        with pytest.raises(UserError):
            read_fanrun(tmp_path / name)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_raises(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OSError, match="Permission"):
        RunStore(f"sqlite:///{tmp_path}/a/runs.db").runs()
