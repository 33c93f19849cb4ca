"""Runs of graphs, written down: what was waited for, paid and lost, what was asked, and nothing that is secret."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_args

import pytest
from click.testing import CliRunner
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START
from langgraph.runtime import Runtime
from langgraph.types import Command, interrupt
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from sqlalchemy import MetaData
from typing_extensions import TypedDict

from fanloom import Context, InvalidSettings, LLMStep, OutputModel, Prompt, RunState, StateGraph, add_fan_out, new_run
from fanloom.cli import cli
from fanloom.durable.database import Database
from fanloom.durable.effects import effects_table
from fanloom.gateway.attempt_log import breaker_noted, cool_down_noted
from fanloom.gateway.bounds.circuit_breaker import Breaker
from fanloom.graph.tasks.dispatch import _told
from fanloom.runlog.current_log import part, record, recording
from fanloom.runlog.otlp import SCHEMA_URL
from fanloom.runlog.recorder import Mode, RunRecorder
from fanloom.runlog.run_summary import RunSummary
from fanloom.runs.otlp_export import finish_sending
from fanloom.runs.outcome import Outcome
from fanloom.runs.run_log import Apart, kept_for, run_logs, told_apart
from tests.fakes import ScriptedModel

CANARY = "AKIAABCDEFGHIJKLMNOP"


class Score(OutputModel):
    """A score."""

    score: int


class State(RunState, total=False):
    items: list[dict[str, Any]]
    told: str


class Output(TypedDict):
    told: str


class Throttled(Exception):
    status_code = 429


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FANLOOM_RUN_LOG")
    monkeypatch.setattr("fanloom.gateway.model_turn.wait_s", lambda upcoming: 0.001 if upcoming.kind == "retry" else 0)


def graph(tmp_path: Path, *, asks: bool = False) -> Any:
    (tmp_path / "score.md").write_text("Score <item>$item</item>")
    step = LLMStep("score", Prompt(tmp_path / "score.md"), Score)

    async def begin(state: State) -> dict[str, Any]:
        return new_run()

    async def score(task: dict[str, Any], runtime: Runtime[Context]) -> int:
        if asks and task["name"] == "b":
            interrupt({"question": "really?"})
        return (await step.run(runtime, item=task["name"])).score

    async def end(state: State) -> dict[str, Any]:
        return {"told": "all"}

    builder = StateGraph(State, context_schema=Context, output_schema=Output)
    builder.add_node("begin", begin)
    builder.add_node("end", end)
    builder.add_edge(START, "begin")
    add_fan_out(builder, "begin", over="items", worker="score", action=score, join="end")
    builder.add_edge("end", END)
    return builder.compile(name="scoring", pattern="parallel", checkpointer=InMemorySaver() if asks else None)


ITEMS = {"items": [{"task_id": "t1", "name": "a"}, {"task_id": "t2", "name": "b"}]}


def written() -> None:
    assert all(run_logs(mode).writer.flush() for mode in get_args(Mode))


def events_of(run: RunSummary) -> list[dict[str, Any]]:
    written()
    return list(run_logs().store.events(run.run))


def newest() -> RunSummary:
    written()
    return run_logs().store.runs(limit=1)[0]


async def test_waits_attempts_and_what_was_lost_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANLOOM_RUN_LOG", "all")
    replies = iter([Throttled("busy"), "prose", {"score": 1}, {"score": 2}])
    model = ScriptedModel(reply=lambda _: next(replies))
    await graph(tmp_path).ainvoke(ITEMS, context={"model": model, "max_concurrency": 1})
    run = newest()
    assert (run.graph, run.status, run.planned, run.outcomes, run.requests) == ("scoring", "done", 2, {"done": 2}, 4)
    events = events_of(run)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    ended = [event["outcome"] for event in events if event["type"] == "attempt.ended"]
    assert sorted(ended) == ["not_data", "ok", "ok", "throttled"]
    reasons = {event["reason"] for event in events if event["type"] == "wait.started"}
    assert {"run_slot", "back_off"} <= reasons
    whys = [event["why"] for event in events if event["type"] == "attempt.started"]
    assert sorted(whys) == ["first", "first", "repair", "retry"]
    (plan,) = [event for event in events if event["type"] == "plan.made"]
    assert [(task["task_id"], task["title"]) for task in plan["tasks"]] == [("t1", "a"), ("t2", "b")]
    calls = {event["id"]: event["task"] for event in events if event["type"] == "call.started"}
    assert set(calls.values()) == {"t1", "t2"}
    assert all(event["call"] in calls for event in events if event["type"].startswith("attempt."))
    answer = next(event["answer"] for event in events if event.get("outcome") == "not_data")
    assert run_logs().store.content(run.run, answer) == "prose"


def test_a_run_that_waits_goes_on_in_its_log(tmp_path: Path) -> None:
    made, config = graph(tmp_path, asks=True), {"configurable": {"thread_id": "t"}}
    model = ScriptedModel(reply=lambda _: {"score": 3})
    made.invoke(ITEMS, config, context={"model": model})
    run = newest()
    assert (run.status, len(run.waiting), run.thread) == ("waiting", 1, "t")
    made.invoke(Command(resume={run.waiting[0]: "yes"}), config, context={"model": model})
    again = newest()
    assert (again.run, again.status, again.waiting, again.outcomes) == (run.run, "done", [], {"done": 2})
    kinds = [event["type"] for event in events_of(again)]
    assert (kinds.count("run.started"), kinds.count("run.resumed"), kinds.count("question.answered")) == (1, 1, 1)
    assert next(e for e in events_of(again) if e["type"] == "question.asked")["value"] == {"question": "really?"}


def test_a_fork_is_a_run_of_its_own_that_names_what_it_forks(tmp_path: Path) -> None:
    made, config = graph(tmp_path, asks=True), {"configurable": {"thread_id": "t"}}
    context = {"model": ScriptedModel(reply=lambda _: {"score": 3})}
    made.invoke(ITEMS, config, context=context)
    run = newest()
    [asked] = events_of(run)[-1]["questions"]
    assert events_of(run)[-1]["reason"] == "question"
    assert run.waiting == [asked]
    plan = next(state for state in made.get_state_history(config) if "score" in state.next)
    fork = made.update_state(plan.config, {"items": ITEMS["items"][:1]})
    made.invoke(None, fork, context=context)
    forked = newest()
    assert (forked.status, forked.planned, forked.outcomes) == ("done", 1, {"done": 1})
    started, *_ = events = events_of(forked)
    # What was planned before it began stands in its log too, with the titles.
    assert [each["title"] for event in events if event["type"] == "plan.made" for each in event["tasks"]] == ["a"]
    assert (started["forks"], started["checkpoint"]) == (run.run, fork["configurable"]["checkpoint_id"])
    assert "resumes" not in started
    # The run that it was made of still waits.
    assert run_logs().store.run(run.run).status == "waiting"  # type: ignore[union-attr]


def test_a_plan_is_told_once_and_a_fork_tells_what_it_keeps_and_leaves_out(tmp_path: Path) -> None:
    made, config = graph(tmp_path, asks=True), {"configurable": {"thread_id": "t"}}
    context = {"model": ScriptedModel(reply=lambda _: {"score": 3}), "max_tasks": 2}
    items = [{"task_id": f"t{number}", "name": "a"} for number in range(1, 4)]
    made.invoke({"items": items}, config, context=context)
    (told,) = [event for event in events_of(newest()) if event["type"] == "plan.made"]
    assert ([task["task_id"] for task in told["tasks"]], told["cut"]) == (["t1", "t2"], 1)
    plan = next(state for state in made.get_state_history(config) if "score" in state.next)
    made.invoke(None, made.update_state(plan.config, {"items": items}), context=context)
    events = events_of(newest())
    (told,) = [event for event in events if event["type"] == "plan.made"]
    assert ([task["title"] for task in told["tasks"]], told["cut"]) == (["a"] * 3, 0)
    outcomes = [event for event in events if event["type"] == "outcome"]
    ended = {event["task_id"]: (event["status"], event.get("is_kept")) for event in outcomes}
    assert ended == {"t1": ("done", True), "t2": ("done", True), "t3": ("skipped", None)}
    assert not [event for event in events if event["type"] == "attempt.started"]


def test_a_node_says_its_superstep_and_a_task_what_it_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANLOOM_RUN_LOG", "all")
    graph(tmp_path).invoke(ITEMS, context={"model": ScriptedModel(reply=lambda _: {"score": 1})})
    events = events_of(newest())
    steps = [(event["node"], event["superstep"]) for event in events if event["type"] == "node.started"]
    assert sorted(steps) == [("begin", 1), ("end", 3), ("score", 2), ("score", 2)]
    assert [event["usage"]["model_calls"] for event in events if event["type"] == "outcome"] == [1, 1]
    places = {node["name"]: (node["x"], node["y"]) for node in events[0]["nodes"]}
    assert places["__start__"][0] < places["begin"][0] < places["score"][0] < places["end"][0] == 0.75


@pytest.mark.parametrize(
    ("item", "title"),
    [
        ({"type": "Bill", "title": "Two bills", "number": "INV-1"}, "Two bills"),
        ({"type": "Bill", "number": "INV-1", "why": "twice", "of": 3}, "INV-1, twice"),
        ({"type": "Bill"}, "Bill"),
        ({}, ""),
    ],
)
def test_the_title_of_a_task_tells_it_from_others(item: dict[str, Any], title: str) -> None:
    assert _told({"task_id": "t1", "worker": "Bill", "item": {"task_id": "t1", **item}})["title"] == title


@pytest.mark.parametrize("by_id", [True, False])
@pytest.mark.parametrize("answer", ["yes", {"ok": True, "note": "fine"}, ["a", "b"], False])
def test_an_answer_is_told_of_the_question_that_it_answers(tmp_path: Path, answer: Any, by_id: bool) -> None:
    made, config = graph(tmp_path, asks=True), {"configurable": {"thread_id": "t"}}
    model = ScriptedModel(reply=lambda _: {"score": 3})
    made.invoke(ITEMS, config, context={"model": model})
    [asked] = newest().waiting
    made.invoke(Command(resume={asked: answer} if by_id else answer), config, context={"model": model})
    run = newest()
    told = [(event["id"], event["answer"]) for event in events_of(run) if event["type"] == "question.answered"]
    assert (told, run.status, run.waiting) == ([(asked, answer)], "done", [])


def test_the_log_says_who_has_answered_and_what_wrote_it(tmp_path: Path) -> None:
    made, config = graph(tmp_path, asks=True), {"configurable": {"thread_id": "t"}}
    model = ScriptedModel(reply=lambda _: {"score": 3})
    made.invoke(ITEMS, config, context={"model": model})
    sue = {"configurable": {"thread_id": "t", "langgraph_auth_user_id": "sue"}}
    made.invoke(Command(resume="yes"), sue, context={"model": model})
    first, *rest = events_of(newest())
    assert (first["fanloom"], first["schema_url"]) == (version("fanloom"), SCHEMA_URL)
    told = {event["type"]: event["by"] for event in rest if "by" in event}
    assert told == {"run.resumed": "sue", "question.answered": "sue"}


def test_nothing_is_kept_without_a_thread_nor_where_it_is_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = ScriptedModel(reply=lambda _: {"score": 3})
    graph(tmp_path).invoke(ITEMS, context={"model": model})
    monkeypatch.setenv("FANLOOM_RUN_LOG", "off")
    graph(tmp_path, asks=True).invoke(ITEMS, {"configurable": {"thread_id": "t"}}, context={"model": model})
    assert not (tmp_path / ".fanloom").exists()


@pytest.mark.parametrize("kept", ["off", "all"])
def test_who_listens_is_told_at_once_and_keeps_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: str
) -> None:
    monkeypatch.setenv("FANLOOM_RUN_LOG", kept)
    heard: list[str] = []
    model = ScriptedModel(reply=lambda _: {"score": 3})
    with told_apart(Apart(listen=lambda entry: heard.append(entry.type))):
        graph(tmp_path).invoke(ITEMS, context={"model": model, "max_concurrency": 1})
    assert (heard[0], heard[-1]) == ("run.started", "run.ended")
    assert {"wait.started", "wait.ended"} <= {*heard}
    run_logs().writer.flush()
    assert (tmp_path / ".fanloom").exists() == (kept == "all")


def test_a_graph_in_a_graph_is_a_part_of_its_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANLOOM_RUN_LOG", "facts")
    inner = graph(tmp_path)
    model = ScriptedModel(reply=lambda _: {"score": 3})

    async def call(state: State) -> dict[str, Any]:
        await inner.ainvoke(ITEMS, context={"model": model})
        return {}

    outer = StateGraph(State)
    outer.add_node("call", call)
    outer.add_edge(START, "call")
    outer.add_edge("call", END)
    outer.compile(name="outer").invoke({})
    written()
    assert [run.graph for run in run_logs().store.runs()] == ["outer"]
    events = events_of(newest())
    nodes = {event["id"]: event for event in events if event["type"] == "node.started"}
    (caller,) = [key for key, event in nodes.items() if event["node"] == "call"]
    assert {event.get("parent") for event in nodes.values() if event["node"] in ("begin", "score", "end")} == {caller}
    assert not any({"prompt", "answer", "input"} & event.keys() for event in events)


@pytest.mark.parametrize("hidden", ["", "pii", "inputs", "outputs", "all"])
def test_no_secret_and_nothing_hidden_reaches_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hidden: str
) -> None:
    monkeypatch.setenv("FANLOOM_RUN_LOG", "all")
    monkeypatch.setenv("FANLOOM_TRACE_REDACT", hidden)
    said = f"{CANARY} anna@example.com"
    items = {"items": [{"task_id": "t1", "name": f"given {said}"}, {"task_id": "t2", "name": "x"}]}
    replies = iter([f"made {said}", ValueError(f"{CANARY} in an error")])
    graph(tmp_path).invoke(items, context={"model": ScriptedModel(reply=lambda _: next(replies)), "max_attempts": 1})
    run = newest()
    kept = json.dumps([*events_of(run), *run_logs().store.contents(run.run).values(), run.as_data()])
    assert CANARY not in kept
    assert ("anna@example.com" in kept) == (hidden == "")
    assert ("given" in json.dumps([*run_logs().store.contents(run.run).values()])) == (hidden in ("", "pii", "outputs"))
    stored = (tmp_path / ".fanloom/runs.db").read_bytes()
    assert CANARY.encode() not in stored
    assert oct((tmp_path / ".fanloom/runs.db").stat().st_mode)[-3:] == "600"


def test_a_run_that_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANLOOM_RUN_LOG", "facts")
    model = ScriptedModel(reply=lambda _: Throttled("busy"))
    with pytest.raises(Exception, match="quota"):
        graph(tmp_path).invoke(ITEMS, context={"model": model, "on_failure": "fail_fast", "max_attempts": 1})
    assert newest().status == "failed"
    assert "ModelUnavailable" in newest().error


class Collector:
    """An OpenTelemetry collector on loopback."""

    def __init__(self, status: int) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.path == "/v1/traces" and self.headers["content-type"] == "application/x-protobuf":
                    collector.requests.append(ExportTraceServiceRequest.FromString(body))
                self.send_response(status)
                self.end_headers()

            def log_message(self, *args: Any) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def collector(request: pytest.FixtureRequest) -> Iterator[Collector]:
    made = Collector(getattr(request, "param", 200))
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_a_collector_gets_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, collector: Collector) -> None:
    monkeypatch.setenv("FANLOOM_OTLP_ENDPOINT", collector.url)
    graph(tmp_path).invoke(ITEMS, context={"model": ScriptedModel(reply=lambda _: {"score": 1})})
    finish_sending()
    (request,) = collector.requests
    names = [span.name for span in request.resource_spans[0].scope_spans[0].spans]
    assert names.count("chat score") == 2
    assert "invoke_workflow scoring" in names


@pytest.mark.parametrize("collector", [503], indirect=True)
def test_a_collector_that_takes_nothing_harms_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("FANLOOM_OTLP_ENDPOINT", collector.url)
    told = graph(tmp_path).invoke(ITEMS, context={"model": ScriptedModel(reply=lambda _: {"score": 1})})
    finish_sending()
    assert told["told"] == "all"
    assert "could not be sent to FANLOOM_OTLP_ENDPOINT" in caplog.text
    monkeypatch.setenv("FANLOOM_OTLP_ENDPOINT", "nonsense")
    with pytest.raises(InvalidSettings, match="address of a collector"):
        graph(tmp_path).invoke(ITEMS, context={"model": "offline"})


@pytest.mark.parametrize(
    ("given", "kept"),
    [("30d,2GB", (30, 2 * 10**9)), ("7d", (7, None)), ("500MB", (None, 500 * 10**6)), ("forever", (None, None))],
)
def test_how_long_logs_are_kept(given: str, kept: tuple[float | None, int | None]) -> None:
    assert kept_for(given) == kept
    with pytest.raises(InvalidSettings, match="FANLOOM_RUN_LOG_KEEP"):
        kept_for("a while")


def test_a_killed_run_leaves_a_log_that_reads_on(tmp_path: Path) -> None:
    (tmp_path / "ask.md").write_text("Ask $n")
    (tmp_path / "victim.py").write_text(
        "import time\n"
        "from fanloom import LLMStep, Prompt, RunState, StateGraph, new_run\n"
        "step = LLMStep('ask', Prompt('ask.md'), str, understudy=lambda n: n)\n"
        "async def work(state):\n"
        "    for n in range(10**9):\n"
        "        await step.run(None, n=str(n))\n"
        "        if n == 20: open('begun', 'w').close()\n"
        "        time.sleep(0.001)\n"
        "b = StateGraph(RunState)\n"
        "b.add_node('work', work); b.set_entry_point('work'); b.set_finish_point('work')\n"
        "b.compile(name='victim').invoke({})\n"
    )
    env = {**os.environ, "FANLOOM_RUN_LOG": "all", "FANLOOM_MODEL": "offline"}
    process = subprocess.Popen([sys.executable, "victim.py"], cwd=tmp_path, env=env)
    deadline = time.monotonic() + 60
    while not ((tmp_path / "begun").exists() and (tmp_path / ".fanloom/runs.db").exists() and run_logs().store.runs()):
        assert time.monotonic() < deadline
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    run = run_logs().store.runs()[0]
    events = list(run_logs().store.events(run.run))
    assert run.status == "running"
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[0]["type"] == "run.started"


def test_the_command_line_lists_shows_exports_and_deletes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANLOOM_RUN_LOG", "all")
    graph(tmp_path).invoke(ITEMS, context={"model": ScriptedModel(reply=lambda _: {"score": 1})})
    run = newest().run

    def fanloom(*args: str) -> str:
        result = CliRunner().invoke(cli, ["runs", *args])
        assert result.exit_code == 0, result.output
        return result.stdout

    assert run[:8] in fanloom()
    assert json.loads(fanloom("--json"))[0]["run"] == run
    story = fanloom("show", run[:10], "--contents")
    assert "t1: done" in story
    assert "| Score <item>a</item>" in story
    for form in ("fanrun", "perfetto", "otlp", "csv"):
        fanloom("export", run, "--as", form, "-o", str(tmp_path / f"out.{form}"))
    assert fanloom("show", str(tmp_path / "out.fanrun")) == fanloom("show", run)
    assert (tmp_path / "out.csv").read_text().splitlines()[1].startswith("t1,score,")
    fanloom("delete", run)
    missing = CliRunner().invoke(cli, ["runs", "show", run])
    assert (missing.exit_code, "is written down" in missing.stderr) == (2, True)


def documented() -> dict[str, set[str]]:
    """Return the fields of each event that docs/run_log.md names."""
    text = (Path(__file__).parents[2] / "docs" / "run_log.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z_.]+)` \| (.*) \|$", text.partition("## What is written down")[2], re.M)
    outcome = {*Outcome.__annotations__} - {"result"}
    # Words after a colon are values.
    return {
        kind: set(re.findall(r"`([\w.]+)`", re.sub(r": (`\w+`(, )?)+", "", told)))
        | (outcome if kind == "outcome" else set())
        for kind, told in rows
    }


# What only a real provider, a full queue, a schema of the question or a graph in a graph gives.
COUNTED = {"gen_ai.usage.cache_read.input_tokens", "cost_usd"}
ELSEWHERE = {
    "attempt.ended": {"http.response.status_code", "hint_s", "data", *COUNTED},
    "question.asked": {"response_schema"},
    "run.paused": {"usage"},
    "run.ended": {"usage"},
    "call.started": {"prompt_version"},
    "node.started": {"parent"},
}


async def test_the_log_has_what_its_documentation_names_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FANLOOM_RUN_LOG", "all")
    made, config = graph(tmp_path, asks=True), {"configurable": {"thread_id": "t"}}
    replies = iter([Throttled("busy"), "prose"])
    context: dict[str, Any] = {
        "model": ScriptedModel(reply=lambda _: next(replies, {"score": 3})),
        "fallback_model": ScriptedModel(reply=lambda _: {"score": 4}),
        "max_concurrency": 1,
    }
    sue = {"configurable": {"thread_id": "t", "langgraph_auth_user_id": "sue"}, "metadata": {"owner": "anna"}}
    await made.ainvoke(ITEMS, sue, context=context)
    await made.ainvoke(Command(resume="yes"), sue, context=context)
    await made.ainvoke(None, sue, context=context)
    plan = [state async for state in made.aget_state_history(config) if "score" in state.next][-1]
    await made.ainvoke(None, plan.config, context=context)
    await made.ainvoke(None, await made.aupdate_state(plan.config, {"items": ITEMS["items"]}), context=context)
    failing = {"model": ScriptedModel(reply=lambda _: Throttled("busy")), "max_attempts": 1}
    await graph(tmp_path).ainvoke(ITEMS, context=failing)
    with pytest.raises(Exception, match="quota"):
        await graph(tmp_path).ainvoke(ITEMS, context={**failing, "on_failure": "fail_fast"})
    await what_no_graph_here_does(tmp_path)
    written()
    seen: dict[str, set[str]] = {}
    for run in run_logs().store.runs():
        for event in run_logs().store.events(run.run):
            seen.setdefault(event["type"], set()).update(event.keys() - {"v", "seq", "t", "mono", "type"})
    named = documented()
    assert {
        kind: fields - named.get(kind, set()) for kind, fields in seen.items() if fields - named.get(kind, set())
    } == {}
    left = {kind: fields - seen.get(kind, set()) - ELSEWHERE.get(kind, set()) for kind, fields in named.items()}
    assert {kind: fields for kind, fields in left.items() if fields} == {"log.gap": {"dropped"}}


async def what_no_graph_here_does(folder: Path) -> None:
    """Let be written down what takes a database, a provider that is down, or a plan that changes as it is written."""
    metadata = MetaData()
    database = Database(f"sqlite+aiosqlite:///{folder}/effects.db", metadata, effects=effects_table(metadata))
    breaker = Breaker()

    async def mail(session: Any) -> str:
        return "sent"

    recorder = RunRecorder("made", run_logs("all").writer.put)
    recorder.add("run.started", run="made")
    with recording(recorder), part("node", node="n", task="t1"), part("call", step="s"):
        with part("wait", reason="needs", on="t2"):
            cool_down_noted("made", 0.1)
        breaker.spent(1)
        breaker_noted("made", breaker, False)
        breaker.succeeded()
        breaker_noted("made", breaker, True)
        record("call.cached", model="made")
        record("call.salvaged", call="c1")
        record("task.refused", task_id="t", worker="w")
        for _ in range(2):
            await database.once("key", lambda session: mail(session))
        with pytest.raises(ValueError, match="broken"), part("wait", reason="back_off", seconds=0.1):
            raise ValueError("broken")
    await database.close()
    written()
    effects = [event for event in run_logs().store.events("made") if event["type"] == "effect"]
    told = [(event["task"], event["name"], event["once"]) for event in effects]
    assert told == [("t1", "what_no_graph_here_does", once) for once in ("new", "found")]
