"""Threads from the command line: what is kept, how it is listed, and how it goes on after a crash or a question."""

from __future__ import annotations

import json
import os
import pty
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from fanloom.cli import cli
from fanloom.cli.options.schema_words import describe, problem
from fanloom.cli.showing.questions import ask
from tests.unit.test_cli_process import environment, in_terminal

FLOW = '''
"""Greet everybody."""

import asyncio
from pathlib import Path
from typing import Annotated, Any, Literal

from langgraph.graph import START, StateGraph as Plain
from langgraph.types import Send, interrupt
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from fanloom import Context, LLMStep, Prompt, RunState, StateGraph, add_fan_out, new_run
from fanloom.errors import ModelUnavailable

HERE = Path(__file__).parent
GREET = LLMStep("greet", Prompt(HERE / "greet.md"), str, understudy=lambda name: f"Hello {name}!")


class In(TypedDict):
    names: list[str]


class Out(RunState):
    model: str


class State(In, Out):
    pass


async def begin(state: In) -> dict[str, Any]:
    return new_run()


async def greet(task, runtime) -> str:
    name = task["item"]
    greeting = await GREET.run(runtime, name=name)
    with (HERE / "calls").open("a") as calls:
        calls.write(f"{name}\\n")
    if name == "bob" and (HERE / "broken").exists():
        await until_ann_is_done()
        raise ValueError("bob is not at home")
    if (HERE / "down").exists() and name in (HERE / "down").read_text():
        raise ModelUnavailable("the provider is down")
    if name == "carol" and (HERE / "pipe").exists():
        await asyncio.to_thread((HERE / "pipe").read_text)
    return greeting


async def until_ann_is_done():
    async with asyncio.timeout(20):
        while "ann" not in (HERE / "calls").read_text():
            await asyncio.sleep(0.001)
    # The rounds of the loop in which her node ends.
    for _ in range(200):
        await asyncio.sleep(0)


async def finish(state: State, runtime) -> dict[str, Any]:
    return {"model": str(Context.of(runtime.context).model)}


flow = StateGraph(State, context_schema=Context, input_schema=In, output_schema=Out)
flow.add_node("begin", begin)
flow.add_node("finish", finish)
flow.add_edge(START, "begin")
add_fan_out(flow, "begin", over="names", worker="greet", action=greet, join="finish")


class Approval(BaseModel):
    decision: Literal["approve", "decline"] = Field(description="May it happen?")
    sure: bool = False
    times: int | None = Field(None, ge=1)
    reason: str = Field("", max_length=20)


def ask(x: int) -> dict[str, Any]:
    for _ in range(2):
        answer = interrupt({"question": f"May {x} happen?"}, response_schema=Approval.model_json_schema())
        if answer["reason" if answer.get("times") else "decision"] != "again":
            return {"answers": [answer]}
    return {"answers": []}


def raise_(error):
    raise error


def added(old, new):
    return [*(old or []), *new]


class Papers(TypedDict):
    n: int
    answers: Annotated[list[Any], added]


asking = Plain(Papers)
asking.add_node("plan", lambda state: {})
asking.add_node("ask", ask)
asking.add_edge(START, "plan")
asking.add_conditional_edges("plan", lambda state: [Send("ask", x) for x in range(state["n"])], ["ask"])
nested = Plain(Papers)
inner = Plain(Papers)
inner.add_node("plan", lambda state: {"answers": ["gone on"]})
inner.add_edge(START, "plan")
nested.add_node("inner", inner.compile(checkpointer=False))
nested.add_edge(START, "inner")
locked = Plain(Papers)
locked.add_node("lock", lambda state: {"answers": [asyncio.Lock()]})
locked.add_edge(START, "lock")
leaving = Plain(Papers)
leaving.add_node("leave", lambda state: raise_(SystemExit(0)))
leaving.add_edge(START, "leave")
stopping = Plain(Papers)
stopping.add_node("plan", lambda state: {"answers": ["gone on"]})
stopping.add_edge(START, "plan")
stopping = stopping.compile(interrupt_before=["plan"])
'''
GRAPHS = ("flow", "asking", "stopping", "locked", "nested", "leaving")
NAMES = ("--names", "ann", "--names", "bob", "--names", "carol")
FAIL = ("--set", "on_failure=fail_fast")
Run = Callable[..., Result]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project in the current folder; what running it leaves in this process is taken back."""
    kept = dict(os.environ)
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "greet.md").write_text("Greet <name>$name</name>.\n")
    (tmp_path / "flow.py").write_text(FLOW)
    graphs = {name: f"./flow.py:{name}" for name in GRAPHS}
    (tmp_path / "langgraph.json").write_text(json.dumps({"dependencies": ["."], "graphs": graphs}))
    yield tmp_path
    sys.modules.pop("flow", None)
    os.environ.clear()
    os.environ.update(kept)


@pytest.fixture(params=["sqlite", "postgresql"])
def kept(project: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project, with its threads in a file or on a server."""
    if request.param == "postgresql":
        monkeypatch.setenv("FANLOOM_CHECKPOINT_URL", request.getfixturevalue("postgres_url"))
    return project


@pytest.fixture
def run() -> Run:
    def invoke(*args: str, **options: Any) -> Result:
        return CliRunner().invoke(cli, args, **options)

    return invoke


def calls(project: Path) -> Counter[str]:
    return Counter((project / "calls").read_text().split())


def listed(run: Run, *args: str) -> dict[str, Any]:
    return {row["thread"]: row for row in json.loads(run("threads", "--json", *args).stdout)}


# A run that fails


def test_a_run_that_failed_goes_on_where_it_was(kept: Path, run: Run) -> None:
    (kept / "broken").touch()
    failed = run("run", "flow", *NAMES, "--thread", "t", *FAIL, "--json")
    assert failed.exit_code == 1
    assert failed.stderr.endswith("What is finished is kept. Go on with: fanloom resume t\n")
    row = listed(run)["t"]
    assert (row["graph"], row["state"], row["error"]) == ("flow", "failed", "ValueError: bob is not at home")
    before = calls(kept)
    (kept / "broken").unlink()
    resumed = run("resume", "t", "--model", "offline", "--json")
    after = calls(kept)
    assert resumed.exit_code == 0, resumed.stderr
    output = json.loads(resumed.stdout)
    assert [outcome["result"] for outcome in output["outcomes"]] == ["Hello ann!", "Hello bob!", "Hello carol!"]
    # What the failed worker had used was paid for too; what the others had used is counted once.
    assert output["usage"]["model_calls"] == 4
    assert (before["ann"], before["bob"], after["ann"], after["bob"]) == (1, 1, 1, 2)
    assert output["model"] == "offline"
    assert listed(run)["t"]["state"] == "done"
    again = run("resume", "t", "--json")
    assert (again.exit_code, json.loads(again.stdout)) == (0, output)
    assert calls(kept) == after


def test_what_failed_runs_again_when_the_provider_is_back(kept: Path, run: Run) -> None:
    (kept / "down").write_text("bob carol")
    assert run("run", "flow", *NAMES, "--thread", "t", "--json").exit_code == 3
    assert [one["status"] for one in json.loads(run("resume", "t", "--json").stdout)["outcomes"]][1:] == ["failed"] * 2
    (kept / "down").unlink()
    one = run("resume", "t", "--task", "names-3", "--json")
    assert [each["status"] for each in json.loads(one.stdout)["outcomes"]] == ["done", "failed", "done"]
    rest = run("resume", "t", "--failed", "--json")
    output = json.loads(rest.stdout)
    assert (rest.exit_code, [each["result"] for each in output["outcomes"]]) == (
        0,
        ["Hello ann!", "Hello bob!", "Hello carol!"],
    )
    assert calls(kept) == {"ann": 1, "bob": 2, "carol": 2}
    assert output["usage"]["model_calls"] == 5
    again = run("resume", "t", "--failed", "--json")
    assert (json.loads(again.stdout), "Nothing is left undone" in again.stderr) == (output, True)
    refused = run("resume", "t", "--task", "names-9")
    assert (refused.exit_code, "no task 'names-9' is left undone; all are done" in refused.stderr) == (2, True)


@pytest.mark.parametrize("graph", ["asking", "flow"], ids=["of LangGraph", "of ours"])
def test_a_thread_whose_graph_has_lost_a_node_is_not_done(project: Path, run: Run, graph: str) -> None:
    (project / "broken").touch()
    given = NAMES if graph == "flow" else ("--n", "2", "--answers", "x")
    started = run("run", graph, *given, "--thread", "t", *(FAIL if graph == "flow" else ()))
    assert started.exit_code == (1 if graph == "flow" else 3), started.stderr
    (project / "broken").unlink()
    old, new = ("greet", "salute") if graph == "flow" else ("ask", "inquire")
    renamed = FLOW.replace('worker="greet"', 'worker="salute"').replace('Send("ask"', 'Send("inquire"')
    renamed = renamed.replace('add_node("ask"', 'add_node("inquire"').replace('["ask"]', '["inquire"]')
    (project / "flow.py").write_text(renamed)
    sys.modules.pop("flow", None)
    row = listed(run)["t"]
    assert (row["state"], row["error"]) == ("failed", f"its graph no longer has '{old}'")
    refused = run("resume", "t")
    assert refused.exit_code == 2
    assert f"fanloom resume t --rename {old}=NEW" in refused.stderr
    assert run("resume", "t", "--rename", old).exit_code == 2
    resumed = run("resume", "t", "--rename", f"{old}={new}", "--json")
    if graph == "flow":
        assert resumed.exit_code == 0, resumed.stderr
        # Carol's may have been done before the run was ended.
        assert [each["worker"] for each in json.loads(resumed.stdout)["outcomes"]][:2] == ["greet", "salute"]
        assert calls(project)["ann"] == 1
    else:
        assert resumed.exit_code == 3
        assert len(listed(run)["t"]["waiting"]) == 2


NESTED = """
from langgraph.graph import START
from langgraph.types import interrupt
from typing_extensions import TypedDict

from fanloom import StateGraph


class Told(TypedDict, total=False):
    told: str


inner = StateGraph(Told)
inner.add_node("approve", lambda state: {"told": interrupt("May it happen?")})
inner.add_edge(START, "approve")
inside = inner.compile(name="inside")
flow = StateGraph(Told)
flow.add_node("call", lambda state: {"told": inside.invoke({"told": ""})["told"]})
flow.add_edge(START, "call")
asking = nested = stopping = locked = leaving = flow
"""


def test_a_node_that_was_renamed_in_a_graph_that_a_function_calls_goes_on(project: Path, run: Run) -> None:
    (project / "flow.py").write_text(NESTED)
    sys.modules.pop("flow", None)
    started = run("run", "flow", "--told", "x", "--thread", "t")
    assert started.exit_code == 3, started.stderr
    # Of another length: bytecode of the same second and size would count as this file's.
    (project / "flow.py").write_text(NESTED.replace('"approve"', '"agree"'))
    sys.modules.pop("flow", None)
    refused = run("resume", "t", "--answer", '"yes"')
    assert refused.exit_code == 2
    assert "'approve' in 'call', a graph that no longer has it" in refused.stderr
    assert "fanloom resume t --rename approve=NEW" in refused.stderr
    assert run("resume", "t", "--rename", "approve=agree").exit_code == 3
    resumed = run("resume", "t", "--answer", '"yes"', "--json")
    assert (resumed.exit_code, json.loads(resumed.stdout)["told"]) == (0, "yes"), resumed.stderr


def test_the_context_is_kept_and_may_be_changed(project: Path, run: Run) -> None:
    (project / "broken").touch()
    assert (
        run("run", "flow", *NAMES, "--thread", "t", *FAIL, "--set", "max_tasks=2", "--model", "offline").exit_code == 1
    )
    (project / "broken").unlink()
    output = json.loads(run("resume", "t", "--set", "planner_model=offline", "--json").stdout)
    assert [outcome["status"] for outcome in output["outcomes"]] == ["done", "done", "skipped"]
    assert output["model"] == "offline"
    refused = run("resume", "t", "--set", "max_taks=2")
    assert (refused.exit_code, "Did you mean 'max_tasks'?" in refused.stderr) == (2, True)


def test_a_finished_thread_with_tasks_that_were_not_done_says_so_again(project: Path, run: Run) -> None:
    first = run("run", "flow", *NAMES, "--thread", "t", "--set", "max_tasks=2")
    again = run("resume", "t")
    assert (first.exit_code, again.exit_code) == (3, 3)
    assert first.stdout == again.stdout
    assert "1 task was not done." in again.stderr


def test_a_finished_thread_takes_a_new_run(project: Path, run: Run) -> None:
    for names in (["ann"], ["bob"]):
        done = run("run", "flow", "--names", *names, "--thread", "t", "--json")
        assert [outcome["result"] for outcome in json.loads(done.stdout)["outcomes"]] == [f"Hello {names[0]}!"]
    assert list(listed(run)) == ["t"]


def test_without_a_thread_nothing_is_written(project: Path, run: Run) -> None:
    assert run("run", "flow", *NAMES).exit_code == 0
    waiting = run("run", "asking", "--n", "1")
    assert waiting.exit_code == 3
    assert "start it with --thread NAME to be able to answer" in waiting.stderr
    assert not (project / ".fanloom").exists()


def test_a_run_killed_between_two_steps_is_not_taken_for_done(project: Path, run: Run) -> None:
    run("run", "flow", *NAMES, "--thread", "t")
    newest = "SELECT max(checkpoint_id) FROM checkpoints"
    with closing(sqlite3.connect(project / ".fanloom" / "checkpoints.db")) as file, file:
        file.execute(f"DELETE FROM checkpoints WHERE checkpoint_id = ({newest})")
    assert listed(run)["t"]["state"] == "interrupted"
    before = calls(project)
    assert run("resume", "t").exit_code == 0
    assert listed(run)["t"]["state"] == "done"
    assert calls(project) == before


def test_a_graph_inside_that_keeps_nothing_runs_in_a_thread(project: Path, run: Run) -> None:
    assert json.loads(run("run", "nested", "--n", "1", "--thread", "t", "--json").stdout)["answers"] == ["gone on"]


# What is refused


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["run", "asking", "--n", "1", "--thread", "t"], "thread 't' belongs to graph 'flow'; take another name."),
        (
            ["run", "flow", *NAMES, "--thread", "t"],
            "thread 't' is not finished (failed): go on with `fanloom resume t`",
        ),
        (["run", "flow", *NAMES, "--thread", ""], "'' is no name for a thread"),
        (["run", "flow", *NAMES, "--thread", "a\x1bb"], "is no name for a thread"),
        (["run", "flow", *NAMES, "--thread", "x" * 201], "give 1 to 200 printable characters"),
        (["resume", "tt"], "there is no thread 'tt'. Did you mean 't'?"),
        (["resume", "nothing"], "there is no thread 'nothing'. `fanloom threads` lists those there are."),
        (["resume", " "], "is no name for a thread"),
        (["resume", "t", "--answer", "1"], "thread 't' is failed and waits for no answer"),
        (["resume", "t", "--answer", "{"], "is not valid JSON: Expecting property name enclosed in double quotes at "),
        (["resume", "t", "--answer", "yes"], """A text goes in double quotes: --answer '"yes"'"""),
        (["threads", "--limit", "0"], "not in the range"),
    ],
)
def test_what_is_refused(project: Path, run: Run, args: list[str], said: str) -> None:
    (project / "broken").touch()
    run("run", "flow", *NAMES, "--thread", "t", *FAIL)
    before = calls(project)
    result = run(*args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert calls(project) == before


def test_a_state_that_cannot_be_stored_is_named_with_the_cure(project: Path, run: Run) -> None:
    assert run("run", "locked", "--n", "1", "--json").exit_code == 0
    result = run("run", "locked", "--n", "1", "--thread", "t")
    assert result.exit_code == 1
    assert "A thread stores plain data only" in result.stderr


def test_a_secret_is_not_kept(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "geheim-und-lang")
    result = run("run", "flow", *NAMES, "--thread", "t", "--set", "model=geheim-und-lang")
    assert (result.exit_code, "holds a secret" in result.stderr) == (2, True)
    assert not (project / ".fanloom").exists()


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [
        ("mysql://me:geheim@db/x", 2, "a checkpoint URL is sqlite:///FILE"),
        ("sqlite:///langgraph.json/x.db", 2, "set FANLOOM_CHECKPOINT_URL to a file that can be written"),
        ("postgresql://me:geheim@127.0.0.1:1/x", 1, "(127.0.0.1:1/x) cannot be used"),
        ("postgresql://127.0.0.1:1/x?user=me&password=geheim", 1, "(127.0.0.1:1/x) cannot be used"),
        ("postgresql://me:geheim/pw@127.0.0.1:1/x", 2, "percent-encoded"),
        ("postgresql://me:a@geheim/pw@127.0.0.1:1/x", 2, "percent-encoded"),
        ("postgresql://me:geheim?a b#@127.0.0.1:1/x", 2, "percent-encoded"),
    ],
)
@pytest.mark.parametrize("args", [["threads"], ["resume", "t"], ["run", "flow", *NAMES, "--thread", "t"]])
def test_a_checkpointer_that_cannot_be_used(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch, args: list[str], url: str, code: int, said: str
) -> None:
    monkeypatch.setenv("FANLOOM_CHECKPOINT_URL", url)
    result = run(*args)
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr
    assert "geheim" not in result.stderr
    assert not (project / "calls").exists()


# Listing


def test_threads_are_listed_newest_first(kept: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    # Several pages.
    monkeypatch.setattr("fanloom.cli.here.thread_store._PAGE", 1)
    assert "No threads yet" in run("threads").stderr
    run("run", "flow", *NAMES, "--thread", "old")
    run("run", "asking", "--n", "2", "--thread", "waits")
    run("run", "stopping", "--n", "1", "--thread", "stops")
    run("run", "flow", *NAMES, "--thread", "old")
    lines = run("threads").stdout.splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["THREAD", "GRAPH", "STATE"],
        ["old", "flow", "done"],
        ["stops", "stopping", "interrupted"],
        ["waits", "asking", "waiting"],
    ]
    assert lines[3].endswith("May 0 happen? (and 1 more)")
    few = run("threads", "--limit", "1")
    assert few.stdout.count("\n") == 2
    assert "These are the newest 1; see more with --limit." in few.stderr
    assert list(listed(run, "--limit", "2")) == ["old", "stops"]
    waiting = listed(run)["waits"]["waiting"]
    assert [question["value"]["question"] for question in waiting] == ["May 0 happen?", "May 1 happen?"]


def test_threads_of_graphs_that_are_gone_or_of_others_are_listed_too(project: Path, run: Run) -> None:
    from langgraph.checkpoint.base import empty_checkpoint

    from fanloom import open_checkpointer

    run("run", "flow", *NAMES, "--thread", "t")
    with open_checkpointer() as saver:
        saver.put(
            {"configurable": {"thread_id": "x\x1b[31m", "checkpoint_ns": ""}},
            empty_checkpoint(),
            {"source": "input"},
            {},
        )
        nested: Any = {"configurable": {"thread_id": "y", "checkpoint_ns": "inner:1"}}
        saver.put(nested, empty_checkpoint(), {"source": "input"}, {})
    (project / "langgraph.json").write_text('{"graphs": {"asking": "./flow.py:asking"}}')
    rows = listed(run)
    assert [row["state"] for row in rows.values()] == ["unknown", "unknown"]
    assert rows["t"]["error"] == "its graph 'flow' is not in langgraph.json."
    assert rows["x\x1b[31m"]["error"] == "it was not started with `fanloom run`, so its graph is not known."
    assert "\x1b" not in run("threads").stdout
    gone = run("resume", "t")
    assert (gone.exit_code, "thread 't' cannot go on: its graph 'flow' is not in langgraph.json." in gone.stderr) == (
        2,
        True,
    )


# Waiting for a person

APPROVE = {"decision": "approve"}
SHORT = (
    '{"decision": "approve" | "decline", "sure": true or false (optional), "times": a whole number (optional), '
    '"reason": text (optional)}'
)


def ids(run: Run) -> list[str]:
    return [question["id"] for question in listed(run)["t"]["waiting"]]


def test_a_question_is_shown_with_how_to_answer(kept: Path, run: Run) -> None:
    for args in (["run", "asking", "--n", "2", "--thread", "t"], ["resume", "t"]):
        result = run(*args)
        assert result.exit_code == 3
        assert f"waiting for a person (1 of 2, id {ids(run)[0]}):\n" in result.stderr
        assert "May 1 happen?" in result.stderr
        assert f"Expected answer: {SHORT}\n" in result.stderr
        assert result.stderr.endswith("Answer with: fanloom resume t --answer JSON\n")
    waiting = json.loads(run("resume", "t", "--json").stdout)["__interrupt__"]
    assert [question["id"] for question in waiting] == ids(run)


@pytest.mark.parametrize("form", ["value", "by id", "list", "file", "stdin"])
def test_an_answer_lets_the_run_go_on(project: Path, run: Run, form: str) -> None:
    run("run", "asking", "--n", "1", "--thread", "t")
    (project / "answer.json").write_text(json.dumps(APPROVE))
    answer = {"by id": json.dumps({ids(run)[0]: APPROVE}), "file": "@answer.json", "stdin": "-"}.get(form)
    result = run("resume", "t", "--answer", answer or json.dumps(APPROVE), "--json", input=json.dumps(APPROVE))
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["answers"] == [APPROVE]
    assert listed(run)["t"]["state"] == "done"


def test_several_answers_in_a_list(kept: Path, run: Run) -> None:
    run("run", "asking", "--n", "2", "--thread", "t")
    answers = [APPROVE, {"decision": "decline", "reason": "no"}]
    result = run("resume", "t", "--answer", json.dumps(answers), "--json")
    assert (result.exit_code, json.loads(result.stdout)["answers"]) == (0, answers)


def test_after_some_answers_the_rest_still_waits(kept: Path, run: Run) -> None:
    run("run", "asking", "--n", "3", "--thread", "t")
    first, *rest = ids(run)
    result = run("resume", "t", "--answer", json.dumps({first: APPROVE}))
    assert result.exit_code == 3
    assert "(2 of 2, id" in result.stderr
    assert ids(run) == rest
    result = run("resume", "t", "--answer", json.dumps([APPROVE, APPROVE]), "--json")
    assert (result.exit_code, json.loads(result.stdout)["answers"]) == (0, [APPROVE] * 3)


@pytest.mark.parametrize(
    ("n", "answer", "said"),
    [
        (1, "true", f"the answer must be an object, not true. Expected is {SHORT}."),
        (1, '{"sure": true}', "the answer lacks 'decision'"),
        (1, '{"decision": "maybe"}', '\'decision\' must be "approve" or "decline", not "maybe"'),
        (1, '{"decision": "approve", "times": 0}', "'times' is none"),
        (1, '{"decision": "approve", "reason": "aaaaaaaaaaaaaaaaaaaaaaaaa"}', "'reason' is longer than 20"),
        (2, "{}", "2 questions wait: give a JSON object with the answers by id ("),
        (2, "[1]", "or a list of 2 in this order"),
        (2, '[{"decision": "approve"}, 7]', "the answer must be an object, not 7"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(project: Path, run: Run, n: int, answer: str, said: str) -> None:
    run("run", "asking", "--n", str(n), "--thread", "t")
    before = listed(run)
    result = run("resume", "t", "--answer", answer)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said.replace("'times' is none", "'times' is less than 1") in result.stderr
    assert listed(run) == before


@pytest.mark.parametrize("graph", ["asking", "stopping"])
def test_what_waits_shows_the_same_when_it_is_asked_again(project: Path, run: Run, graph: str) -> None:
    first = run("run", graph, "--n", "1", "--thread", "t", "--json")
    stopped = json.loads(first.stdout)
    assert stopped["answers"] == []
    if graph == "asking":
        assert stopped == json.loads(run("resume", "t", "--json").stdout)


def test_an_exit_in_a_node_is_a_failure(project: Path, run: Run) -> None:
    left = run("run", "leaving", "--n", "1")
    assert (left.exit_code, left.stdout, left.stderr) == (1, "", "Error: SystemExit: 0\n")


def test_a_name_that_begins_as_an_option_does_can_be_typed(project: Path, run: Run) -> None:
    asked = run("run", "asking", "--n", "1", "--thread=-t")
    assert asked.stderr.endswith("Answer with: fanloom resume --answer JSON -- -t\n")
    answered = run("resume", "--answer", json.dumps(APPROVE), "--", "-t")
    assert answered.exit_code == 0, answered.stderr


def test_a_graph_that_stops_on_purpose_goes_on(project: Path, run: Run) -> None:
    stopped = run("run", "stopping", "--n", "1", "--thread", "t")
    assert (stopped.exit_code, "Go on with: fanloom resume t" in stopped.stderr) == (3, True)
    assert json.loads(run("resume", "t", "--json").stdout)["answers"] == ["gone on"]


def test_a_graph_that_stops_on_purpose_is_not_done_without_a_thread_either(project: Path, run: Run) -> None:
    stopped = run("run", "stopping", "--n", "1")
    assert stopped.exit_code == 3
    assert "stops here on purpose\nto go on from here, run it with --thread NAME" in stopped.stderr


def test_a_thread_is_shown_and_deleted(project: Path, run: Run) -> None:
    run("run", "asking", "--n", "1", "--thread", "t")
    run("run", "asking", "--n", "1", "--thread", "u")
    shown = json.loads(run("threads", "show", "t", "--json").stdout)
    assert (shown["thread"], shown["state"]) == ("t", "waiting")
    assert "waiting for a person" in run("threads", "show", "t").stdout
    asked = run("threads", "delete", "t")
    assert (asked.exit_code, "Give --yes to be asked nothing" in asked.stderr) == (2, True)
    assert set(listed(run)) == {"t", "u"}
    assert run("threads", "delete", "t", "--yes").exit_code == 0
    assert set(listed(run)) == {"u"}
    missing = run("threads", "show", "t")
    assert (missing.exit_code, "there is no thread 't'" in missing.stderr) == (2, True)


# Schemas of answers


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        (None, [None, 1, {"a": 1}], []),
        ({"type": "boolean"}, [True], [1, "true", None]),
        ({"type": "integer", "minimum": 1, "exclusiveMaximum": 3}, [1, 2], [0, 3, 1.5, True]),
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 1}, [0.5, 1], [0, 1.1, "1"]),
        ({"type": "string", "minLength": 2, "maxLength": 3}, ["ab"], ["a", "abcd", 5]),
        (
            {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 2},
            [["a"]],
            [[], ["a", 1], ["a"] * 3],
        ),
        ({"enum": [1, "a"]}, [1, "a"], [True, "b", 2]),
        ({"const": "x"}, ["x"], ["y"]),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, ["a", 1], [None, 1.5]),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, ["a", None], [1]),
        ({"type": ["string", "null"]}, ["a", None], [1]),
        (
            {
                "$defs": {
                    "Inner": {"type": "object", "properties": {"a": {"$ref": "#/$defs/Inner"}}, "required": ["b"]}
                },
                "$ref": "#/$defs/Inner",
            },
            [{"b": 1}, {"b": 1, "a": {"b": 2}}],
            [{}, {"b": 1, "a": {}}, []],
        ),
        ({"type": "object", "properties": {"a": {}}, "additionalProperties": False}, [{}, {"a": 1}], [{"b": 1}]),
    ],
)
def test_values_and_their_schema(schema: Any, good: list[Any], bad: list[Any]) -> None:
    assert [problem(value, schema) for value in good] == [""] * len(good)
    assert all(problem(value, schema) for value in bad)
    assert describe(schema)


# As a process


def start(project: Path, *args: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "fanloom", *args]
    return subprocess.Popen(command, cwd=project, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def stored(file: Path) -> int:
    """Return how many workers' results are in the file."""
    if not file.exists():
        return 0
    with closing(sqlite3.connect(file, timeout=20)) as connection:
        try:
            # To `outcomes` the planning node writes too.
            found = connection.execute("SELECT count(*) FROM writes WHERE channel = 'branch:to:finish'").fetchone()
        except sqlite3.OperationalError:
            # No table yet.
            return 0
        return int(found[0])


@contextmanager
def in_mid_fan_out(project: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start a run, and wait until two of its workers are done and the third has begun, which waits for us."""
    os.mkfifo(project / "pipe")
    writer = os.open(project / "pipe", os.O_RDWR)
    process = start(project, "run", "flow", *NAMES, "--thread", "t")
    deadline = time.monotonic() + 60
    noted = project / "calls"
    # The third notes its call on its own time: killed before it, it would be called only once in all.
    while stored(project / ".fanloom" / "checkpoints.db") < 2 or "carol" not in noted.read_text():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    yield process
    os.close(writer)
    (project / "pipe").unlink()


def check_goes_on(project: Path, run: Run, *, model_calls: int) -> None:
    assert listed(run)["t"]["state"] == "interrupted"
    code, written = in_terminal("resume", "t", cwd=project)
    assert code == 0, written
    # What had finished before is counted as done, not as running or stopped.
    assert "greet 3/3 done" in written
    assert "stopped" not in written
    output = json.loads(run("resume", "t", "--json").stdout)
    assert [outcome["status"] for outcome in output["outcomes"]] == ["done"] * 3
    assert output["usage"]["model_calls"] == model_calls
    assert calls(project) == {"ann": 1, "bob": 1, "carol": 2}


def test_a_killed_run_goes_on_and_finished_workers_do_not_run_again(project: Path, run: Run) -> None:
    with in_mid_fan_out(project) as process:
        process.kill()
        process.communicate(timeout=60)
    # What the third had used died with its process.
    check_goes_on(project, run, model_calls=3)


@pytest.mark.slow
def test_ctrl_c_leaves_a_thread_that_goes_on(project: Path, run: Run) -> None:
    with in_mid_fan_out(project) as process:
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=60)
    hint = b"What is finished is kept. Go on with: fanloom resume t\n"
    assert (process.returncode, out, error) == (130, b"", hint + b"Stopped.\n")
    # It was paid for, though nothing came of it.
    check_goes_on(project, run, model_calls=4)


def in_conversation(project: Path, turns: list[tuple[str, str]], *args: str) -> tuple[int, str]:
    """Run in a pseudo-terminal, and type each reply once its prompt is there; return the exit code and the screen."""
    parent, child = pty.openpty()
    command = [sys.executable, "-m", "fanloom", *args]
    process = subprocess.Popen(command, cwd=project, env=environment(), stdin=child, stdout=child, stderr=child)
    os.close(child)
    written, seen = "", 0
    with suppress(OSError):  # Linux ends a terminal whose writers have left with EIO.
        while part := os.read(parent, 65536):
            written += part.decode()
            while turns and turns[0][0] in written[seen:]:
                prompt, reply = turns.pop(0)
                seen = written.index(prompt, seen) + len(prompt)
                os.write(parent, reply.encode())
    os.close(parent)
    assert not turns, written
    return process.wait(timeout=60), written


def test_a_question_is_asked_on_a_terminal(project: Path, run: Run) -> None:
    run("run", "asking", "--n", "1", "--thread", "t")
    turns = [
        ("Decision (May it happen?) (approve, decline): ", "maybe\n"),
        ("(approve, decline): ", "decline\n"),
        ("Sure [y/N]: ", "y\n"),
        ("Times [optional]: ", "0\n"),
        ("Reason [optional]: ", "\n"),
        ("'times' is less than 1. Expected is", ""),
        ("(approve, decline): ", "approve\n"),
        ("Sure [y/N]: ", "\n"),
        ("Times [optional]: ", "2\n"),
        ("Reason [optional]: ", "again\n"),
        # The node asks once more.
        ("(approve, decline): ", "decline\n"),
        ("Sure [y/N]: ", "\n"),
        ("Times [optional]: ", "\n"),
        ("Reason [optional]: ", "too dear\n"),
    ]
    code, written = in_conversation(project, turns, "resume", "t")
    assert code == 0
    assert written.count("May 0 happen?") == 2
    answers = json.loads(run("resume", "t", "--json").stdout)["answers"]
    assert answers == [{"decision": "decline", "sure": False, "reason": "too dear"}]


@pytest.mark.parametrize(
    ("schema", "typed", "answer"),
    [
        (None, "yes\n", "yes"),
        (None, '{"a": [1]}\n', {"a": [1]}),
        (None, "[" * 9_000 + "\n", "[" * 9_000),
        ({"type": "integer"}, "many\n7\n", 7),
        ({"type": "boolean"}, "y\n", True),
        ({"enum": ["1", 1]}, "2\n1\n", 1),
        ({"type": "string", "minLength": 2}, "a\n12\n", "12"),
        ({"type": "object", "properties": {"n": {"type": "array"}}}, "[1]\n", {"n": [1]}),
        ({"type": "object", "properties": {"ok": {"type": "boolean", "default": True}}}, "\n", {"ok": True}),
    ],
)
def test_what_is_typed_becomes_an_answer(monkeypatch: pytest.MonkeyPatch, schema: Any, typed: str, answer: Any) -> None:
    question = {"id": "q", "value": "What?", "response_schema": schema}
    given: list[Any] = []
    command = click.Command("ask", callback=lambda: given.append(ask([question])))
    asked = CliRunner().invoke(command, input=typed)
    assert asked.exit_code == 0, asked.output
    assert given == [{"q": answer}]
    assert asked.stdout == ""


def test_answers_that_never_fit_are_given_up(project: Path) -> None:
    question = {"id": "q", "value": "What?", "response_schema": {"type": "integer"}}
    asked = CliRunner().invoke(click.Command("ask", callback=lambda: ask([question])), input="x\n" * 5)
    assert "no answer that can be used was given" in str(asked.exception)
    assert asked.stderr.count("the answer must be a whole number") == 5


@pytest.mark.slow
def test_giving_up_on_a_terminal_leaves_the_thread_waiting(project: Path, run: Run) -> None:
    run("run", "asking", "--n", "1", "--thread", "t")
    code, written = in_conversation(project, [("(approve, decline): ", "\x04")], "resume", "t")
    assert code == 3
    assert "Answer with: fanloom resume t --answer JSON" in written
    assert listed(run)["t"]["state"] == "waiting"
